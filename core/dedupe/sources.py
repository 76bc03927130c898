"""The files of a run as JSON Lines; whatever else they are is written anew in the folder of the journal."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from selfinstruct.core.dataset_files.bytes_reader import BytesReader
from selfinstruct.core.dataset_files.containers import JSON_LINES, Container, container_of
from selfinstruct.core.dataset_files.json_rows import Value
from selfinstruct.core.dataset_files.row import BadRow
from selfinstruct.core.errors import DedupeError, ImportDataError

_HEAD = 1 << 16


@dataclass(frozen=True, slots=True)
class Source:
    """A file of a run."""

    name: Path
    """The file as it was given."""
    path: Path
    """Its rows as JSON Lines; the same file, if it is one."""
    bad: Mapping[int, str] = field(default_factory=dict)
    """Lines whose rows could not be read from the file, and why."""

    def place(self, line: int) -> str:
        """What a line is called in a sentence."""
        return f"{'Line' if self.path == self.name else 'Row'} {line} of {self.name}"


def sources_of(paths: Sequence[Path], folder: Path) -> list[Source]:
    """Return the files as JSON Lines: byte for byte, or each row in its own fields.

    Args:
        paths: The files.
        folder: Where those are written that are not JSON Lines; the same file gives the same bytes.

    Raises:
        DedupeError: a file is of a kind that is not read, or cannot be read, or the folder not be written.
    """
    sources = []
    for number, path in enumerate(paths):
        try:
            container = _other_container(path)
            if container is None:
                sources.append(Source(path, path))
            else:
                target = folder / f"rows-{number}.jsonl"
                sources.append(Source(path, target, _written(container, target)))
        except ImportDataError as error:
            raise DedupeError(str(error)) from error
        except OSError as error:
            raise DedupeError(
                f"{path} cannot be written anew as JSON Lines in {folder}: {error.strerror or error}."
            ) from error
    return sources


def _other_container(path: Path) -> Container | None:
    """What the rows of a file are in; None if that is JSON Lines in UTF-8, or nothing."""
    with path.open("rb") as file:
        if not file.read(_HEAD).strip():
            return None
    reader = BytesReader(path)
    container = container_of(reader)
    is_plain = container.name == JSON_LINES and reader.encoding.startswith("utf-8")
    return None if is_plain and not reader.is_compressed else container


def _written(container: Container, target: Path) -> dict[int, str]:
    """Write rows as JSON Lines, each on the line of its number; returns those that cannot be read."""
    bad: dict[int, str] = {}
    written = 0
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
    with os.fdopen(os.open(target, flags, 0o600), "w", encoding="utf-8", newline="") as file:
        for one in container.values():
            if isinstance(one, BadRow):
                bad[one.line] = one.reason
            text = _text(one, container)
            file.write("\n" * (one.line - written - 1) + text + "\n")
            written = one.line
    return bad


def _text(one: Value | BadRow, container: Container) -> str:
    if isinstance(one, BadRow):
        return "null"
    if container.name == JSON_LINES:
        return one.text
    try:
        text = json.dumps(one.value, ensure_ascii=False, default=str)
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(one.value, default=str)
    return text
