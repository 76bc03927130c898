"""`selfinstruct exports` and `diff`: the files that were exported, and what distinguishes their rows."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from selfinstruct.core.errors import ExportError
from selfinstruct.db.records import Export
from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.commands.open_workspace import DbOption, look_into, sentences
from selfinstruct.tui.text.safe_text import many, safe_line

if TYPE_CHECKING:
    from selfinstruct.core.export.history import Difference, RowText
    from selfinstruct.db.records import ExportedRow

NOW = "now"
"""What names the rows that an export would have now."""

_WIDTH = 60
"""Characters of a text that are shown."""
_HASH_SHOWN = 12
"""Hexadecimal digits of a file's hash that are shown."""
_DEFAULTS: dict[str, Any] = {"include_seeds": False, "rng_seed": 0}

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object per line, for scripts.")]


def exports(db: DbOption = Path("selfinstruct.db"), as_json: JsonOption = False) -> None:
    """List the files that were exported: when, where to, how many rows, with which options and hash.

    The newest comes last. Its number is what `selfinstruct diff` takes.
    """
    with sentences(db), look_into(db) as workspace:
        known = workspace.exports.all()
    if as_json:
        for one in known:
            typer.echo(json.dumps(asdict(one)))
        return
    for one in known:
        typer.echo(_line(one))
    if not known:
        typer.echo("Nothing was exported yet.", err=True)


def _line(one: Export) -> str:
    given = " ".join(
        f"{name}={json.dumps(value, ensure_ascii=False)}"
        for name, value in one.options.items()
        if value is not None and value != _DEFAULTS.get(name, False)
    )
    who = f"by {one.person}" if one.person else ""
    when = one.at[:16].replace("T", " ")
    parts = (
        f"{one.id:>4}  {when}  {one.format:17} {many(one.rows, 'row'):>12}  {one.sha256[:_HASH_SHOWN]}",
        one.path,
        who,
        given,
    )
    return safe_line("  ".join(filter(None, parts)))


def diff(
    before: Annotated[
        str, typer.Argument(metavar="A", help="An export: its number in `exports`, or its path.")
    ],
    after: Annotated[
        str, typer.Argument(metavar="B", help=f"Another export; `{NOW}`: what A's command would write now.")
    ] = NOW,
    db: DbOption = Path("selfinstruct.db"),
    as_json: JsonOption = False,
) -> None:
    """Show which rows came, went and changed between two exports, or between one and now.

    Rows are compared by their instance and their texts, not by their order. A changed row is shown with the
    texts that it had in each.
    """
    from selfinstruct.core.export.history import difference  # noqa: PLC0415 - not for `--help`

    with sentences(db), look_into(db) as workspace:
        first = _find(workspace, before)
        if after == NOW:
            rows, others = _rows_of_all_parts(workspace, first), _rows_now(workspace, first)
        else:
            rows = workspace.exports.rows_of(first.id)
            others = workspace.exports.rows_of(_find(workspace, after).id)
        found = difference(workspace, rows, others)
    for line in _json_lines(found) if as_json else _lines(found):
        typer.echo(line)


def _find(workspace: Workspace, name: str) -> Export:
    """Find an export by its number, or the last one to a path.

    Raises:
        ExportError: There is none.
    """
    known = workspace.exports.all()
    to_path = [one for one in known if one.path == name or Path(one.path) == Path(name).absolute()]
    by_number = [one for one in known if name.isdecimal() and str(one.id) == name]
    if found := (by_number or to_path):
        return found[-1]
    if not known:
        raise ExportError(f"{workspace.path} has no export yet. Write one with: selfinstruct export")
    raise ExportError(
        f"There is no export '{name}'. Give a number from 1 to {known[-1].id} (selfinstruct exports lists"
        f" them), the path of an exported file, or '{NOW}' in place of the second one."
    )


def _rows_of_all_parts(workspace: Workspace, export: Export) -> "list[ExportedRow]":
    """Return the rows of all files that the same command wrote: a split puts them into two."""
    return [
        row
        for one in workspace.exports.all()
        if (one.at, one.options) == (export.at, export.options)
        for row in workspace.exports.rows_of(one.id)
    ]


def _rows_now(workspace: Workspace, export: Export) -> "list[ExportedRow]":
    from selfinstruct.core.export.encoded_rows import RowSource  # noqa: PLC0415 - as above
    from selfinstruct.core.export.exported import Tally  # noqa: PLC0415 - as above
    from selfinstruct.core.export.options import ExportOptions  # noqa: PLC0415 - as above
    from selfinstruct.core.export.plan import plan_of  # noqa: PLC0415 - as above
    from selfinstruct.db.records import ExportedRow  # noqa: PLC0415 - as above

    options = ExportOptions.repeated(export.options)
    source = RowSource(workspace, plan_of(options), options)
    return [
        ExportedRow(row.instance_id, digest)
        for row, digest in source.kept(Tally())
        if row.instance_id is not None
    ]


def _lines(found: "Difference") -> Iterator[str]:
    for sign, rows in (("+", found.came), ("-", found.went)):
        for row in rows:
            yield f"{sign} task {row.task_id}  {_quoted(_text(row))}"
    for one in found.changed:
        task_id = next((row.task_id for row in (one.after, one.before) if row is not None), None)
        yield f"~ task {task_id}"
        yield f"    before  {_quoted(_text(one.before))}"
        yield f"    after   {_quoted(_text(one.after))}"
    yield (
        f"{len(found.came):,} came, {len(found.went):,} went, {len(found.changed):,} changed,"
        f" {found.same:,} the same."
    )


def _json_lines(found: "Difference") -> Iterator[str]:
    for what, rows in (("came", found.came), ("went", found.went)):
        for row in rows:
            yield json.dumps({"change": what, **asdict(row)})
    for one in found.changed:
        yield json.dumps({"change": "changed", **asdict(one)})


def _text(row: "RowText | None") -> str:
    if row is None:
        return "(these texts are no longer known)"
    given = f" · {row.input}" if row.input else ""
    return f"{row.instruction}{given} ⇒ {row.output}"


def _quoted(text: str) -> str:
    return f"“{safe_line(text, 2 * _WIDTH)}”"
