"""JSON Lines, arrays, tables and compressed files come in whole; what cannot be read is told."""

import gzip
import json
import os
import sys
from pathlib import Path

import pytest

from selfinstruct.core.dataset_files.data_file import DataFile, open_data
from selfinstruct.core.errors import ImportDataError
from tests.core.dataset_files.files import line, read, rows_of, told

A = line(instruction="Name a river.", output="The Rhine.")
B = line(instruction="Nenne einen Fluß. 👍 日本", output="Der Rhein.")
BOTH = [("Name a river.", "The Rhine."), ("Nenne einen Fluß. 👍 日本", "Der Rhein.")]
BOM = "\ufeff"


def pairs(path: Path, content: str | bytes) -> tuple[list[tuple[str, str | None]], list[tuple[int, str]]]:
    rows, bad = read(path, content)
    return [(row.instruction, row.output) for row in rows], told(bad)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(f"{A}\n{B}\n", id="lines"),
        pytest.param(f"{A}\n{B}", id="no line end at the end"),
        pytest.param(f"{A}\r\n{B}\r\n", id="carriage returns"),
        pytest.param(f"\n\n{A}\n\n   \n{B}\n\n", id="blank lines"),
        pytest.param(f"{BOM}{A}\n{B}\n", id="a byte order mark"),
        pytest.param(f"{BOM}{A}\n{B}\n".encode("utf-16-le"), id="UTF-16 with a mark"),
        pytest.param(f"{BOM}{A}\n{B}\n".encode("utf-16-be"), id="UTF-16 the other way round"),
        pytest.param(f"{A}\n{B}\n".encode("utf-16-le"), id="UTF-16 without a mark"),
        pytest.param(
            f"{A}\r\n{B}\r\n".encode("utf-16-be"), id="UTF-16 without a mark, with carriage returns"
        ),
        pytest.param(f"{BOM}{A}\n{B}\n".encode("utf-32-le"), id="UTF-32"),
        pytest.param(f"  {A}  \n\t{B}\n", id="blanks around"),
        pytest.param(gzip.compress(f"{A}\n{B}\n".encode()), id="compressed, by content and not by name"),
        pytest.param(
            gzip.compress(f"{A}\n".encode()) + gzip.compress(f"{B}\n".encode()), id="compressed twice"
        ),
        pytest.param(f"[{A},{B}]", id="an array on one line"),
        pytest.param(f"[\n  {A},\n  {B}\n]\n", id="an array on lines"),
        pytest.param(json.dumps([json.loads(A), json.loads(B)], indent=4), id="an array, indented, escaped"),
        pytest.param(f"{BOM}[{A},{B}]", id="an array behind a mark"),
        pytest.param(f"{BOM}[{A},{B}]".encode("utf-16-le"), id="an array in UTF-16"),
        pytest.param(f"[{A}\n{B}]", id="an array without its comma"),
        pytest.param(f"[{A},{B},]", id="an array with a comma too many"),
        pytest.param(f"\n\n [ {A} , {B} ] \n", id="an array with blanks"),
        pytest.param(
            "\n".join(json.dumps(json.loads(one), indent=2) for one in (A, B)), id="objects on lines"
        ),
        pytest.param(json.dumps({"data": [json.loads(A), json.loads(B)]}), id="an object around a list"),
        pytest.param(
            json.dumps({"version": 1, "rows": [json.loads(A), json.loads(B)]}), id="beside a version"
        ),
        pytest.param(gzip.compress(f"[{A},{B}]".encode()), id="a compressed array"),
    ],
)
def test_the_same_rows_are_read_from_every_kind_of_json_file(tmp_path: Path, content: str | bytes) -> None:
    assert pairs(tmp_path / "rows.txt", content) == (BOTH, [])


TABLE = 'instruction,output\n"Name a river.",The Rhine.\nNenne einen Fluß. 👍 日本,"Der Rhein."\n'


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", TABLE),
        ("a.txt", TABLE),
        ("a.csv", TABLE.replace("\n", "\r\n")),
        ("a.csv", BOM + TABLE),
        ("a.csv", (BOM + TABLE).encode("utf-16-le")),
        ("a.csv", TABLE.removesuffix("\n")),
        ("a.csv", TABLE + "\n\n"),
        ("a.csv", TABLE.replace(",", ";")),
        ("a.tsv", TABLE.replace(",", "\t")),
        ("a.csv.gz", gzip.compress(TABLE.encode(), mtime=0)),
        ("a.csv", TABLE.replace("instruction,output", '"instruction","output"')),
    ],
)
def test_the_same_rows_are_read_from_every_kind_of_table(
    tmp_path: Path, name: str, content: str | bytes
) -> None:
    assert pairs(tmp_path / name, content) == (BOTH, [])


def test_cells_keep_line_breaks_quotes_blanks_and_carriage_returns(tmp_path: Path) -> None:
    content = 'question,answer\r\n" a\r\nb ""c"", d",\rx \n,"\n"\r\n'
    rows, bad = read(tmp_path / "a.csv", content.replace(",\rx ", ',"\rx "'))
    assert [(row.instruction, row.output) for row in rows] == [(' a\r\nb "c", d', "\rx ")]
    assert told(bad) == [(2, "has no question")]


def test_a_table_of_one_column_is_known_by_its_name(tmp_path: Path) -> None:
    rows, _ = read(tmp_path / "a.csv", "instruction\nName a river.\n")
    assert [(row.instruction, row.output) for row in rows] == [("Name a river.", None)]


@pytest.mark.parametrize(
    ("content", "good", "bad"),
    [
        (f"{A}\n{{bad\n{B}\n", 2, [(2, "is not JSON (")]),
        (f"{{bad\n{A}\n{B}\n", 2, [(1, "is not JSON (")]),
        (f'{{"instruction": "cut\n{A}\n', 1, [(1, "is not JSON (")]),
        (f'{A}\n[1]\n3\nnull\n"x"\n', 1, [(line, "is not a JSON object") for line in (2, 3, 4, 5)]),
        (A.encode() + b'\n{"instruction": "\xff", "output": "x"}\n' + B.encode(), 2, [(2, "is not UTF-8")]),
        (f"{A}\n{line(instruction='a' * 10)}\n", 2, []),
        (f"{A}\n{line(other=1)}\n", 1, [(2, "has none of the known shapes; its fields are other")]),
        (f"{A}\n{{}}\n", 1, [(2, "has none of the known shapes; its fields are none")]),
        (f'{A}\n{{"instruction": "a\\u0000", "output": "b"}}\n', 1, [(2, "has a character in instruction")]),
        (f'{A}\n{{"instruction": "a", "output": "\\ud800"}}\n', 1, [(2, "has a character in output")]),
        (f'{A}\n{{"instruction": "a", "output": NaN}}\n', 1, [(2, "has no output")]),
        (f'{A}\n{{"instruction": "a", "output": null}}\n', 1, [(2, "has no output")]),
        (f'{A}\n{{"instruction": "a", "output": " \\n"}}\n', 1, [(2, "has no output")]),
        (f'{A}\n{{"instruction": " ", "output": "b"}}\n', 1, [(2, "has no instruction")]),
        (f'{A}\n{{"instruction": {{}}, "output": "b"}}\n', 1, [(2, "has no text in instruction")]),
        (
            f'{A}\n{{"instruction": "a", "output": {"[" * 100_000}\n',
            1,
            [(2, "is not JSON (nested too deep)")],
        ),
        (
            f'{A}\n{{"instruction": "a", "output": {"9" * 5000}}}\n',
            1,
            [(2, "is not JSON (Exceeds the limit")],
        ),
        (f"[{A},{{bad}},{B}]", 1, [(2, "is not JSON, and what follows it is lost (")]),
        (f"[{A},", 1, [(2, "is missing: the array does not end")]),
        (f'[{A},{{"instruction": "cut', 1, [(2, "is not JSON, and what follows it is lost (")]),
        (f"[{A},3,{B}]", 2, [(2, "is not a JSON object")]),
        ("instruction,output\na,b\nc\nd,e,f\n", 1, [(2, "has 1 cells, and"), (3, "has 3 cells, and")]),
        (b"instruction,output\na,\xff\nb,c\n", 1, [(1, "is not UTF-8")]),
    ],
)
def test_a_bad_row_is_told_with_its_line_and_the_rest_goes_in(
    tmp_path: Path, content: str | bytes, good: int, bad: list[tuple[int, str]]
) -> None:
    rows, found = pairs(tmp_path / "rows", content)
    assert len(rows) == good
    assert [place for place, _ in found] == [place for place, _ in bad]
    for (_, reason), (_, beginning) in zip(found, bad, strict=True):
        assert reason.startswith(beginning)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a", b"", "is empty"),
        ("a", b" \n\n", "is empty"),
        ("a", BOM.encode(), "is empty"),
        ("a", b"[]", "has no rows"),
        ("a.csv", b"instruction,output\n", "has no rows"),
        ("a", gzip.compress(b"", mtime=0), "is empty"),
        ("a", gzip.compress(A.encode(), mtime=0)[:-20], "its compressed data is damaged or cut off"),
        ("a", b"\x1f\x8bnothing", "its compressed data is damaged or cut off"),
        ("a.xlsx", b"PK\x03\x04...", "is a zip archive or a spreadsheet"),
        ("a.db", b"SQLite format 3\0", "is an SQLite database"),
        ("a.zst", b"\x28\xb5\x2f\xfd...", "is compressed by zstd"),
        ("a.txt", b"Once upon a time\nthere was a file.\n", "is none of the known kinds of files"),
        ("a.py", b"import os\n", "is none of the known kinds of files"),
        ("a.csv", b"instruction,output,output\na,b,c\n", "has a column without a name, or two with the same"),
        ("a.csv", b"instruction,,output\na,b,c\n", "has a column without a name, or two with the same"),
        ("a", b'{"x": 1}\n{"y": 2}\n', "have none of the known shapes; their fields are x."),
        ("a", b'{"x": 1}', "Say which is which: --map instruction=question"),
        ("a", (BOM + A).encode("utf-16-le") + b"\x00\xd8", "is not UTF-16 text"),
        ("a.parquet", b"PAR1 and nothing", "cannot be read as Parquet"),
        ("a", b"\x00" * 100, "is none of the known kinds of files"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_sentence(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ImportDataError) as error:
        rows_of(DataFile(path))
    assert said in str(error.value)
    assert str(path) in str(error.value)


def test_what_is_no_file_is_one_sentence(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, said in (
        ("nothing.jsonl", "there is no such file"),
        ("pipe", "is not an ordinary file"),
        (".", r"is a folder without data/\*.parquet"),
    ):
        with pytest.raises(ImportDataError, match=said):
            open_data([tmp_path / name])


def test_a_file_that_is_cut_off_gives_the_rows_before(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    many = "".join(
        line(instruction=f"Name river {os.urandom(40).hex()}.", output="x") + "\n" for _ in range(5000)
    )
    path.write_bytes(gzip.compress(many.encode())[:-30_000])
    data = DataFile(path)
    with pytest.raises(ImportDataError, match="cannot be read to its end: its compressed data"):
        list(data.rows())
    rows = data.rows()
    assert [next(rows).line for _ in range(1000)] == list(range(1, 1001))


@pytest.mark.parametrize("container", ["lines", "array"])
def test_a_row_longer_than_what_is_read_at_once_comes_in(tmp_path: Path, container: str) -> None:
    long = line(instruction='Say "ä\\" \n' * 400_000, output="x")
    content = f"{A}\n{long}\n{B}\n" if container == "lines" else f"[{A},{long},{B}]"
    rows, bad = read(tmp_path / "a", content)
    assert [len(row.instruction) for row in rows] == [13, 4_000_000, len(BOTH[1][0])]
    assert bad == []


def test_progress_reaches_the_size_of_the_file(tmp_path: Path) -> None:
    for name, content in (
        ("a.jsonl", f"{A}\n{B}\n".encode()),
        ("b.gz", gzip.compress(f"[{A},{B}]".encode(), mtime=0)),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        data = DataFile(path)
        assert data.size == len(content)
        list(data.rows())
        assert data.position == data.size


def test_the_folder_of_a_hub_data_set_is_its_files(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    (tmp_path / "data").mkdir()
    for name, one in (("train-00000-of-00001", A), ("test-00000-of-00001", B)):
        pq.write_table(pa.Table.from_pylist([json.loads(one)]), tmp_path / "data" / f"{name}.parquet")
    found = [rows_of(data)[0][0].output for data in open_data([tmp_path])]
    assert found == ["Der Rhein.", "The Rhine."]


def test_nested_rows_and_missing_values_of_parquet_are_read(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    talk = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}]
    path = tmp_path / "a.parquet"
    pq.write_table(pa.Table.from_pylist([{"messages": talk}, {"messages": None}]), path)
    rows, bad = rows_of(DataFile(path))
    assert [(row.instruction, row.output) for row in rows] == [("Hello", "Hi")]
    assert told(bad) == [(2, "has no messages")]
    columns = {"instruction": ["a", "b"], "input": [float("nan"), float("nan")], "output": ["c", None]}
    pq.write_table(pa.table(columns), path)
    rows, bad = rows_of(DataFile(path))
    assert [(row.instruction, row.input, row.output) for row in rows] == [("a", "", "c")]
    assert told(bad) == [(2, "has no output")]


def test_without_the_package_for_parquet_it_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    path = tmp_path / "a.parquet"
    path.write_bytes(b"PAR1")
    with pytest.raises(ImportDataError, match=r"pip install '\.\[parquet\]'"):
        DataFile(path)
