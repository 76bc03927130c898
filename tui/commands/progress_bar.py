"""Progress of a command on standard error: a bar on a terminal, occasional lines elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

import typer

from selfinstruct.tui.text.safe_text import safe_line

if TYPE_CHECKING:
    from rich.progress import Progress

_LINE_INTERVAL_S = 10.0
"""Seconds between two progress lines if there is no terminal."""


class ProgressBar:
    """Shows how much of a size is done, with a text beside it."""

    def __init__(self, size: int) -> None:
        self._size = max(1, size)
        self._said = time.monotonic()
        self._bar: Progress | None = None

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show the bar during the work, if there is a terminal."""
        from rich.console import Console  # noqa: PLC0415 - not needed for `--help`
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

        console = Console(stderr=True, highlight=False)
        if console.is_terminal:
            columns = (
                BarColumn(),
                TextColumn("{task.percentage:>3.0f} %  {task.description}", markup=False),
                TimeElapsedColumn(),
            )
            self._bar = Progress(*columns, console=console, transient=True)
            self._bar.add_task("reading", total=self._size)
        with self._bar or nullcontext():
            yield

    def note(self, sentence: str) -> None:
        """Print a sentence above the bar."""
        if self._bar is not None:
            self._bar.console.print(safe_line(sentence), markup=False)
        else:
            typer.echo(safe_line(sentence), err=True)

    def update(self, done: int, told: str) -> None:
        """Show how much of the size is done, and a text."""
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=done, description=told)
        elif time.monotonic() - self._said >= _LINE_INTERVAL_S:
            self._said = time.monotonic()
            typer.echo(f"{done / self._size:.0%}  {told}", err=True)
