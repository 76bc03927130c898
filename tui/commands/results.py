"""Results on standard output, a line each: JSON Lines for programs, or text for people."""

import io
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from selfinstruct.tui.commands.exit_codes import Exit

JsonOption = Annotated[
    bool, typer.Option("--json", help="Print JSON Lines, one object a line, for programs.")
]


def json_line(document: Mapping[str, Any]) -> str:
    """Return a document as one line of JSON that is safe on a terminal: what cannot be seen is escaped."""
    text = json.dumps(document, ensure_ascii=False)
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else json.dumps(one)[1:-1] for one in text)


def write(lines: Iterable[str]) -> None:
    """Write lines to standard output, and hand them over at once."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


@contextmanager
def results(*, on_closed: Exit = Exit.DONE) -> Iterator[None]:
    """Write results inside, in UTF-8; a reader that closes the pipe ends the command without a word.

    Args:
        on_closed: The exit code then.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    try:
        yield
    except BrokenPipeError:
        # What is still buffered would be written, and fail once more, when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(on_closed) from None
