"""`selfinstruct import`: rows of data files become tasks and instances of a workspace."""

import asyncio
import shlex
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from selfinstruct.core.errors import ImportDataError
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.sqlite.connection import is_new
from selfinstruct.db.sqlite.lock_wait import PAUSE_S
from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.commands.exit_codes import Exit
from selfinstruct.tui.commands.open_workspace import DbOption, open_workspace, sentences
from selfinstruct.tui.commands.progress_bar import ProgressBar
from selfinstruct.tui.commands.setting_options import setting_option
from selfinstruct.tui.commands.start_settings import start_settings
from selfinstruct.tui.text.import_text import first_rows, import_summary
from selfinstruct.tui.text.safe_text import many, safe_line

if TYPE_CHECKING:
    from selfinstruct.core.dataset_files.data_file import DataFile
    from selfinstruct.core.engine import Engine
    from selfinstruct.core.importing.job import ImportOptions, ImportResult

Entry = Literal["undecided", "accepted", "seed"]

_QUIET_S = 1.0
"""Seconds of waiting for another program that are not worth a sentence."""


def import_data(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Data files, each of any known shape.")
    ],
    db: DbOption = Path("selfinstruct.db"),
    entry: Annotated[
        Entry,
        typer.Option(
            "--as",
            help="`undecided`: candidates, which a person decides on. `accepted`: what the filters pass is"
            " accepted, as one step that an undo takes back. `seed`: seed tasks.",
        ),
    ] = "undecided",
    no_judge: Annotated[
        bool, typer.Option("--no-judge", help="Take in every row, whatever the filters object to.")
    ] = False,
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="FIELD=NAME",
            help="The name that a field has in the file: instruction=question. Fields: instruction, input,"
            " output, system, thoughts. A dot leads into objects: output=answer.text. Repeatable.",
            show_default="as recognized",
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Show the first three rows as they would be read, and import nothing."
        ),
    ] = False,
    language: Annotated[
        str | None,
        setting_option("language", metavar="CODE"),
    ] = None,
    seeds: Annotated[
        Path | None,
        setting_option("seeds", metavar="FILE"),
    ] = None,
) -> None:
    """Import rows of data files as tasks, with the same filters as for candidates.

    A file's shape is recognized. Rows with the same instruction become one task; a row that was imported
    before adds nothing, so an interrupted import is continued by the same command. Rows that cannot be
    imported go to FILE.rejected.jsonl, with the reasons.
    """
    with sentences(db):
        from selfinstruct.core.dataset_files.data_file import open_data  # noqa: PLC0415 - not for `--help`
        from selfinstruct.core.importing.job import ImportOptions  # noqa: PLC0415 - imports the engine

        found = open_data(files, mapping=_parsed(mapping or ()))
        for data in found:
            typer.echo(safe_line(f"{data.name}: {data.recognized.sentence}"))
        if dry_run:
            for data in found:
                for line in first_rows(data):
                    typer.echo(line)
            typer.echo("Nothing was imported.")
            return
        flags = {"language": language, "seeds": seeds}
        resolve(flags, folder=Path.cwd())  # errors in the flags are reported before any file is touched
        if is_new(db):
            # A refused start must leave no file behind.
            with Workspace.rehearsal(db) as workspace:
                _engine(workspace, flags)
        with open_workspace(db, create=True) as workspace:
            options = ImportOptions(entry, is_judged=not no_judge)
            whole = asyncio.run(_import(_engine(workspace, flags), found, options))
    if entry == "undecided":
        typer.echo(f"Decide on them with: selfinstruct-tui --db {safe_line(shlex.quote(str(db)))}")
    if not whole:
        raise typer.Exit(Exit.FAILED)


def _parsed(mapping: Sequence[str]) -> dict[str, str]:
    """Parse the values of --map.

    Raises:
        ImportDataError: One is not of the form FIELD=NAME, or a field is given twice.
    """
    parsed: dict[str, str] = {}
    for one in mapping:
        field, equals, name = one.partition("=")
        if not (field and equals and name):
            raise ImportDataError(f"--map {one} is not of the form FIELD=NAME, as in instruction=question.")
        if field in parsed:
            raise ImportDataError(f"--map gives {field} twice. Leave one of them out.")
        parsed[field] = name
    return parsed


def _engine(workspace: Workspace, flags: Mapping[str, Any]) -> "Engine":
    from selfinstruct.core.engine import Engine  # noqa: PLC0415 - not for `--help`

    # Atomic, so that settings stored by another program meanwhile, such as a cost limit, are not reverted.
    with workspace.transaction():
        return Engine(workspace, start_settings(workspace, flags))


async def _import(engine: "Engine", files: "Sequence[DataFile]", options: "ImportOptions") -> bool:
    """Import the files one after the other; returns whether each gave a row, or had given it before."""
    whole = True
    async with engine:
        engine.enter()
        for data in files:
            result = _import_one(engine, data, options)
            for line in import_summary(result, options):
                typer.echo(line)
            whole = whole and result.tally.rows > result.tally.bad
    return whole


def _import_one(engine: "Engine", data: "DataFile", options: "ImportOptions") -> "ImportResult":
    from selfinstruct.core.importing.job import Imported, importing  # noqa: PLC0415 - not for `--help`
    from selfinstruct.core.util.time_slices import WAITING  # noqa: PLC0415 - as above

    tally, view, begun = Imported(), ProgressBar(data.size), time.monotonic()
    waiting_since: float | None = None
    work = importing(engine, data, options, tally=tally)
    with view.shown():
        while True:
            try:
                done = next(work)
            except StopIteration as end:
                result: ImportResult = end.value
                return result
            if done != WAITING:
                waiting_since = None
                pace = tally.rows / max(time.monotonic() - begun, 1e-3)
                told = f"{many(tally.rows, 'row')}, {tally.tasks:,} tasks, {pace:,.0f} rows/s"
                view.update(data.position, told)
                continue
            if waiting_since is None:
                waiting_since = time.monotonic()
            elif 0 < waiting_since <= time.monotonic() - _QUIET_S:
                view.note("Another program is writing to the workspace; the import waits.")
                waiting_since = 0
            time.sleep(PAUSE_S)
