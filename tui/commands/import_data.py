"""`selfinstruct import`: rows of data files become tasks and instances of a workspace."""

import asyncio
import shlex
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from selfinstruct.core.errors import ImportDataError
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.records import PASS
from selfinstruct.db.sqlite.connection import is_new
from selfinstruct.db.sqlite.lock_wait import PAUSE_S
from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.commands.exit_codes import Exit
from selfinstruct.tui.commands.open_workspace import DbOption, open_workspace, sentences
from selfinstruct.tui.commands.progress_bar import ProgressBar
from selfinstruct.tui.commands.setting_options import setting_option
from selfinstruct.tui.commands.start_settings import start_settings
from selfinstruct.tui.text.safe_text import LABEL_WORDS, many, safe_line, verdict_word

if TYPE_CHECKING:
    from selfinstruct.core.dataset_files.data_file import DataFile
    from selfinstruct.core.dataset_files.row import BadRow, DataRow
    from selfinstruct.core.engine import Engine
    from selfinstruct.core.importing.job import Imported, ImportOptions
    from selfinstruct.core.importing.rejected import Rejected

Entry = Literal["undecided", "accepted", "seed"]

_SHOWN_ROWS = 3
"""Rows that a dry run shows."""
_WIDTH = 90
"""Characters of a text that are shown."""
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
                for line in _preview(data):
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
    from selfinstruct.core.importing.rejected import rejected_rows  # noqa: PLC0415 - not for `--help`

    whole = True
    async with engine:
        engine.enter()
        for data in files:
            with rejected_rows(data.path) as rejected:
                tally = _import_one(engine, data, options, rejected)
            for line in summary(data.name, tally, rejected, options):
                typer.echo(line)
            whole = whole and tally.rows > tally.bad
    return whole


def _import_one(
    engine: "Engine", data: "DataFile", options: "ImportOptions", rejected: "Rejected"
) -> "Imported":
    from selfinstruct.core.importing.job import Imported, importing  # noqa: PLC0415 - not for `--help`
    from selfinstruct.core.util.time_slices import WAITING  # noqa: PLC0415 - as above

    tally = Imported()
    view = ProgressBar(data.size)
    begun = time.monotonic()
    waiting_since: float | None = None
    with view.shown():
        for done in importing(engine, data, options, refuse=rejected.add, tally=tally):
            if done == WAITING:
                if waiting_since is None:
                    waiting_since = time.monotonic()
                elif 0 < waiting_since <= time.monotonic() - _QUIET_S:
                    view.note("Another program is writing to the workspace; the import waits.")
                    waiting_since = 0
                time.sleep(PAUSE_S)
                continue
            waiting_since = None
            pace = tally.rows / max(time.monotonic() - begun, 1e-3)
            view.update(
                data.position, f"{many(tally.rows, 'row')}, {tally.tasks:,} tasks, {pace:,.0f} rows/s"
            )
    return tally


def summary(name: str, tally: "Imported", rejected: "Rejected", options: "ImportOptions") -> list[str]:
    """Return what became of the rows of a file, as sentences, one per line."""
    lines = [
        safe_line(
            f"{name}: {many(tally.rows, 'row')} read, {many(tally.tasks, 'new task')},"
            f" {many(tally.instances, 'new instance')}."
        )
    ]
    if tally.tasks and options.is_judged:
        passed = tally.verdicts[PASS]
        objections = [
            f"{number:,} {verdict_word(code)}"
            for code, number in tally.verdicts.most_common()
            if code != PASS
        ]
        lines.append(f"Of the new tasks {passed:,} pass the filters{_listed(objections)}.")
    if options.entry == "accepted":
        lines.append(f"{many(tally.accepted, 'task')} accepted; the others wait for a person.")
    if tally.known:
        what = "1 row was" if tally.known == 1 else f"{tally.known:,} rows were"
        lines.append(
            f"{what} imported before, or {'is' if tally.known == 1 else 'are'} in the file twice:"
            f" {'it' if tally.known == 1 else 'they'} added nothing."
        )
    if tally.bad:
        told = "; ".join(f"line {one.line} {one.reason}" for one in rejected.first)
        more = f"; and {tally.bad - len(rejected.first):,} more" if tally.bad > len(rejected.first) else ""
        lines.append(safe_line(f"{many(tally.bad, 'row')} not imported ({told}{more}): see {rejected.path}."))
    return lines


def _listed(objections: Sequence[str]) -> str:
    return f"; filtered out: {', '.join(objections)}" if objections else ""


def _preview(data: "DataFile") -> Iterator[str]:
    """Yield the first rows of a file as they would be read."""
    for row in islice(data.rows(), _SHOWN_ROWS):
        yield ""
        yield f"line {row.line}"
        for name, text in _fields(row):
            yield f"  {name:12} {safe_line(text, _WIDTH)}"


def _fields(row: "DataRow | BadRow") -> Iterator[tuple[str, str]]:
    from selfinstruct.core.dataset_files.row import BadRow  # noqa: PLC0415 - as above

    if isinstance(row, BadRow):
        yield "not a row", row.reason
        return
    if row.conversation is not None and row.conversation.system:
        yield "system", row.conversation.system
    yield "instruction", row.instruction
    if row.input:
        yield "input", row.input
    for turn in row.conversation.turns if row.conversation is not None else ():
        yield turn.role, turn.content
    if row.thoughts:
        yield "thoughts", row.thoughts
    if row.output is not None:
        yield "output", row.output
    if row.label is not None:
        yield "label", LABEL_WORDS[row.label]
