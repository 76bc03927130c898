"""Data files of every kind are read as rows; what is no JSON Lines is written as such."""

import gzip
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from selfinstruct.core.dedupe.job import Callbacks, Job, run
from selfinstruct.core.dedupe.shards import OneShard
from selfinstruct.core.errors import DedupeError
from tests.core.dedupe.jobs import Listener, finished, report_of, stopped, texts, written

ROWS = [
    {"question": "Name a fish.", "answer": "Cod"},
    {"question": "name a FISH", "answer": "Hecht, Äsche"},
    {"question": "Sing a song of the sea.", "answer": 'One\n"two"'},
]
KEPT = [ROWS[0], ROWS[2]]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS)
TABLE = (
    'question,answer\nName a fish.,Cod\nname a FISH,"Hecht, Äsche"\nSing a song of the sea.,"One\n""two"""\n'
)
WITH_TABS = TABLE.replace(",", "\t").replace("Hecht\t", "Hecht,")


def kept(path: Path, content: bytes, **options: object) -> list[object]:
    path.write_bytes(content)
    job = Job([path], path.parent / "out", report=path.parent / "report", **options)  # type: ignore[arg-type]
    finished(job)
    assert {one.name for one in path.parent.iterdir()} == {path.name, "out", "report"}
    return [json.loads(line) for line in (path.parent / "out").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("a.json", json.dumps(ROWS).encode(), id="an array"),
        pytest.param("a.json", json.dumps(ROWS, indent=2).encode(), id="an array on lines"),
        pytest.param("a.json", json.dumps({"data": ROWS}).encode(), id="an object around a list"),
        pytest.param(
            "a", "\n".join(json.dumps(row, indent=1) for row in ROWS).encode(), id="objects on lines"
        ),
        pytest.param("a.gz", gzip.compress(LINES.encode(), mtime=0), id="compressed lines"),
        pytest.param("a", gzip.compress(json.dumps(ROWS).encode(), mtime=0), id="a compressed array"),
        pytest.param("a.jsonl", LINES.encode("utf-16"), id="UTF-16"),
        pytest.param("a.csv", TABLE.encode(), id="a table"),
        pytest.param("a.csv.gz", gzip.compress(TABLE.encode(), mtime=0), id="a compressed table"),
        pytest.param("a.tsv", WITH_TABS.encode(), id="a table with tabs"),
    ],
)
def test_rows_of_every_kind_of_file_are_compared_and_kept_in_their_own_fields(
    tmp_path: Path, name: str, content: bytes
) -> None:
    assert kept(tmp_path / name, content) == KEPT
    assert [(line["line"], line["of_line"]) for line in report_of(tmp_path / "report")] == [(2, 1)]


def test_rows_of_parquet_are_kept_as_json_lines(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    path = tmp_path / "a.parquet"
    pq.write_table(pa.Table.from_pylist(ROWS), path)
    assert kept(path, path.read_bytes()) == KEPT


def test_lines_of_a_compressed_file_are_copied_byte_for_byte(tmp_path: Path) -> None:
    line = b'{"text":"one  \\u00e9",  "x": [1.0, 1e5]}\n'
    kept(tmp_path / "a.gz", gzip.compress(line, mtime=0))
    assert (tmp_path / "out").read_bytes() == line


def test_several_files_of_different_kinds_are_one_list_of_rows(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(TABLE)
    (tmp_path / "b.jsonl").write_text('{"instruction": "Sing a song of the seas."}\n{"text": "Count."}\n')
    finished(Job([tmp_path / "a.csv", tmp_path / "b.jsonl"], tmp_path / "out", report=tmp_path / "report"))
    rows = [json.loads(line) for line in (tmp_path / "out").read_text().splitlines()]
    assert rows == [*KEPT, {"text": "Count."}]
    places = [(Path(one["file"]).name, one["line"], one["of_line"]) for one in report_of(tmp_path / "report")]
    assert places == [("a.csv", 2, 1), ("b.jsonl", 1, 3)]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.csv", b"question,answer\na,b\nc\n", r"Row 2 of .*a.csv has 1 cells, and the first line has 2"),
        ("a.json", b'[{"text": "a"}, 3]', r"Row 2 of .*a.json is not a JSON object\. Fix it, or skip"),
        ("a.json", b'[{"text": "a"}, {bad}]', r"Row 2 of .*a.json is not JSON, and what follows it is lost"),
        ("a.gz", gzip.compress(b'{"text": "a"}\n\n{"text"\n', mtime=0), r"Row 3 of .*a.gz is not JSON"),
        ("a.csv", b"x,y\na,b\n", r"Row 1 of .*a.csv has no text to compare; its fields are x, y"),
    ],
)
def test_a_bad_row_stops_the_run_or_is_left_out_and_reported(
    tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    (tmp_path / name).write_bytes(content)
    job = Job([tmp_path / name], tmp_path / "out", report=tmp_path / "report")
    with pytest.raises(DedupeError, match=sentence):
        finished(job)
    assert {path.name for path in tmp_path.iterdir()} == {name}
    listener = finished(replace(job, skip_bad=True))
    assert listener.seen[-1].bad == 1
    (told,) = report_of(tmp_path / "report")
    assert re.search(sentence.split(name)[1].split(". Fix")[0].removesuffix("\\"), f" {told['what']}")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"PK\x03\x04...", "is a zip archive or a spreadsheet"),
        (b"\x1f\x8bnothing", "its compressed data is damaged or cut off"),
        (b"question,,answer\na,b,c\n", "has a column without a name, or two with the same"),
        (b"PAR1 and nothing", "cannot be read as Parquet"),
    ],
)
def test_what_cannot_be_read_at_all_is_one_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "in").write_bytes(content)
    with pytest.raises(DedupeError, match=sentence):
        finished(Job([tmp_path / "in"], tmp_path / "out", skip_bad=True))
    assert {path.name for path in tmp_path.iterdir()} == {"in"}


def test_a_run_on_a_compressed_file_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    plain = written(tmp_path / "plain", texts(60))
    (tmp_path / "in.gz").write_bytes(gzip.compress(plain.read_bytes(), mtime=0))
    finished(Job([plain], tmp_path / "expected", 0.6))
    job = Job([tmp_path / "in.gz"], tmp_path / "out", 0.6)
    stopped(job, 3)
    listener = finished(job)
    assert listener.notes[0].startswith("Resuming after ")
    assert (tmp_path / "out").read_bytes() == (tmp_path / "expected").read_bytes()


def test_the_progress_is_measured_by_what_is_read(tmp_path: Path) -> None:
    (tmp_path / "in.gz").write_bytes(gzip.compress(LINES.encode() * 50, mtime=0))
    told: list[int] = []
    listener = Listener()
    tally = run(
        Job([tmp_path / "in.gz"], tmp_path / "out"),
        OneShard,
        Callbacks(listener.told.progress, listener.notes.append, told.append),
    )
    assert told == [tally.bytes]
