"""`selfinstruct dedupe`: near-duplicate removal from files."""

import os
import time
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from selfinstruct.core.errors import DedupeError, SelfInstructError
from selfinstruct.core.language.registry import ENGLISH
from selfinstruct.tui.commands.exit_codes import Exit, stop
from selfinstruct.tui.text.safe_text import many, safe_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress

    from selfinstruct.core.dedupe.journal import Tally
    from selfinstruct.core.dedupe.shards import Shards

Engine = Literal["local", "ray"]

_LINE_INTERVAL_S = 10.0
"""Seconds between two progress lines if there is no terminal."""


def dedupe(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Data files of any known shape, in order.")
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Output file for the rows that are kept.")],
    threshold: Annotated[
        float, typer.Option(metavar="F", help="Keep a row if its ROUGE-L with every kept row is below this.")
    ] = 0.7,
    engine: Annotated[
        Engine, typer.Option(help="`local`: all cores of this machine. `ray`: all cores of a Ray cluster.")
    ] = "local",
    fields: Annotated[
        list[str] | None,
        typer.Option(
            "--field",
            metavar="NAME",
            help="Field to compare. Give it several times to compare several fields together.",
            show_default="instruction, prompt, text, or what a row of its shape asks",
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Report of the removed rows, each with the reason.", show_default="none"
        ),
    ] = None,
    language: Annotated[
        str,
        typer.Option(
            metavar="CODE", help="Language of the text, for tokenization; `other` covers every script."
        ),
    ] = "en",
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Skip lines that cannot be read as rows, instead of stopping.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace existing files.")] = False,
) -> None:
    """Remove near-duplicates from files: of rows that are similar by ROUGE-L, the first is kept.

    JSON Lines are written unchanged and in order, rows of other files as JSON Lines. If interrupted, the same
    command resumes where it stopped.
    """
    from selfinstruct.core.dedupe.job import Callbacks, Job, check, run  # noqa: PLC0415 - imports NumPy

    job = Job(files, out, threshold, fields or (), report, language, skip_bad, force)
    try:
        view = _View(check(job))
        with view.shown():
            tally = run(
                job, lambda floor: _shards(engine, floor), Callbacks(view.progress, view.note, view.total)
            )
    except SelfInstructError as error:
        stop(error)
    except KeyboardInterrupt:
        typer.echo("Stopped. Run the same command again to resume.", err=True)
        raise typer.Exit(Exit.INTERRUPTED) from None
    for line in summary(tally, out, threshold, language):
        typer.echo(line)


def summary(tally: "Tally", out: Path, threshold: float, language: str) -> list[str]:
    """Return the outcome as sentences, one per line."""
    lines = [
        f"Wrote {tally.kept:,} of {many(tally.rows, 'row')} to {safe_line(str(out))};"
        f" {many(tally.fell, 'near-duplicate')} removed at threshold {threshold:g}."
    ]
    if tally.bad:
        lines.append(f"{many(tally.bad, 'line')} skipped: not rows that can be compared.")
    if tally.by_part:
        lines.append(
            f"{tally.by_part:,} of the removed rows had an input that was not compared. "
            + (
                "To compare both, give each row an input, even if empty, and use --field instruction"
                " --field input"
                if tally.without_both
                else "To compare both: --field instruction --field input"
            )
        )
    if tally.wordless:
        lines.append(
            f"{many(tally.wordless, 'row')} kept without comparison: no words in language {language}."
            + (" --language other covers every script." if language == ENGLISH else "")
        )
    return lines


def _shards(engine: Engine, threshold: float) -> "Shards":
    """Create the shards of the index.

    Raises:
        DedupeError: Ray is not installed.
    """
    if engine == "ray":
        try:
            from selfinstruct.core.dedupe.ray_shards import RayShards  # noqa: PLC0415 - an extra
        except ImportError:
            raise DedupeError(
                "The engine ray needs a package that is not installed. Install it from a clone:"
                " pip install '.[ray]'"
            ) from None
        return RayShards(threshold)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if cores == 1:
        from selfinstruct.core.dedupe.shards import OneShard  # noqa: PLC0415 - imports NumPy

        return OneShard(threshold)
    from selfinstruct.core.dedupe.process_shards import ProcessShards  # noqa: PLC0415 - imports NumPy

    return ProcessShards(cores, threshold)


class _View:
    """Progress on standard error: a progress bar on a terminal, occasional lines elsewhere."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._begun = self._said = time.monotonic()
        self._before: int | None = None
        self._bar: Progress | None = None

    @contextmanager
    def shown(self) -> "Iterator[None]":
        """Show the progress bar during the work, if there is a terminal."""
        from rich.console import Console  # noqa: PLC0415 - not needed for `--help`
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

        console = Console(stderr=True, highlight=False)
        if console.is_terminal:
            columns = (
                BarColumn(),
                TextColumn("{task.percentage:>3.0f} %  {task.description}"),
                TimeElapsedColumn(),
            )
            self._bar = Progress(*columns, console=console, transient=True)
            self._bar.add_task("reading", total=self._size)
        with self._bar or nullcontext():
            yield

    def note(self, sentence: str) -> None:
        """Print a sentence above the progress bar."""
        if self._bar is not None:
            self._bar.console.print(safe_line(sentence), markup=False)
        else:
            typer.echo(safe_line(sentence), err=True)

    def total(self, size: int) -> None:
        """Measure the progress by another number of bytes."""
        self._size = size
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], total=size)

    def progress(self, tally: "Tally") -> None:
        """Update the progress display."""
        now = time.monotonic()
        if self._before is None:
            self._before, self._begun = tally.rows, now
        pace = (tally.rows - self._before) / max(now - self._begun, 1e-3)
        told = f"{many(tally.rows, 'row')}, {tally.kept:,} kept, {pace:,.0f} rows/s"
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=tally.bytes, description=told)
        elif now - self._said >= _LINE_INTERVAL_S:
            self._said = now
            typer.echo(f"{tally.bytes / self._size:.0%}  {told}", err=True)
