"""A run that ended early is resumed and writes the same bytes, as long as its inputs are unchanged."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from selfinstruct.core.dedupe.job import Callbacks, Job, run
from selfinstruct.core.dedupe.journal import Tally
from selfinstruct.core.dedupe.process_shards import ProcessShards
from selfinstruct.core.dedupe.row_reader import LIMITS
from selfinstruct.core.dedupe.shards import OneShard
from selfinstruct.core.errors import DedupeError
from selfinstruct.db import atomic_file
from tests.core.dedupe.jobs import SMALL, Listener, finished, stopped, written

pytestmark = pytest.mark.long


def _made_meanwhile(path: Path) -> Callable[[float], OneShard]:
    """Shards that are made while somebody puts another file in the place of the output."""

    def shards(threshold: float) -> OneShard:
        path.write_text("mine")
        return OneShard(threshold)

    return shards


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
    with pytest.raises(DedupeError, match="folder .*reports does not exist"):
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
        with pytest.raises(DedupeError, match="belongs to a run with different files or options"):
            finished(other)
    finished(job)


def test_an_empty_last_file_does_not_throw_away_what_was_done(job: Job, tmp_path: Path) -> None:
    (empty := tmp_path / "empty.jsonl").touch()
    longer = replace(job, files=(*job.files, empty))
    with pytest.raises(DedupeError, match="already exists"):
        run(longer, _made_meanwhile(longer.out), Listener().told, SMALL)
    assert list(tmp_path.glob(".*.dedupe"))
