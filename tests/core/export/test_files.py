"""Training files: as CSV, and how they come to be where they are."""

import csv
import os
import stat
from collections.abc import Sequence
from pathlib import Path

import pytest

from selfinstruct.core.errors import ExportError
from selfinstruct.core.export.files import Exported, write_export
from selfinstruct.db.records import NewInstance, Standing
from selfinstruct.db.workspace import Workspace
from tests.hostile import TEXTS, hostile

ODD = [
    ('Say "this"', "a, b;c", "one\ntwo\r\nthree\rfour"),
    ("=HYPERLINK(1)", "+1", "-1"),
    ("@SUM(1)", "\t=1", "\r=1"),
    ("'=1", " =1", "NULL"),
    ("日本語", "", '"'),
    *((hostile(name), TEXTS[name], f"{text}\n") for name, text in TEXTS.items()),
]
FORMULAS = 6


def fill(workspace: Workspace, rows: Sequence[tuple[str, str, str]]) -> None:
    """Accepted tasks with an instance each."""
    with workspace.transaction():
        for number, (instruction, given, output) in enumerate(rows, start=1):
            task_id = workspace.tasks.add(instruction, origin="model", at="now", label="generation")
            workspace.decisions.add(
                task_id,
                "accept",
                step=number,
                who="human",
                at="now",
                before=Standing("pending", instruction, "generation"),
                after=Standing("accepted", instruction, "generation"),
            )
            made = [NewInstance(given, output)]
            workspace.instances.add(task_id, instruction, "generation", made, request_id=None)


def export(workspace: Workspace, path: Path, *, force: bool = False, guard: bool = False) -> Exported:
    return write_export(
        workspace, path, "csv", include_seeds=False, rng_seed=0, force=force, guard_formulas=guard
    )


def read(path: Path) -> list[tuple[str, ...]]:
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file, strict=True)
    assert header == ["instruction", "input", "output"]
    return [tuple(row) for row in rows]


def test_csv_gives_back_every_cell_as_it_was(workspace: Workspace, tmp_path: Path) -> None:
    fill(workspace, ODD)
    exported = export(workspace, tmp_path / "t.csv")
    assert sorted(read(tmp_path / "t.csv")) == sorted(ODD)
    assert exported.rows == len(ODD)
    assert exported.formulas == FORMULAS


def test_guarded_csv_has_an_apostrophe_before_formulas_and_nowhere_else(
    workspace: Workspace, tmp_path: Path
) -> None:
    fill(workspace, ODD)
    assert export(workspace, tmp_path / "t.csv", guard=True).formulas == FORMULAS
    cells = [cell for row in read(tmp_path / "t.csv") for cell in row]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)
    guarded = [cell[1:] for cell in cells if cell[:1] == "'" and cell[1:] in {c for row in ODD for c in row}]
    assert sorted(guarded) == sorted(["=HYPERLINK(1)", "+1", "-1", "@SUM(1)", "\t=1", "\r=1"])


def test_readers_that_end_rows_at_line_ends_outside_of_quotes_find_the_same_rows(
    workspace: Workspace, tmp_path: Path
) -> None:
    fill(workspace, ODD)
    export(workspace, tmp_path / "t.csv")
    outside = (tmp_path / "t.csv").read_text(encoding="utf-8").split('"')[::2]
    assert set("".join(outside)) <= {",", "\n"}


@pytest.mark.parametrize("umask", [0, 0o022, 0o777])
def test_an_export_and_a_workspace_are_their_owners_alone_whatever_the_umask(
    tmp_path: Path, umask: int
) -> None:
    before = os.umask(umask)
    try:
        with Workspace.open(tmp_path / "w.db", create=True) as workspace:
            workspace.start_run(at="now")
            with workspace.transaction():
                workspace.tasks.add("Name a river.", origin="model", at="now")
                made = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
            export(workspace, tmp_path / "t.csv")
            workspace.end_run(at="now")
    finally:
        os.umask(before)
    assert len(made) >= 2
    assert set(made.values()) == {0o600}
    assert stat.S_IMODE((tmp_path / "t.csv").stat().st_mode) == 0o600


@pytest.mark.parametrize("force", [False, True])
def test_a_symbolic_link_at_the_target_is_never_written_through(
    workspace: Workspace, tmp_path: Path, force: bool
) -> None:
    precious = tmp_path / "precious"
    precious.write_text("precious")
    for name, target in (("link.csv", precious), ("dangling.csv", tmp_path / "nothing")):
        link = tmp_path / name
        link.symlink_to(target)
        if force:
            export(workspace, link, force=True)
            assert not link.is_symlink()
        else:
            with pytest.raises(ExportError, match="is there already"):
                export(workspace, link)
            assert link.is_symlink()
    assert precious.read_text() == "precious"
    assert not (tmp_path / "nothing").exists()


def test_links_with_names_like_those_of_temporary_files_are_left_alone(
    workspace: Workspace, tmp_path: Path
) -> None:
    precious = tmp_path / "precious"
    precious.write_text("precious")
    for name in (".t.csv", ".t.csv.", ".t.csv.tmp", "t.csv.tmp", "t.csv.part", "t.csv~"):
        (tmp_path / name).symlink_to(precious)
    before = set(tmp_path.iterdir())
    export(workspace, tmp_path / "t.csv")
    assert precious.read_text() == "precious"
    assert set(tmp_path.iterdir()) - before == {tmp_path / "t.csv"}


@pytest.mark.parametrize("with_links", [True, False])
def test_a_file_that_somebody_makes_meanwhile_is_not_overwritten(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, with_links: bool
) -> None:
    path = tmp_path / "t.csv"
    synced = os.fsync

    def sync_and_make(descriptor: int) -> None:
        synced(descriptor)
        path.write_text("precious")

    def no_links(self: Path, target: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "fsync", sync_and_make)
    if not with_links:
        monkeypatch.setattr(Path, "hardlink_to", no_links)
    with pytest.raises(ExportError, match="is there already"):
        export(workspace, path)
    assert path.read_text() == "precious"
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".")] == []


@pytest.mark.parametrize("force", [False, True])
def test_an_export_that_fails_leaves_nothing_and_takes_nothing_away(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, force: bool
) -> None:
    path = tmp_path / "t.csv"
    if force:
        path.write_text("as before")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    def files() -> dict[Path, bytes]:
        there = (one for one in tmp_path.iterdir() if one.is_file() and not one.name.endswith("-shm"))
        return {one: one.read_bytes() for one in there}

    before = files()
    with pytest.raises(ExportError, match="No space left"):
        export(workspace, path, force=force)
    assert files() == before


@pytest.mark.parametrize("name", ["w.db", "w.db-journal", "w.db-wal", "w.db-shm", "w.db.run-7"])
def test_what_belongs_to_the_workspace_is_never_replaced(
    workspace: Workspace, tmp_path: Path, name: str
) -> None:
    with pytest.raises(ExportError, match="workspace"):
        export(workspace, tmp_path / name, force=True)


@pytest.mark.parametrize("letter", ["x", "語"])
def test_a_name_as_long_as_a_system_allows_is_written(
    workspace: Workspace, tmp_path: Path, letter: str
) -> None:
    path = tmp_path / f"{letter * (251 // len(letter.encode()))}.csv"
    export(workspace, path)
    assert path.exists()
