"""Files in, a file out: which rows stay, where they are written, and what is refused up front."""

import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfinstruct.core.dedupe.job import Callbacks, Job, run
from selfinstruct.core.dedupe.journal import Tally
from selfinstruct.core.dedupe.process_shards import ProcessShards
from selfinstruct.core.dedupe.row_reader import Limits
from selfinstruct.core.dedupe.shards import OneShard
from selfinstruct.core.errors import DedupeError
from tests.core.dedupe.jobs import SMALL, WORDS, Listener, finished, report_of, written
from tests.core.dedupe.test_greedy import ManyShards, plainly

pytestmark = pytest.mark.long


@settings(deadline=None, max_examples=40)
@given(
    rows=st.lists(st.lists(st.sampled_from(WORDS), max_size=7).map(" ".join), min_size=1, max_size=40),
    cut=st.integers(0, 40),
    size=st.integers(1, 45),
    shards=st.integers(1, 3),
    threshold=st.sampled_from([0.4, 0.7, 1.0]),
)
def test_the_rows_of_the_plain_way_stay_as_they_are(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[str],
    cut: int,
    size: int,
    shards: int,
    threshold: float,
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    files = [written(folder / "a", rows[:cut]), written(folder / "b", rows[cut:])]
    job = Job(files, folder / "out", threshold, report=folder / "report")
    tally = run(job, lambda floor: ManyShards(shards, floor), Listener().told, Limits(rows=size))
    expected = plainly(rows, threshold)
    lines = b"".join(file.read_bytes() for file in files).splitlines(keepends=True)
    kept = [line for line, (other, _) in zip(lines, expected, strict=True) if other < 0]
    assert (folder / "out").read_bytes() == b"".join(kept)

    def source(row: int) -> tuple[str, int]:
        return (str(files[0]), row + 1) if row < cut else (str(files[1]), row - cut + 1)

    fell = [(row, other, score) for row, (other, score) in enumerate(expected) if other >= 0]
    assert [
        ((told["file"], told["line"]), (told["of_file"], told["of_line"]), told["score"])
        for told in report_of(folder / "report")
    ] == [(source(row), source(other), score) for row, other, score in fell]
    assert (tally.rows, tally.kept, tally.fell) == (len(rows), len(kept), len(fell))
    assert {path.name for path in folder.iterdir()} == {"a", "b", "out", "report"}


def test_an_output_and_a_report_in_one_place_are_refused_however_they_are_named(job: Job) -> None:
    (job.out.parent / "inside").mkdir()
    same = job.out.parent / "inside" / ".." / job.out.name
    with pytest.raises(DedupeError, match="same file"):
        run(replace(job, report=same), OneShard, Listener().told)


def test_two_programs_do_not_work_on_the_same_output(job: Job) -> None:
    def again(tally: Tally) -> None:
        with pytest.raises(DedupeError, match="Another program is using"):
            finished(job)

    run(job, OneShard, Callbacks(again, print), SMALL)


def test_the_output_is_for_its_owner_and_a_link_is_followed_with_force_only(job: Job, tmp_path: Path) -> None:
    assert job.report is not None
    (tmp_path / "data").mkdir()
    for path in (job.out, job.report):
        (tmp_path / "data" / path.name).write_text("before")
        path.symlink_to(tmp_path / "data" / path.name)
    with pytest.raises(DedupeError, match="--force"):
        finished(job)
    finished(replace(job, force=True))
    for path in (job.out, job.report):
        assert path.is_symlink()
        assert (tmp_path / "data" / path.name).read_text() not in {"", "before"}
    assert sorted(one.name for one in (tmp_path / "data").iterdir()) == sorted(
        [job.out.name, job.report.name]
    )
    assert [stat.S_IMODE(path.stat().st_mode) for path in (job.out, job.report)] == [0o600, 0o600]
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / ".linked.dedupe").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DedupeError, match="symbolic link"):
        finished(replace(job, out=tmp_path / "linked", report=None))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"threshold": 0.0}, "threshold 0 is out of range"),
        ({"threshold": 1.01}, "out of range"),
        ({"threshold": float("nan")}, "out of range"),
        ({"files": [Path("missing.jsonl")]}, "missing.jsonl cannot be read: there is no such file in /"),
        ({"files": [Path()]}, "not an ordinary file"),
        ({"files": [Path("empty")]}, "The files are empty"),
        ({"out": Path("one.jsonl")}, "one of the files to read"),
        ({"out": Path("link")}, "one of the files to read"),
        ({"report": Path("two.jsonl")}, "one of the files to read"),
        ({"out": Path("nowhere/out")}, "does not exist"),
        ({"out": Path()}, "is a folder"),
        ({"out": Path("/dev/null")}, "not an ordinary file"),
        ({"report": Path("/dev/stdout"), "force": True}, "not an ordinary file"),
        ({"report": Path("out.jsonl"), "out": Path("out.jsonl")}, "the same file"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_done(
    job: Job, tmp_path: Path, change: dict[str, Any], sentence: str
) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "link").hardlink_to(job.files[0])
    before = sorted(tmp_path.iterdir())
    with pytest.raises(DedupeError, match=sentence):
        finished(replace(job, **change))
    assert sorted(tmp_path.iterdir()) == before


def test_a_part_of_the_index_that_dies_ends_the_run_with_a_sentence(job: Job) -> None:
    def dying(threshold: float) -> ProcessShards:
        shards = ProcessShards(2, threshold)
        shards._processes[1].kill()
        shards._processes[1].join()
        return shards

    with pytest.raises(DedupeError, match=r"process .* has exited.*Run the same command again"):
        run(job, dying, Listener().told, SMALL)
    finished(job)
