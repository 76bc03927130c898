"""Snapshots of the pool are replaced as a whole, and any change of one shows in its digest."""

from dataclasses import fields, replace

import pytest

from selfinstruct.db.records import StoredIndex
from selfinstruct.db.tables.pool_snapshots import digest_of
from selfinstruct.db.workspace import Workspace

IMAGE = StoredIndex("pool", "1", 2, 3, "a b", b"\0\1", b"\2", b"\3\4", "")


def test_writing_replaces_all_that_was_there(workspace: Workspace) -> None:
    other = replace(IMAGE, name="waiting")
    workspace.similarity.write([IMAGE, other])
    assert workspace.similarity.read() == {"pool": IMAGE, "waiting": other}
    workspace.similarity.write([other])
    assert workspace.similarity.read() == {"waiting": other}


@pytest.mark.parametrize("column", [field.name for field in fields(StoredIndex) if field.name != "sha256"])
def test_a_changed_column_changes_the_digest(column: str) -> None:
    value = getattr(IMAGE, column)
    changed = replace(IMAGE, **{column: value + (b"x" if isinstance(value, bytes) else type(value)(1))})
    assert digest_of(changed) != digest_of(IMAGE)


def test_the_digest_is_of_all_but_itself_and_of_where_each_column_ends() -> None:
    assert digest_of(replace(IMAGE, sha256="f")) == digest_of(IMAGE)
    moved = replace(IMAGE, ids=b"\0", lengths=b"\1\2")
    assert digest_of(moved) != digest_of(IMAGE)
    assert len(digest_of(IMAGE)) == 64
