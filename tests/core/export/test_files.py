"""Training files: what is in them, and how they come to be where they are."""

import csv
import json
import os
import stat
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from selfinstruct.core.errors import ExportError
from selfinstruct.core.export.exported import Exported
from selfinstruct.core.export.files import write_export
from selfinstruct.core.export.format_kinds import JsonFormat
from selfinstruct.core.export.options import ExportOptions
from selfinstruct.core.export.registry import FORMATS
from selfinstruct.db.records import NewInstance, Origin, Standing
from selfinstruct.db.sqlite.backup import back_up
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


def fill(workspace: Workspace, rows: Sequence[tuple[str, str, str]], *, origin: Origin = "model") -> None:
    """Accepted tasks with an instance each."""
    with workspace.transaction():
        for number, (instruction, given, output) in enumerate(rows, start=workspace.decisions.next_step()):
            task_id = workspace.tasks.add(instruction, origin=origin, at="now", label="generation")
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
    return write_export(workspace, path, ExportOptions("csv", guard_formulas=guard), force=force, at="now")


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
    assert exported.tally.formulas == FORMULAS


def test_guarded_csv_has_an_apostrophe_before_formulas_and_nowhere_else(
    workspace: Workspace, tmp_path: Path
) -> None:
    fill(workspace, ODD)
    assert export(workspace, tmp_path / "t.csv", guard=True).tally.formulas == FORMULAS
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


@pytest.mark.parametrize("there", [True, False], ids=["to a file", "to nothing"])
def test_a_symbolic_link_is_followed_with_force_only_and_kept(
    workspace: Workspace, tmp_path: Path, there: bool
) -> None:
    fill(workspace, ODD)
    (tmp_path / "data").mkdir()
    target, link = tmp_path / "data" / "t.csv", tmp_path / "link.csv"
    if there:
        target.write_text("before")
    link.symlink_to(target)
    with pytest.raises(ExportError, match="already exists"):
        export(workspace, link)
    assert target.exists() == there
    assert not there or target.read_text() == "before"
    export(workspace, link, force=True)
    assert link.is_symlink()
    assert target.read_text().startswith('"instruction"')
    assert list((tmp_path / "data").iterdir()) == [target]


@pytest.mark.parametrize("force", [False, True])
def test_what_is_no_regular_file_is_refused(workspace: Workspace, tmp_path: Path, force: bool) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "to the pipe").symlink_to(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with (tmp_path / "a file").open("w") as file:
        devices = ["/dev/null", "/dev/stdout", f"/dev/fd/{file.fileno()}", f"/proc/self/fd/{file.fileno()}"]
        for path in (*(tmp_path / name for name in ("pipe", "to the pipe", "loop")), *map(Path, devices)):
            with pytest.raises(ExportError, match="is not an ordinary file"):
                export(workspace, path, force=force)
    assert (tmp_path / "a file").read_text() == ""


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
    assert set(tmp_path.iterdir()) - before == {tmp_path / "t.csv", tmp_path / "t.csv.card.md"}


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
    with pytest.raises(ExportError, match="already exists"):
        export(workspace, path)
    assert path.read_text() == "precious"
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".")] == []


def test_a_file_is_never_replaced_by_an_empty_one(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("precious")
    with pytest.raises(ExportError, match=r"There are no rows to export yet; .*t\.csv was left unchanged"):
        export(workspace, path, force=True)
    assert path.read_text() == "precious"
    path.write_text("")
    assert export(workspace, path, force=True).rows == 0


@pytest.mark.parametrize("force", [False, True])
def test_an_export_that_fails_leaves_nothing_and_takes_nothing_away(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, force: bool
) -> None:
    fill(workspace, ODD)
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


BESIDE = ["-journal", "-wal", "-shm", ".run-7", ".before-repair", ".before-repair-2", ".before-repair-wal"]


@pytest.mark.parametrize("ending", ["", *BESIDE, ".schema-5", ".schema-5-2"])
@pytest.mark.parametrize("base", ["w.db", "other.db"])
def test_what_belongs_to_a_workspace_is_never_replaced(
    workspace: Workspace, tmp_path: Path, base: str, ending: str
) -> None:
    Workspace.open(tmp_path / "other.db", create=True).close()
    path = tmp_path / f"{base}{ending}"
    if not path.exists():
        path.write_text("precious")
    before = path.read_bytes()
    with pytest.raises(ExportError, match="workspace"):
        export(workspace, path, force=True)
    assert path.read_bytes() == before
    (tmp_path / "link").symlink_to(path)
    with pytest.raises(ExportError, match="workspace"):
        export(workspace, tmp_path / "link", force=True)


def test_a_copy_of_a_workspace_under_any_name_is_never_replaced(workspace: Workspace, tmp_path: Path) -> None:
    back_up(workspace.path, tmp_path / "train.csv", force=False)
    before = (tmp_path / "train.csv").read_bytes()
    with pytest.raises(ExportError, match="is a workspace, or a copy of one"):
        export(workspace, tmp_path / "train.csv", force=True)
    assert (tmp_path / "train.csv").read_bytes() == before


def test_names_that_only_look_like_those_of_a_workspace_are_free(
    workspace: Workspace, tmp_path: Path
) -> None:
    fill(workspace, ODD)
    for name in ("nothing.db-wal", "w.db.run-7.csv", "w.db.csv", "my.before-repair", "-wal", ".schema-5"):
        (tmp_path / name).write_text("of no workspace")
        assert export(workspace, tmp_path / name, force=True).path.read_text().startswith('"instruction"')


@pytest.mark.parametrize(
    ("export_format", "name"), [("csv", "t.json"), ("csv", "T.JSONL"), ("alpaca", "t.csv"), ("gpt3", "t.tsv")]
)
def test_a_file_never_has_the_name_of_another_kind_of_format(
    workspace: Workspace, tmp_path: Path, export_format: str, name: str
) -> None:
    with pytest.raises(ExportError, match=f"{name} does not have the name of .* Choose a name"):
        write_export(workspace, tmp_path / name, ExportOptions(export_format), force=True, at="now")
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("setting", ["seeds", "prompts"])
def test_the_files_that_a_workspace_was_begun_with_are_not_replaced(
    workspace: Workspace, tmp_path: Path, setting: str
) -> None:
    own = tmp_path / "mine"
    own.write_text("precious")
    workspace.settings.write({setting: str(own)})
    with pytest.raises(ExportError, match="of this workspace"):
        export(workspace, own, force=True)
    assert own.read_text() == "precious"


def test_an_export_never_lets_go_of_the_locks_on_its_workspace(workspace: Workspace, tmp_path: Path) -> None:
    # Closing a file gives up the locks that its program has on it: so the header must not be read.
    twin = tmp_path / "twin.csv"
    twin.hardlink_to(workspace.path)
    opened: list[str] = []
    sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
    with pytest.raises(ExportError, match="the workspace itself"):
        export(workspace, twin, force=True)
    assert not {str(twin), str(workspace.path)} & set(opened)


def test_the_rows_of_seeds_and_of_a_persons_own_tasks_are_counted_apart(
    workspace: Workspace, tmp_path: Path
) -> None:
    fill(workspace, [("Name a fish.", "", "cod"), ("Name a bird.", "", "wren"), ("Name an elk.", "", "Bo")])
    seeds = [("Name a tree.", "", "oak"), ("Name a tree.", "", "ash"), ("Name a tree.", "", "oak")]
    fill(workspace, seeds, origin="seed")
    for include_seeds, counts in ((True, (5, 3, 2, 1)), (False, (3, 3, 0, 0))):
        path = tmp_path / f"{include_seeds}.jsonl"
        told = write_export(workspace, path, ExportOptions(include_seeds=include_seeds), at="now")
        tally = told.tally
        assert (told.rows, tally.of_model, tally.of_seeds, tally.duplicates) == counts
        assert path.read_text().count("\n") == told.rows


def test_a_row_that_a_seed_has_as_well_is_written_once_and_counted_once(
    workspace: Workspace, tmp_path: Path
) -> None:
    fill(workspace, [("Name a tree.", "", "oak")])
    fill(workspace, [("Name a tree.", "", "oak")], origin="seed")
    told = write_export(workspace, tmp_path / "t", ExportOptions("alpaca", include_seeds=True), at="now")
    tally = told.tally
    assert (told.rows, tally.of_model, tally.of_seeds, tally.duplicates) == (1, 0, 1, 1)


JSON_FORMATS = [one.name for one in FORMATS if isinstance(one, JsonFormat)]


@pytest.mark.parametrize("name", JSON_FORMATS)
def test_a_file_that_ends_in_json_is_one_array_in_every_json_format(
    workspace: Workspace, tmp_path: Path, name: str
) -> None:
    fill(workspace, ODD)
    for path in (tmp_path / "t.json", tmp_path / "T.JSON"):
        write_export(workspace, path, ExportOptions(name), at="now")
        assert len(json.loads(path.read_text(encoding="utf-8"))) == len(ODD)
    write_export(workspace, tmp_path / "t.jsonl", ExportOptions(name), at="now")
    # Not splitlines(): a text may hold other line separators.
    lines = (tmp_path / "t.jsonl").read_text(encoding="utf-8").removesuffix("\n").split("\n")
    assert [json.loads(line) for line in lines] == json.loads(
        (tmp_path / "t.json").read_text(encoding="utf-8")
    )


@pytest.mark.parametrize("name", JSON_FORMATS)
def test_an_export_without_a_row_is_still_json(workspace: Workspace, tmp_path: Path, name: str) -> None:
    for file, text in (("t.json", "[]\n"), ("t.jsonl", "")):
        write_export(workspace, tmp_path / file, ExportOptions(name), at="now")
        assert (tmp_path / file).read_text() == text


def test_a_format_that_there_is_not_is_refused_with_those_that_there_are(
    workspace: Workspace, tmp_path: Path
) -> None:
    with pytest.raises(ExportError, match="'yaml' is not an export format. Give one of messages, "):
        write_export(workspace, tmp_path / "t", ExportOptions("yaml"), at="now")
    assert not (tmp_path / "t").exists()


@pytest.mark.parametrize("letter", ["x", "語"])
def test_a_name_as_long_as_a_system_allows_is_written(
    workspace: Workspace, tmp_path: Path, letter: str
) -> None:
    path = tmp_path / f"{letter * (251 // len(letter.encode()))}.csv"
    export(workspace, path)
    assert path.exists()
