"""`selfinstruct decide`: takes decisions from JSON Lines, or suggests them to a person."""

import asyncio
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from selfinstruct.core.errors import SettingsError, why
from selfinstruct.core.headless.decision_lines import DecisionLine, LineError, read_line
from selfinstruct.core.setting_names import as_flags
from selfinstruct.db.errors import WorkspaceError
from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.commands.exit_codes import Exit, stop, told
from selfinstruct.tui.commands.open_engine import open_engine
from selfinstruct.tui.commands.open_workspace import DbOption, open_workspace, sentences
from selfinstruct.tui.commands.person import PersonOption
from selfinstruct.tui.commands.results import JsonOption, json_line, results, write
from selfinstruct.tui.commands.task_documents import reason_documents
from selfinstruct.tui.text.safe_text import safe_line

if TYPE_CHECKING:
    from selfinstruct.core.headless.deciding import Outcome

    CarryOut = Callable[[DecisionLine], Outcome]

_STANDARD_INPUT = Path("-")


def decide(
    file: Annotated[
        Path, typer.Argument(metavar="[FILE]", help="JSON Lines; - is standard input.", show_default=False)
    ] = _STANDARD_INPUT,
    db: DbOption = Path("selfinstruct.db"),
    person: PersonOption = None,
    propose: Annotated[
        bool,
        typer.Option(
            "--propose",
            help="Decide on nothing: store each accept, reject or edit as a suggestion, which a person sees"
            " in the curator and finds with suggested:yes. Needs --as.",
        ),
    ] = False,
    despite: Annotated[
        bool, typer.Option("--despite", help="Accept despite the filters, on every line.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Decide on tasks and instances, one JSON object a line, by the same rules as the curator.

    Each line is decided as it comes, and is one step for undo. Its result goes to standard output, in the
    same order. A line that is refused, or is no decision, changes nothing and does not stop the others.
    """
    if propose and person is None:
        stop(SettingsError("--propose needs --as NAME: a suggestion says who it is from."))
    if propose and despite:
        stop(
            SettingsError("--propose decides on nothing, so --despite has no effect. Leave one of them out.")
        )
    with (
        sentences(db),
        _lines_of(file) as lines,
        open_workspace(db) as workspace,
        results(on_closed=Exit.FAILED),
    ):
        workspace.decisions.person = person
        carrying_out = (
            _suggesting(workspace, person) if person and propose else _deciding(workspace, despite=despite)
        )
        with carrying_out as carry_out:
            counts = _carry_out(lines, carry_out, suggested=propose, as_json=as_json)
    told_counts = ", ".join(f"{number:,} {result}" for result, number in counts.items())
    typer.echo(f"{told_counts or 'No decision'}.", err=True)
    raise typer.Exit(Exit.REFUSED if counts["refused"] or counts["invalid"] else Exit.DONE)


def _carry_out(
    lines: Iterable[bytes], carry_out: "CarryOut", *, suggested: bool, as_json: bool
) -> "Counter[str]":
    """Carry out each line and write its result; returns the number of lines by result."""
    counts: Counter[str] = Counter()
    for number, text in enumerate(lines, start=1):
        if not text.strip():
            continue
        try:
            document = _result(number, text, carry_out, suggested=suggested)
        except WorkspaceError:
            typer.echo(f"Stopped at line {number:,}; the lines above it are done.", err=True)
            raise
        counts[document["result"]] += 1
        write([json_line(document) if as_json else _result_line(document)])
    return counts


def _result(number: int, text: bytes, carry_out: "CarryOut", *, suggested: bool) -> dict[str, Any]:
    document: dict[str, Any] = {"line": number, "id": None, "decision": None}
    try:
        line = read_line(text.decode("utf-8-sig"), suggested=suggested)
    except (LineError, UnicodeDecodeError) as error:
        what = told(error) if isinstance(error, LineError) else f"{why(error)}."
        sentence = f"Line {number}: {what}"
        typer.echo(sentence, err=True)
        return document | {"result": "invalid", "sentence": sentence, "reasons": []}
    document |= {"id": line.id, "decision": line.decision}
    if line.instance is not None:
        document["instance"] = line.instance
    outcome = carry_out(line)
    return document | {
        "result": outcome.result,
        "sentence": as_flags(outcome.sentence),
        "reasons": reason_documents(outcome.reasons),
    }


def _result_line(document: dict[str, Any]) -> str:
    subject = f"line {document['line']}" if document["id"] is None else f"{document['id']:>7}"
    return safe_line(
        f"{document['result']:9}  {subject}  {document['decision'] or '-':7}  {document['sentence']}"
    )


@contextmanager
def _lines_of(file: Path) -> "Iterator[IO[bytes]]":
    if file == _STANDARD_INPUT:
        if sys.stdin.isatty():
            typer.echo("Reading decisions from the terminal, a JSON object a line; Ctrl+D ends.", err=True)
        yield sys.stdin.buffer
        return
    try:
        opened = file.open("rb")
    except OSError as error:
        stop(
            SettingsError(f"{file} cannot be read: {why(error)}. Give another file, or - for standard input.")
        )
    with opened:
        yield opened


@contextmanager
def _deciding(workspace: Workspace, *, despite: bool) -> "Iterator[CarryOut]":
    from selfinstruct.core.headless import deciding  # noqa: PLC0415 - imports the engine

    engine = open_engine(workspace)
    try:
        engine.enter()
        yield lambda line: deciding.decide(engine, line, despite=despite)
    finally:
        asyncio.run(engine.close())


@contextmanager
def _suggesting(workspace: Workspace, person: str) -> "Iterator[CarryOut]":
    from selfinstruct.core.engine import utc_now  # noqa: PLC0415 - imports the engine
    from selfinstruct.core.headless.suggesting import suggest  # noqa: PLC0415 - as above

    yield lambda line: suggest(workspace, line, person=person, at=utc_now())
