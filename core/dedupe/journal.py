"""Journal of a `dedupe` run: a folder beside the output, from which an interrupted run resumes.

.NAME.dedupe/state.jsonl     the command, then one line per block
             kept.jsonl      the rows kept so far
             report.jsonl    duplicates, each with the row that it duplicates
             lock            held by the running program
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self
from zlib import crc32

import numpy as np
from filelock import FileLock

from selfinstruct.core.dedupe.row_reader import Place
from selfinstruct.core.errors import DedupeError
from selfinstruct.core.similarity.token_store import Ints
from selfinstruct.db.atomic_file import put, writing

_FORMAT = 3
_DONE = b'{"done":true}\n'
_CHUNK = 1 << 20
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of rows and bytes by outcome."""

    rows: int = 0
    kept: int = 0
    fell: int = 0
    by_part: int = 0
    """Duplicates that have an input, which was not compared."""
    without_both: int = 0
    """Rows that lack `instruction` or `input`, so that the two cannot be compared together."""
    bad: int = 0
    """Lines that were skipped."""
    wordless: int = 0
    """Rows kept because they have no tokens."""
    bytes: int = 0

    def plus(self, other: "Tally") -> "Tally":
        """The sum of two tallies."""
        mine, theirs = asdict(self), asdict(other)
        return Tally(**{name: mine[name] + theirs[name] for name in mine})


@dataclass(frozen=True, slots=True)
class Written:
    """Length in bytes and CRC-32 of a side file."""

    size: int = 0
    crc: int = 0

    def with_more(self, data: bytes) -> "Written":
        """The values after appending `data`."""
        return Written(self.size + len(data), crc32(data, self.crc))


@dataclass(frozen=True, slots=True)
class Entry:
    """Checkpoint after a block."""

    end: Place
    digest: str
    """Hash of the block's input bytes."""
    kept: Ints
    """Ids of the rows kept from the block."""
    tally: Tally
    """Running totals, this block included."""
    kept_file: Written
    report_file: Written


_NOTHING = Entry(Place(), "", np.zeros(0, dtype=np.int64), Tally(), Written(), Written())
"""The checkpoint before the first block."""


@dataclass(frozen=True, slots=True)
class Command:
    """The identity of a run: equal commands resume each other."""

    inputs: list[str]
    report: str | None
    threshold: float
    fields: list[str]
    language: str
    skip_bad: bool = field(compare=False)
    """May be added on resume, but not dropped once lines have been skipped."""
    stamps: list[list[int]] = field(compare=False)
    """Size and mtime (ns) of each input when the run began."""


class Journal:
    """Append-only journal of one run; an entry is written after the data that it describes."""

    def __init__(self, out: Path, command: Command) -> None:
        """Open the journal of a run, or start one.

        Raises:
            DedupeError: another program holds it, it belongs to another command, or it cannot be written.
        """
        self.folder = out.parent / f".{out.name}.dedupe"
        self.restored: list[Entry] = []
        """Checkpoints of an earlier run."""
        self.last = _NOTHING
        """The latest checkpoint."""
        self.finished = False
        """Whether all blocks are decided, so that only the final moves may be missing."""
        self.begun = command
        """The command that started the run."""
        self._open_files = ExitStack()
        try:
            self._enter()
            self._load(command)
            if self.moved and (self.begun.stamps != command.stamps or not out.exists()):
                # A leftover of a finished run says nothing about inputs that have changed since.
                self._forget()
            self._state = self._open("state.jsonl")
            if not self.moved:
                self._kept = self._open("kept.jsonl")
                self._report = self._open("report.jsonl")
            if not self.restored and not self.finished:
                self._begin(command)
        except OSError as error:
            self._open_files.close()
            raise _unwritable(self.folder, error) from error
        except BaseException:
            self._open_files.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.last.end == Place() and not self.finished:
            shutil.rmtree(self.folder, ignore_errors=True)  # nothing to resume from
        self._open_files.close()

    @property
    def moved(self) -> bool:
        """Whether the output has been moved into place."""
        return self.finished and not (self.folder / "kept.jsonl").exists()

    def add(self, end: Place, digest: str, kept: Ints, tally: Tally, rows: bytes, report: bytes) -> None:
        """Append a checkpoint: the kept rows, their ids, and the report lines of a block.

        Raises:
            DedupeError: the journal cannot be written.
        """
        last = self.last
        entry = Entry(
            end,
            digest,
            kept,
            last.tally.plus(tally),
            last.kept_file.with_more(rows),
            last.report_file.with_more(report),
        )
        try:
            for file, data in ((self._kept, rows), (self._report, report), (self._state, _encode(entry))):
                _append(file, data)
        except OSError as error:
            raise _unwritable(self.folder, error) from error
        self.last = entry

    def kept_rows(self) -> Iterator[bytes]:
        """The raw rows kept so far."""
        with (self.folder / "kept.jsonl").open("rb") as file:
            for line in file:
                yield line.removesuffix(b"\n")

    def finish(self, out: Path, report: Path | None) -> None:
        """Move the output into place, and a copy of the report.

        Raises:
            DedupeError: a target cannot be written.
        """
        target = self.folder
        try:
            if not self.finished:
                _append(self._state, _DONE)
                self.finished = True
            if not self.moved:
                if report is not None:
                    target = report
                    with writing(report, force=True) as part:
                        shutil.copyfile(self.folder / "report.jsonl", part)
                target = out
                put(self.folder / "kept.jsonl", out, force=True)
        except OSError as error:
            raise _unwritable(target, error) from error
        shutil.rmtree(self.folder, ignore_errors=True)

    def _enter(self) -> None:
        if self.folder.is_symlink():
            raise DedupeError(f"{self.folder} is a symbolic link. Remove it, or choose another --out.")
        self.folder.mkdir(mode=0o700, exist_ok=True)
        lock = FileLock(self.folder / "lock", mode=0o600)
        try:
            self._open_files.enter_context(lock.acquire(timeout=0))
        except TimeoutError:
            raise DedupeError(
                f"Another program is using {self.folder}. Wait for it, or choose another --out."
            ) from None

    def _open(self, name: str) -> BinaryIO:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | _NO_LINK
        return self._open_files.enter_context(os.fdopen(os.open(self.folder / name, flags, 0o600), "ab"))

    def _forget(self) -> None:
        self.finished = False
        self.restored = []
        self.last = _NOTHING

    def _begin(self, command: Command) -> None:
        self.begun = command
        for file in (self._state, self._kept, self._report):
            file.truncate(0)
        _append(self._state, json.dumps({"format": _FORMAT, **asdict(command)}).encode() + b"\n")

    def _load(self, command: Command) -> None:
        """Read the checkpoints and truncate the files to the last complete one."""
        path = self.folder / "state.jsonl"
        if not path.exists():
            return
        with os.fdopen(os.open(path, os.O_RDWR | _NO_LINK), "r+b") as file:
            lines = file.readlines()
            head = _decoded(lines[0]) if lines else None
            if head is None:
                return
            self.begun = _command(head, self.folder)
            if self.begun != command:
                raise self._other_run()
            good = len(lines[0])
            for line in lines[1:]:
                document = _decoded(line)
                if document is None:
                    break
                if document == {"done": True}:
                    self.finished = True
                else:
                    self.restored.append(_entry(document, path))
                good += len(line)
            file.truncate(good)
        if self.restored:
            self.last = self.restored[-1]
        if self.last.tally.bad and not command.skip_bad:
            raise self._other_run()
        if not self.moved:
            names = ("kept.jsonl", "report.jsonl")
            for name, written in zip(names, (self.last.kept_file, self.last.report_file), strict=True):
                _cut(self.folder / name, written)

    def _other_run(self) -> DedupeError:
        return DedupeError(
            f"{self.folder} belongs to a run with different files or options. Use those, or remove the"
            " folder to start over."
        )


def _command(head: dict[str, Any], folder: Path) -> Command:
    if head.pop("format", None) != _FORMAT:
        raise DedupeError(f"{folder} belongs to another version of this program. Remove it to start over.")
    try:
        return Command(**head)
    except TypeError:
        raise _damaged(folder / "state.jsonl") from None


def _encode(entry: Entry) -> bytes:
    document = asdict(entry)
    document["kept"] = np.diff(entry.kept, prepend=0).tolist()
    return json.dumps(document, separators=(",", ":")).encode() + b"\n"


def _decoded(line: bytes) -> dict[str, Any] | None:
    """Parse a line of the state; None for a torn write."""
    try:
        document = json.loads(line) if line.endswith(b"\n") else None
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _entry(document: dict[str, Any], path: Path) -> Entry:
    try:
        end = document["end"]
        return Entry(
            Place(end["file"], end["offset"], tuple(end["lines"])),
            document["digest"],
            np.cumsum(document["kept"], dtype=np.int64),
            Tally(**document["tally"]),
            Written(**document["kept_file"]),
            Written(**document["report_file"]),
        )
    except (KeyError, TypeError, ValueError):
        raise _damaged(path) from None


def _cut(path: Path, written: Written) -> None:
    """Truncate a side file to its checkpoint, after verifying its checksum."""
    left, seen = written.size, 0
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | _NO_LINK, 0o600), "r+b") as file:
        while left and (data := file.read(min(left, _CHUNK))):
            seen = crc32(data, seen)
            left -= len(data)
        if left or seen != written.crc:
            raise _damaged(path)
        file.truncate(written.size)


def _append(file: BinaryIO, data: bytes) -> None:
    """Append durably: flushed and synced."""
    file.write(data)
    file.flush()
    os.fsync(file.fileno())


def _damaged(path: Path) -> DedupeError:
    return DedupeError(f"{path} is damaged. Remove the folder {path.parent} to start over.")


def _unwritable(path: Path, error: OSError) -> DedupeError:
    return DedupeError(
        f"{path} cannot be written: {error.strerror or error}. Once that is fixed, run the same"
        " command again to resume."
    )
