"""Files in, a file out; whenever it ends, it goes on from there and comes to the same bytes."""

import json
import random
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfinstruct.core.dedupe.job import Callbacks, Job, run
from selfinstruct.core.dedupe.journal import Tally
from selfinstruct.core.dedupe.process_shards import ProcessShards
from selfinstruct.core.dedupe.row_reader import LIMITS, Limits
from selfinstruct.core.dedupe.shards import OneShard
from selfinstruct.core.errors import DedupeError
from selfinstruct.db import atomic_file
from tests.core.dedupe.test_greedy import ManyShards, plainly

SMALL = Limits(rows=7)
WORDS = [*"abcdefgh", "猫"]


def texts(count: int, seed: int = 0) -> list[str]:
    rng = random.Random(seed)
    return [" ".join(rng.choices(WORDS, k=rng.randint(0, 9))) for _ in range(count)]


def written(path: Path, rows: Sequence[str]) -> Path:
    path.write_text("".join(json.dumps({"instruction": row, "n": n}) + "\n" for n, row in enumerate(rows)))
    return path


class StoppedError(Exception):
    """Stands for whatever ends a run."""


class Listener:
    """Notes what it is told, and ends the run after so many blocks."""

    def __init__(self, blocks: int | None = None) -> None:
        self.notes: list[str] = []
        self.seen: list[Tally] = []
        self._left = blocks

    @property
    def told(self) -> Callbacks:
        return Callbacks(self._progress, self.notes.append)

    def _progress(self, tally: Tally) -> None:
        self.seen.append(tally)
        if self._left is not None and len(self.seen) > self._left:
            raise StoppedError


def finished(job: Job, limits: Limits = SMALL) -> Listener:
    listener = Listener()
    run(job, OneShard, listener.told, limits)
    return listener


def _made_meanwhile(path: Path) -> Callable[[float], OneShard]:
    """Shards that are made while somebody puts another file in the place of the output."""

    def shards(threshold: float) -> OneShard:
        path.write_text("mine")
        return OneShard(threshold)

    return shards


def stopped(job: Job, blocks: int) -> None:
    with pytest.raises(StoppedError):
        run(job, OneShard, Listener(blocks).told, SMALL)


def report_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """Two files of 30 rows each, and where to write."""
    rows = texts(60)
    files = [written(tmp_path / "one.jsonl", rows[:30]), written(tmp_path / "two.jsonl", rows[30:])]
    return Job(files, tmp_path / "out.jsonl", 0.6, report=tmp_path / "report.jsonl")


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


@pytest.mark.parametrize("blocks", [1, 2, 5, 8])
def test_a_run_that_was_ended_goes_on_and_comes_to_the_same_bytes(job: Job, blocks: int) -> None:
    finished(job)
    expected = (job.out.read_bytes(), job.report and job.report.read_bytes())
    again = replace(job, out=job.out.with_name("again"), report=job.out.with_name("again.report"))
    stopped(again, blocks)
    assert not again.out.exists(), "whole or not at all"
    listener = finished(again)
    assert listener.notes == [f"Resuming after {min(7 * blocks, 60)} rows."]
    assert listener.seen[0].rows == min(7 * blocks, 60), "nothing is done twice"
    assert (again.out.read_bytes(), again.report and again.report.read_bytes()) == expected
    assert not again.out.with_name(".again.dedupe").exists()


def test_it_goes_on_with_other_blocks_and_processes_and_after_being_killed(job: Job, tmp_path: Path) -> None:
    finished(job)
    again = replace(job, out=tmp_path / "again", report=tmp_path / "again.report")
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from selfinstruct.core.dedupe.job import Job, Callbacks, run\n"
        "from selfinstruct.core.dedupe.process_shards import ProcessShards\n"
        "from selfinstruct.core.dedupe.row_reader import Limits\n"
        "one, two, out, report = map(Path, sys.argv[1:])\n"
        "def told(tally):\n"
        "    if tally.rows > 20:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "if __name__ == '__main__':\n"
        "    run(Job([one, two], out, 0.6, report=report), lambda f: ProcessShards(2, f),"
        " Callbacks(told, print), Limits(rows=11))\n"
    )
    program = tmp_path / "program.py"
    program.write_text(script)
    words = [sys.executable, program, *again.files, again.out, again.report]
    killed = subprocess.run([str(word) for word in words], check=False)
    assert killed.returncode == -9
    listener = Listener()
    run(again, lambda floor: ProcessShards(2, floor), listener.told, LIMITS)
    assert listener.notes == ["Resuming after 22 rows."]
    assert again.out.read_bytes() == job.out.read_bytes()
    assert again.report is not None
    assert job.report is not None
    assert again.report.read_bytes() == job.report.read_bytes()


def test_half_written_side_files_are_cut_back(job: Job) -> None:
    finished(job)
    expected = job.out.read_bytes()
    again = replace(job, force=True)
    stopped(again, 3)
    folder = job.out.with_name(".out.jsonl.dedupe")
    for name, more in (("kept.jsonl", b'{"instr'), ("report.jsonl", b"x\ny"), ("state.jsonl", b'{"end":{"f')):
        with (folder / name).open("ab") as file:
            file.write(more)
    finished(again)
    assert job.out.read_bytes() == expected


def test_a_damaged_side_file_is_not_trusted(job: Job) -> None:
    stopped(job, 3)
    kept = job.out.with_name(".out.jsonl.dedupe") / "kept.jsonl"
    data = bytearray(kept.read_bytes())
    data[5] ^= 1
    kept.write_bytes(data)
    with pytest.raises(DedupeError, match="damaged. Remove the folder"):
        finished(job)
    kept.unlink()
    with pytest.raises(DedupeError, match="damaged"):
        finished(job)


def test_a_run_that_ended_while_files_were_moved_is_finished(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(atomic_file, "sync", lambda path: 1 / 0 if job.out.exists() else None)
        with pytest.raises(ZeroDivisionError):
            finished(job)
    out = job.out.read_bytes()
    assert finished(job).seen == [], "nothing is left to decide"
    assert job.out.read_bytes() == out
    assert not job.out.with_name(".out.jsonl.dedupe").exists()


def test_what_an_ended_run_could_not_remove_is_no_news_of_other_files(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as killed:
        killed.setattr(shutil, "rmtree", lambda *args, **kwargs: None)
        finished(job)
    written(job.files[-1], ["now something else"])
    finished(replace(job, force=True))
    assert "now something else" in job.out.read_text()


def test_a_report_that_could_not_be_written_is_written_the_next_time(job: Job, tmp_path: Path) -> None:
    assert job.report is not None
    folder = tmp_path / "reports"
    folder.mkdir()
    job = replace(job, report=folder / "r.jsonl")
    stopped(job, 9)
    shutil.rmtree(folder)
    with pytest.raises(DedupeError, match="folder of .* does not exist"):
        finished(job)
    folder.mkdir()
    finished(job)
    assert (folder / "r.jsonl").exists()


def test_an_input_that_changed_where_it_was_read_is_noticed(job: Job) -> None:
    stopped(job, 6)  # 42 rows: all of the first file and 12 of the second
    data = job.files[0].read_text()
    job.files[0].write_text(data.replace('"n": 20', '"n": 21'))
    with pytest.raises(DedupeError, match=r"one.jsonl has changed, from line 15 or later, .* start over"):
        finished(job)
    job.files[0].write_text(data + json.dumps({"instruction": "one more"}) + "\n")
    with pytest.raises(DedupeError, match=r"one.jsonl has changed, from line 29"):
        finished(job)


def test_of_several_files_that_were_read_together_the_one_that_changed_is_named(job: Job) -> None:
    stopped(job, 6)
    data = job.files[1].read_text()
    job.files[1].write_text(data.replace('"n": 1', '"n": 2'))
    with pytest.raises(DedupeError, match=r"two.jsonl has changed, from line 1 or later"):
        finished(job)


def test_an_input_that_changed_further_on_is_said_and_taken_as_it_is(job: Job, tmp_path: Path) -> None:
    stopped(job, 6)
    with job.files[1].open("a") as file:
        file.write(json.dumps({"instruction": "quite another one"}) + "\n")
    listener = finished(job)
    assert len(listener.notes) == 2
    assert "two.jsonl has changed since this run began, beyond the part already read" in listener.notes[1]
    fresh = replace(job, out=tmp_path / "fresh", report=None)
    finished(fresh)
    assert job.out.read_bytes() == fresh.out.read_bytes()


def test_a_file_that_grows_while_it_is_read_stops_the_run(job: Job) -> None:
    listener = Listener()

    def grow(tally: Tally) -> None:
        with job.files[1].open("a") as file:
            file.write('{"instruction": "more"}\n')

    with pytest.raises(DedupeError, match=r"two.jsonl changed while it was being read"):
        run(job, OneShard, Callbacks(grow, listener.notes.append), SMALL)
    assert not job.out.exists()


def test_other_options_do_not_go_on_with_a_run(job: Job) -> None:
    stopped(job, 2)
    for other in (
        replace(job, threshold=0.5),
        replace(job, fields=["n"]),
        replace(job, files=job.files[::-1]),
        replace(job, report=None),
    ):
        with pytest.raises(DedupeError, match="of a run with other files or options"):
            finished(other)
    finished(job)


def test_an_output_and_a_report_in_one_place_are_refused_however_they_are_named(job: Job) -> None:
    (job.out.parent / "inside").mkdir()
    same = job.out.parent / "inside" / ".." / job.out.name
    with pytest.raises(DedupeError, match="same file"):
        run(replace(job, report=same), OneShard, Listener().told)


def test_an_empty_last_file_does_not_throw_away_what_was_done(job: Job, tmp_path: Path) -> None:
    (empty := tmp_path / "empty.jsonl").touch()
    longer = replace(job, files=(*job.files, empty))
    with pytest.raises(DedupeError, match="already exists"):
        run(longer, _made_meanwhile(longer.out), Listener().told, SMALL)
    assert list(tmp_path.glob(".*.dedupe"))


def test_two_programs_do_not_work_on_the_same_output(job: Job) -> None:
    def again(tally: Tally) -> None:
        with pytest.raises(DedupeError, match="Another program is at work"):
            finished(job)

    run(job, OneShard, Callbacks(again, print), SMALL)


def test_lines_come_out_as_they_were(tmp_path: Path) -> None:
    odd = [
        b'\xef\xbb\xbf{"text":"one  two",  "x": [1.0, 1e5]}\r\n',
        b"\n",
        b'  {"prompt": "\\u00e9\xc3\xa9 three", "instruction": 3}\n',
        b' \t\n{"messages": [{"role": "user", "content": "four"}]}',
    ]
    (tmp_path / "odd").write_bytes(b"".join(odd))
    (tmp_path / "next").write_bytes(b'{"text": "five"}')
    job = Job([tmp_path / "odd", tmp_path / "next"], tmp_path / "out")
    finished(job)
    assert (tmp_path / "out").read_bytes() == (
        b'{"text":"one  two",  "x": [1.0, 1e5]}\r\n'
        b'  {"prompt": "\\u00e9\xc3\xa9 three", "instruction": 3}\n'
        b'{"messages": [{"role": "user", "content": "four"}]}\n'
        b'{"text": "five"}\n'
    )


def test_bad_lines_stop_the_run_or_are_left_out_and_reported(tmp_path: Path) -> None:
    good = b'{"text": "a b"}\n'
    (tmp_path / "in").write_bytes(good + b'{"text": "c\n' + b'{"other": "x"}\n' + good)
    job = Job([tmp_path / "in"], tmp_path / "out", report=tmp_path / "report")
    with pytest.raises(DedupeError, match=r"Line 2 of .*in is not JSON .* --skip-bad"):
        finished(job)
    assert {path.name for path in tmp_path.iterdir()} == {"in"}, "nothing is left behind"
    listener = finished(replace(job, skip_bad=True))
    assert listener.seen[-1].bad == 2
    assert (tmp_path / "out").read_bytes() == good
    told = report_of(tmp_path / "report")
    assert [(line["line"], line["why"]) for line in told] == [
        (2, "bad_line"),
        (3, "bad_line"),
        (4, "near_duplicate"),
    ]


def test_a_line_that_is_mended_lets_the_run_go_on(tmp_path: Path) -> None:
    lines = [json.dumps({"text": f"word{number}"}) for number in range(20)]
    path = tmp_path / "in"
    path.write_text("\n".join([*lines[:15], "oops", *lines[16:]]))
    job = Job([path], tmp_path / "out")
    with pytest.raises(DedupeError, match="Line 16"):
        finished(job)
    path.write_text("\n".join(lines))
    listener = finished(job)
    assert listener.notes[0] == "Resuming after 7 rows."  # the block before the one at hand
    assert (tmp_path / "out").read_text().splitlines() == lines


def test_a_run_that_met_a_bad_line_goes_on_with_such_lines_left_out_and_not_the_other_way(
    tmp_path: Path,
) -> None:
    lines = [json.dumps({"text": f"word{number}"}) for number in range(40)]
    lines[15] = "oops"
    path = tmp_path / "in"
    path.write_text("\n".join(lines))
    job = Job([path], tmp_path / "out")
    with pytest.raises(DedupeError, match="Line 16 .* --skip-bad"):
        finished(job)
    relaxed = replace(job, skip_bad=True)
    stopped(relaxed, 3)
    with pytest.raises(DedupeError, match="of a run with other files or options"):
        finished(job)
    assert finished(relaxed).seen[-1].bad == 1
    assert (tmp_path / "out").read_text().splitlines() == lines[:15] + lines[16:]


def test_one_json_array_is_called_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "in").write_text('[\n  {"text": "a"},\n  {"text": "b"}\n]\n')
    for skip_bad in (False, True):
        with pytest.raises(DedupeError, match=r"in is one JSON array; dedupe reads one object per line"):
            finished(Job([tmp_path / "in"], tmp_path / "out", skip_bad=skip_bad))


def test_a_first_line_that_only_looks_like_an_array_is_a_bad_line(tmp_path: Path) -> None:
    (tmp_path / "in").write_text('[INFO] begun\n{"text": "a"}\n')
    assert finished(Job([tmp_path / "in"], tmp_path / "out", skip_bad=True)).seen[-1].bad == 1


def test_rows_without_words_stay_and_are_counted(tmp_path: Path) -> None:
    path = written(tmp_path / "in", ["猫が好き", "猫が好き", "cats", ""])
    listener = finished(Job([path], tmp_path / "out"))
    assert listener.seen[-1] == Tally(rows=4, kept=4, without_both=4, wordless=3, bytes=path.stat().st_size)


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
        ({"files": [Path("missing.jsonl")]}, "missing.jsonl does not exist"),
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
