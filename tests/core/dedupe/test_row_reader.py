"""Rows are written as they were read; a bad line stops the run, or is skipped and reported."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from selfinstruct.core.dedupe.job import Job
from selfinstruct.core.dedupe.journal import Tally
from selfinstruct.core.errors import DedupeError
from tests.core.dedupe.jobs import finished, report_of, stopped, written


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
    with pytest.raises(DedupeError, match="belongs to a run with different files or options"):
        finished(job)
    assert finished(relaxed).seen[-1].bad == 1
    assert (tmp_path / "out").read_text().splitlines() == lines[:15] + lines[16:]


def test_a_first_line_that_only_looks_like_an_array_is_a_bad_line(tmp_path: Path) -> None:
    (tmp_path / "in").write_text('[INFO] begun\n{"text": "a"}\n')
    assert finished(Job([tmp_path / "in"], tmp_path / "out", skip_bad=True)).seen[-1].bad == 1


def test_rows_without_words_stay_and_are_counted(tmp_path: Path) -> None:
    path = written(tmp_path / "in", ["猫が好き", "猫が好き", "cats", ""])
    listener = finished(Job([path], tmp_path / "out"))
    assert listener.seen[-1] == Tally(rows=4, kept=4, without_both=4, wordless=3, bytes=path.stat().st_size)
