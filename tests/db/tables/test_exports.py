"""Every export is remembered with its rows, in the order of the file."""

import pytest

from selfinstruct.db.errors import DamagedError
from selfinstruct.db.records import ExportedRow
from selfinstruct.db.workspace import Workspace

ROWS = [ExportedRow(3, b"abcdefgh"), ExportedRow(1, b"\x00" * 8), ExportedRow(2**40, b"12345678")]


def export(workspace: Workspace, rows: list[ExportedRow], path: str = "a.jsonl") -> int:
    return workspace.exports.add(
        path,
        format_name="messages",
        options={"rng_seed": 0},
        rows=rows,
        sha256="f00",
        at="now",
        person="anna",
    )


def test_rows_come_back_in_the_order_of_the_file(workspace: Workspace) -> None:
    first = export(workspace, ROWS)
    second = export(workspace, [], "b.jsonl")
    assert workspace.exports.rows_of(first) == ROWS
    assert workspace.exports.rows_of(second) == []
    assert [(one.id, one.path, one.rows) for one in workspace.exports.all()] == [
        (first, "a.jsonl", 3),
        (second, "b.jsonl", 0),
    ]
    stored = workspace.exports.get(first)
    assert (stored.format, stored.options, stored.person, stored.sha256, stored.at) == (
        "messages",
        {"rng_seed": 0},
        "anna",
        "f00",
        "now",
    )


def test_of_a_longer_hash_the_beginning_is_kept(workspace: Workspace) -> None:
    export_id = export(workspace, [ExportedRow(1, b"abcdefgh and more")])
    assert workspace.exports.rows_of(export_id) == [ExportedRow(1, b"abcdefgh")]


def test_there_is_no_export_with_another_number(workspace: Workspace) -> None:
    with pytest.raises(KeyError):
        workspace.exports.get(1)


@pytest.mark.parametrize("column", ["instance_ids", "digests"])
def test_rows_that_cannot_be_read_are_damage(workspace: Workspace, column: str) -> None:
    export_id = export(workspace, ROWS)
    workspace._db.execute(f"UPDATE exports SET {column} = x'0102'")
    with pytest.raises(DamagedError, match=f"export {export_id} cannot be read"):
        workspace.exports.rows_of(export_id)
