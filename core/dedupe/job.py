"""The `dedupe` job: files in, one file out, resumable."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from selfinstruct.core.dedupe.greedy import BlockResult, GreedyDedupe
from selfinstruct.core.dedupe.journal import Command, Journal, Tally
from selfinstruct.core.dedupe.row_reader import LIMITS, Limits, Place, RowBlock, RowReader, digest_between
from selfinstruct.core.dedupe.row_text import has_both, has_input, row_text
from selfinstruct.core.dedupe.shards import Shards
from selfinstruct.core.dedupe.sources import Source, sources_of
from selfinstruct.core.errors import DedupeError
from selfinstruct.core.language.registry import ENGLISH, known
from selfinstruct.core.language.tokens import Vocabulary
from selfinstruct.core.similarity.encoded_texts import EncodedTexts
from selfinstruct.core.similarity.token_store import Ints
from selfinstruct.db.atomic_file import is_special
from selfinstruct.db.missing import no_folder_for, why_missing
from selfinstruct.db.real_path import real_path
from selfinstruct.db.sqlite.own_files import own_file


@dataclass(frozen=True, slots=True)
class Job:
    """The parameters of `selfinstruct dedupe`."""

    files: Sequence[Path]
    out: Path
    threshold: float = 0.7
    fields: Sequence[str] = ()
    """Fields to join for the comparison; empty means automatic (see `row_text`)."""
    report: Path | None = None
    language: str = ENGLISH
    skip_bad: bool = False
    force: bool = False


@dataclass(frozen=True, slots=True)
class Callbacks:
    """Callbacks for progress (an earlier run included) and for notes."""

    progress: Callable[[Tally], None]
    note: Callable[[str], None]
    total: Callable[[int], None] = lambda _: None
    """Hears of the bytes to read, of which files that are written anew have another number."""


def check(job: Job) -> int:
    """Validate a job before it starts; returns the input size in bytes.

    Raises:
        DedupeError: the job cannot run; the message says what to change.
    """
    if not 0 < job.threshold <= 1:
        raise DedupeError(f"The threshold {job.threshold:g} is out of range. Give one above 0 and up to 1.")
    if job.language not in known():
        raise DedupeError(
            f"The language {job.language} is not known. Give one of {', '.join(known())}; the last reads"
            " every script."
        )
    for path in job.files:
        if not path.exists():
            raise DedupeError(f"{path} cannot be read: {why_missing(path)}. Check the name.")
        if not path.is_file():
            raise DedupeError(f"{path} is not an ordinary file.")
    _check_target("--out", job.out, job)
    if job.report is not None:
        _check_target("--report", job.report, job)
    if job.report is not None and job.report.resolve() == job.out.resolve():
        raise DedupeError("--out and --report are the same file. Give two names.")
    size = sum(path.stat().st_size for path in job.files)
    if not size:
        raise DedupeError("The files are empty.")
    return size


def _check_target(option: str, path: Path, job: Job) -> None:
    if path.is_dir():
        raise DedupeError(f"{path} is a folder. Give {option} the name of a file in it.")
    if (lacks := no_folder_for(real_path(path), f"choose another {option}")) is not None:
        raise DedupeError(lacks)
    if path.exists() and any(path.samefile(file) for file in job.files):
        raise DedupeError(f"{path} is one of the files to read. Choose another {option}.")
    try:
        if is_special(path):
            raise DedupeError(f"{path} is not an ordinary file. Choose another {option}.")
        what = own_file(path)
    except OSError as error:
        raise DedupeError(f"{path} cannot be read: {error.strerror or error}.") from error
    if what is not None:
        raise DedupeError(f"{path} {what}. Choose another {option}.")


def run(
    job: Job, shards_of: Callable[[float], Shards], callbacks: Callbacks, limits: Limits = LIMITS
) -> Tally:
    """Run a job, or the rest of an interrupted one; returns the totals.

    Args:
        job: The parameters.
        shards_of: Creates the shards for a threshold; not called when nothing is left to decide.
        callbacks: Who hears of progress.
        limits: Block size; does not affect the result.

    Raises:
        DedupeError: the job failed; completed blocks are kept, and the same job resumes after them.
    """
    check(job)
    # A link with this name is kept: the output is written where it leads.
    out = real_path(job.out)
    command = _command(job)
    with Journal(out, command) as journal:
        if not journal.moved:
            _check_new(job)
        if not journal.finished:
            sources = sources_of(job.files, journal.folder)
            _require_unchanged(job, command)
            callbacks.total(sum(source.path.stat().st_size for source in sources))
            _verify(job, sources, journal, callbacks)
            shards = shards_of(job.threshold)
            try:
                _decide(job, sources, journal, shards, callbacks, limits)
            finally:
                shards.close()
            _check_new(job)
        journal.finish(out, job.report)
        return journal.last.tally


def _check_new(job: Job) -> None:
    for option, path in (("--out", job.out), ("--report", job.report)):
        if path is not None and (path.exists() or path.is_symlink()) and not job.force:
            raise DedupeError(f"{path} already exists. Give --force to replace it, or another {option}.")


def _command(job: Job) -> Command:
    stats = [path.stat() for path in job.files]
    return Command(
        inputs=[str(path.absolute()) for path in job.files],
        report=str(job.report.absolute()) if job.report else None,
        threshold=job.threshold,
        fields=list(job.fields),
        language=job.language,
        skip_bad=job.skip_bad,
        stamps=[[stat.st_size, stat.st_mtime_ns] for stat in stats],
    )


def _verify(job: Job, sources: Sequence[Source], journal: Journal, callbacks: Callbacks) -> None:
    """Verify that the input read by an earlier run is unchanged."""
    start = Place()
    for entry in journal.restored:
        if digest_between(sources, start, entry.end) != entry.digest:
            raise DedupeError(
                f"{_changed(job, journal, start, entry.end)} since this run began. Remove the folder"
                f" {journal.folder} to start over."
            )
        start = entry.end
    if journal.restored:
        callbacks.note(f"Resuming after {journal.last.tally.rows:,} rows.")
        now = _command(job).stamps
        for path, before, after in zip(job.files, journal.begun.stamps, now, strict=True):
            if before != after:
                callbacks.note(
                    f"{path} has changed since this run began, beyond the part already read. The rest is read"
                    " as it is now."
                )


def _changed(job: Job, journal: Journal, start: Place, end: Place) -> str:
    """Locate the changed input of a block, which may span several files."""
    stamps = zip(journal.begun.stamps, _command(job).stamps, strict=True)
    others = [number for number, (before, now) in enumerate(stamps) if before != now]
    number = next((number for number in others if start.file <= number <= end.file), start.file)
    first = (start.lines[number] if number < len(start.lines) else 0) + 1
    return f"{job.files[number]} has changed, from line {first} or later,"


def _require_unchanged(job: Job, command: Command) -> None:
    """Check that no file changed while its kind was found out, and perhaps its rows were written anew."""
    stamps = zip(job.files, command.stamps, _command(job).stamps, strict=True)
    for path, before, now in stamps:
        if before != now:
            raise DedupeError(
                f"{path} changed while it was being read. Once nothing writes to it, run the same command"
                " again."
            )


def _decide(
    job: Job,
    sources: Sequence[Source],
    journal: Journal,
    shards: Shards,
    callbacks: Callbacks,
    limits: Limits,
) -> None:
    reader = RowReader(sources, Vocabulary(language=job.language), job.fields, job.skip_bad, limits)
    dedupe = GreedyDedupe(shards)
    for earlier in _restored(job, journal, reader.vocabulary):
        dedupe.keep(earlier)
    journal.restored.clear()
    callbacks.progress(journal.last.tally)
    for block, decided in dedupe.decide(reader.blocks(journal.last.end)):
        kept, fell = decided.kept, np.flatnonzero(decided.nearest.ids >= 0)
        rows = b"".join(block.lines[place] + b"\n" for place in kept.tolist())
        report = _report(job.files, block, decided)
        tally = Tally(
            rows=len(block.lines),
            kept=len(kept),
            fell=len(fell),
            by_part=0 if job.fields else sum(has_input(block.lines[place]) for place in fell.tolist()),
            without_both=0 if job.fields else sum(not has_both(line) for line in block.lines),
            bad=len(block.bad),
            wordless=int(np.count_nonzero(block.texts.lengths == 0)),
            bytes=block.size,
        )
        journal.add(block.end, block.digest, block.ids[kept], tally, rows, report)
        callbacks.progress(journal.last.tally)


@dataclass(frozen=True, slots=True)
class _Kept:
    ids: Ints
    texts: EncodedTexts


def _restored(job: Job, journal: Journal, vocabulary: Vocabulary) -> Iterator[_Kept]:
    """The rows that an earlier run kept."""
    rows = journal.kept_rows()
    for entry in journal.restored:
        texts = [row_text(next(rows), job.fields) for _ in entry.kept]
        yield _Kept(entry.kept, EncodedTexts(*vocabulary.encode(texts)))


def _report(files: Sequence[Path], block: RowBlock, decided: BlockResult) -> bytes:
    """One JSON line per duplicate and per skipped line, in input order."""
    dropped = np.flatnonzero(decided.nearest.ids >= 0)
    told: dict[int, dict[str, object]] = {bad.id: {"why": "bad_line", "what": bad.why} for bad in block.bad}
    ids, nearest = block.ids[dropped].tolist(), decided.nearest.ids[dropped].tolist()
    for row_id, other, score in zip(ids, nearest, decided.nearest.scores[dropped].tolist(), strict=True):
        file, line = block.end.source(other)
        told[row_id] = {
            "why": "near_duplicate",
            "score": score,
            "of_file": str(files[file]),
            "of_line": line,
        }
    lines = []
    for row_id in sorted(told):
        file, line = block.end.source(row_id)
        lines.append(json.dumps({"file": str(files[file]), "line": line, **told[row_id]}) + "\n")
    return "".join(lines).encode()
