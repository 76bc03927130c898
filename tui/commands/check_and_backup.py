"""`selfinstruct check` and `selfinstruct backup`: consistency checks, repair, and backups."""

import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from selfinstruct.db.check.check import Report
from selfinstruct.db.check.check import check as check_workspace
from selfinstruct.db.check.scores import look_at_scores
from selfinstruct.db.errors import DamagedError, WorkspaceError
from selfinstruct.tui.commands.exit_codes import Exit, stop
from selfinstruct.tui.commands.open_workspace import DbOption, sentences
from selfinstruct.tui.text.safe_text import safe_line


def check(
    db: DbOption = Path("selfinstruct.db"),
    repair: Annotated[
        bool,
        typer.Option("--repair", help="Build a new file from everything readable; all decisions or nothing."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Repair without asking.")] = False,
) -> None:
    """Check that the workspace is intact and consistent with its stored answers and decisions.

    The check changes nothing, and other programs can keep using the workspace. Exit codes: 0 all is well,
    1 something is wrong, 2 there is no workspace.
    """
    with sentences(db):
        if repair and not yes and not (sys.stdin.isatty() and sys.stdout.isatty()):
            stop(WorkspaceError("There is no terminal to ask on. Give --yes to repair without asking."))
        well = _say_what_is_found(db)
        if repair and not well:
            well = _repair(db, yes=yes)
        elif repair:
            typer.echo("There is nothing to repair.")
    raise typer.Exit(Exit.DONE if well else Exit.FAILED)


def _say_what_is_found(path: Path) -> bool:
    """Check a workspace and print the findings; returns whether it needs no repair."""
    from selfinstruct.core.language.registry import ENGLISH  # noqa: PLC0415 - other commands do not need it
    from selfinstruct.core.similarity.reference_score import rouge_l  # noqa: PLC0415 - as above

    try:
        report = check_workspace(path, also={"scores": look_at_scores(rouge_l, language=ENGLISH)})
    except DamagedError as error:
        typer.echo(f"wrong  structure  {safe_line(error.what)}")
        typer.echo(f"{safe_line(str(path))} cannot be opened. {_ADVICE}")
        return False
    typer.echo("\n".join(report_lines(report)))
    return report.is_well


_ADVICE = (
    "Do not change it. Close all programs that use it, and run this command with --repair, which keeps the"
    " file and builds a new one from everything readable."
)


def report_lines(report: Report) -> list[str]:
    """Return the checks and their findings, one line each."""
    lines = []
    for part in report.parts:
        found = "wrong" if part.wrong else "-" if part.is_left_out else "ok"
        lines.append(f"{found:5}  {part.name:10} {part.looked_at}")
        lines += [f"{'':18}{sentence}" for sentence in part.wrong]
        lines += [f"{'':18}Harmless: {sentence}" for sentence in part.harmless]
    if report.is_well:
        lines.append(f"All is well with {report.path}.")
    else:
        lines.append(f"{report.path} is damaged. {_ADVICE}")
    return [safe_line(line) for line in lines]


def _repair(path: Path, *, yes: bool) -> bool:
    """Repair a workspace after confirmation; returns whether it is intact afterwards."""
    from selfinstruct.db.repair.repair import repairing  # noqa: PLC0415 - rarely needed

    with repairing(path, at=datetime.now(UTC).isoformat(timespec="milliseconds")) as repaired:
        decisions = "All decisions were recovered."
        typer.echo(f"A new file was built. {decisions}")
        for sentence in repaired.notes:
            typer.echo(f"  {safe_line(sentence)}")
        kept = safe_line(str(repaired.kept))
        if not yes and not typer.confirm(f"Replace the damaged file and keep it as {kept}?"):
            typer.echo("Nothing was changed.")
            return False
        repaired.put_in_place()
        typer.echo(f"The damaged file is now {kept}.")
        typer.echo("\n".join(report_lines(replace(repaired.report, path=path))))
    return repaired.report.is_well


def backup(
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to write.")],
    db: DbOption = Path("selfinstruct.db"),
    force: Annotated[
        bool, typer.Option("--force", help="Replace FILE if it is an earlier copy of this workspace.")
    ] = False,
) -> None:
    """Copy the workspace as of now; other programs can keep using it.

    The copy is one file that only you can read. It is verified, and written completely or not at all.
    """
    from selfinstruct.db.sqlite.backup import back_up  # noqa: PLC0415 - other commands do not need it

    with sentences(db):
        written = back_up(db, out, force=force)
        typer.echo(f"Wrote {safe_line(str(written.path))}: {written.size:,} bytes, verified.")
