"""Arrays and objects of any layout are read an item at a time, and what cannot be read of them is told."""

import gzip
import json
import tracemalloc
from pathlib import Path

import pytest

from selfinstruct.core.dataset_files import json_cursor
from selfinstruct.core.dataset_files.bytes_reader import BytesReader
from selfinstruct.core.dataset_files.data_file import DataFile
from selfinstruct.core.dataset_files.json_rows import json_array
from tests.core.dataset_files.files import line, read, told

A, B = line(instruction="a", output="b"), line(instruction="c", output="d")
LOST = "is not JSON, and what follows it is lost"


def answers(path: Path, content: str | bytes) -> tuple[list[str | None], list[tuple[int, str]]]:
    rows, bad = read(path, content)
    return [row.output for row in rows], told(bad)


@pytest.mark.parametrize(
    "content",
    [
        f"[{A},{B}]",
        f"[\n{A},\n{B}\n]",
        f"[\r\n  {A}\r\n  ,\r\n  {B}\r\n]\r\n",
        f"  \n\t[ {A} , {B} ]  \n\n",
        f"[{A}{B}]",
        f"[{A},,{B}]",
        f"[{A},{B},]",
        f"[{A},\n,{B}]",
        f"[\n\n\n\n{A},\n\n\n{B}\n\n]",
        json.dumps([json.loads(A), json.loads(B)], indent=8),
        json.dumps([json.loads(A), json.loads(B)], indent="\t"),
        f"{A}\n{B}".replace(", ", ",\n"),
        f"{A},\n{B},".replace("{", "{\n"),
        json.dumps({"data": [json.loads(A), json.loads(B)]}),
        json.dumps({"data": [json.loads(A), json.loads(B)]}, indent=2),
        json.dumps({"rows": [json.loads(A), json.loads(B)], "count": 2}, indent=2),
        json.dumps({"meta": {"of": [1, 2]}, "columns": ["a"], "train": [json.loads(A), json.loads(B)]}),
        json.dumps({"examples": [json.loads(A), json.loads(B)], "test": [], "names": ["a", ["b"]]}, indent=1),
        f'{{"version": "1]}}", "items": [{A}, {B}]}}',
        f'{{"items":[{A},{B}],"n":1e5,"note":"[{{"}}\n\n',
    ],
)
def test_every_layout_of_an_array_gives_its_rows(tmp_path: Path, content: str) -> None:
    assert answers(tmp_path / "a", content) == (["b", "d"], [])
    assert answers(tmp_path / "a", gzip.compress(content.encode(), mtime=0)) == (["b", "d"], [])
    assert answers(tmp_path / "a", content.encode("utf-16")) == (["b", "d"], [])


@pytest.mark.parametrize(
    ("content", "good", "bad"),
    [
        (f"[{A}", 1, [(2, "is missing: the array does not end")]),
        (f"[{A},", 1, [(2, "is missing: the array does not end")]),
        (f'[{A},{{"instruction"', 1, [(2, f"{LOST} (expecting ':' delimiter at line 1, column 15)")]),
        (f'[{A},{{"instruction": "x', 1, [(2, f"{LOST} (unterminated string at line 1, column 17)")]),
        (f"[{A},{{'instruction': 'x'}},{B}]", 1, [(2, f"{LOST} (expecting property name")]),
        (
            f"[{A},\n\n{{\n bad\n}},{B}]",
            1,
            [(2, f"{LOST} (expecting property name enclosed in double quotes at line 2")],
        ),
        (f"[{A},undefined]", 1, [(2, f"{LOST} (expecting value at line 1, column 1)")]),
        (f"[{A},{'[' * 100_000}", 1, [(2, f"{LOST} (nested too deep)")]),
        (f"[{A},{'9' * 5000}]", 1, [(2, f"{LOST} (Exceeds the limit")]),
        (f"[{A},null,{B}]", 2, [(2, "is not a JSON object")]),
        (f'[{A},"x",{B}]', 2, [(2, "is not a JSON object")]),
        (f"[{A},1,{B}]", 2, [(2, "is not a JSON object")]),
        (f"[{A},[{B}]]", 1, [(2, "is not a JSON object")]),
        (f"[{A},{{}},{B}]", 2, [(2, "has none of the known shapes; its fields are none")]),
        (f"[{A},NaN,Infinity,-1]", 1, [(place, "is not a JSON object") for place in (2, 3, 4)]),
        (f'{{"data": [{A}, {B}', 2, [(3, "is missing: the list does not end")]),
        (f'{{"data": [{A}, {{]', 1, [(2, LOST)]),
        (f'{{"data": [{A}], "more": oops}}', 1, [(2, f"{LOST} (expecting value at line 1, column 1)")]),
        (f'{{"data": [{A}], "more"', 1, [(2, LOST)]),
        (
            f'{{"train": [{A}], "test": [{B}]}}',
            1,
            [(2, "is in the list test, which is not read beside train")],
        ),
        (
            f'{{"train": [{A}], "data": [{B}]}}',
            1,
            [(2, "is in the list data, which is not read beside train")],
        ),
        (
            f'{{"data": [{A}]}}\n{{"data": [{B}]}}'.replace(" ", "\n"),
            1,
            [(2, "is behind the object with the list, and is not read")],
        ),
    ],
)
def test_what_cannot_be_read_of_an_array_is_told(
    tmp_path: Path, content: str, good: int, bad: list[tuple[int, str]]
) -> None:
    found, reasons = answers(tmp_path / "a.json", content)
    assert len(found) == good
    assert [place for place, _ in reasons] == [place for place, _ in bad]
    for (_, reason), (_, beginning) in zip(reasons, bad, strict=True):
        assert reason.startswith(beginning)


@pytest.mark.parametrize(
    "content",
    [
        line(instruction="a", output="b", items=[{"x": 1}]),
        line(instruction="a", output="b", items=[{"x": 1}]) + "\n" + line(instruction="c", output="b"),
        line(data=[1, 2], instruction="a", output="b"),
        line(rows=[{"x": 1}], instruction="a", output="b") + "\n" + line(instruction="c", output="b"),
    ],
)
def test_a_row_with_a_list_of_its_own_is_a_row(tmp_path: Path, content: str) -> None:
    found, bad = answers(tmp_path / "a.jsonl", content)
    assert set(found) == {"b"}
    assert bad == []


def test_two_damaged_lines_at_the_beginning_do_not_hide_the_lines_below(tmp_path: Path) -> None:
    content = f'{{"instruction": "cut\n{{"instruction": "cut too\n{A}\n{B}\n'
    found, bad = answers(tmp_path / "a", content)
    assert found == ["b", "d"]
    assert [place for place, _ in bad] == [1, 2]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
def test_it_does_not_matter_where_what_is_read_at_once_ends(
    tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        {"instruction": 'ä\\" \n' * 9, "output": "b" * number, "n": [number, 1.5e10, None]}
        for number in range(1, 9)
    ]
    path = tmp_path / "a"
    text = json.dumps(rows, ensure_ascii=False, indent=1)
    path.write_text(text, encoding="utf-8")
    reader = BytesReader(path)
    monkeypatch.setattr(reader, "chunks", lambda: (text[at : at + size] for at in range(0, len(text), size)))
    assert [one.value for one in json_array(reader)] == rows  # type: ignore[union-attr]


def test_a_value_that_is_too_long_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_cursor, "LONGEST", 3 << 20)
    found, bad = answers(tmp_path / "a", f"[{A},{line(instruction='a', output='b' * (9 << 20))},{B}]")
    assert found == ["b"]
    assert bad == [(2, f"{LOST} (longer than 3 million characters)")]


def test_a_long_array_takes_little_memory(tmp_path: Path) -> None:
    row = line(instruction="a" * 500, output="b" * 500)
    for beginning, end in (("[", "]"), ('{"data": [', "]}")):
        path = tmp_path / "a.json"
        path.write_text(f"{beginning}{','.join([row] * 20_000)}{end}")
        tracemalloc.start()
        assert sum(1 for _ in DataFile(path).rows()) == 20_000
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert most < path.stat().st_size / 2
