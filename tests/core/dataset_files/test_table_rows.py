"""Tables come in cell by cell, whoever wrote them; a row that is none is told, with what is lost with it."""

import datetime
import decimal
import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.core.dataset_files.data_file import DataFile
from selfinstruct.core.errors import ImportDataError
from tests.core.dataset_files.files import read, rows_of, said, told

Cells = list[tuple[str, str, str | None]]


def cells(path: Path, content: str | bytes) -> tuple[Cells, list[tuple[int, str]]]:
    rows, bad = read(path, content)
    return [(row.instruction, row.input, row.output) for row in rows], told(bad)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param("question,answer\na,b\n", [("a", "", "b")], id="plain"),
        pytest.param('"question","answer"\n"a","b"\n', [("a", "", "b")], id="all quoted"),
        pytest.param(
            'question,answer\n"a\nb","c\r\nd"\n', [("a\nb", "", "c\r\nd")], id="line breaks in cells"
        ),
        pytest.param('question,answer\n"say ""a""",b\n', [('say "a"', "", "b")], id="doubled quotes"),
        pytest.param('question,answer\nsay "a",b\n', [('say "a"', "", "b")], id="quotes inside a bare cell"),
        pytest.param("question,answer\n a , b \n", [(" a ", "", " b ")], id="blanks around cells stay"),
        pytest.param(" question , answer \na,b\n", [("a", "", "b")], id="blanks around names do not"),
        pytest.param("\n\nquestion,answer\na,b\n", [("a", "", "b")], id="blank lines before the names"),
        pytest.param("question,answer\n\na,b\n\n\nc,d\n", [("a", "", "b"), ("c", "", "d")], id="blank lines"),
        pytest.param("question,answer\ra,b\rc,d\r", [("a", "", "b"), ("c", "", "d")], id="carriage returns"),
        pytest.param("question,answer\r\na,b", [("a", "", "b")], id="no line end at the end"),
        pytest.param("question;answer\na, b;c\n", [("a, b", "", "c")], id="semicolons"),
        pytest.param("question;answer\n1,5;2,5\n", [("1,5", "", "2,5")], id="decimal commas"),
        pytest.param("instruction,input,output\na,,b\n", [("a", "", "b")], id="an empty cell"),
        pytest.param("id,instruction,output\n7,a,b\n", [("a", "", "b")], id="a column more"),
        pytest.param(",question\nanswer,b\n", None, id="a column without a name"),
        pytest.param('question,answer\n"{""a"": 1}",b\n', [('{"a": 1}', "", "b")], id="JSON in a cell"),
        pytest.param("question,answer\n=1+1,-2\n", [("=1+1", "", "-2")], id="what looks like a formula"),
        pytest.param("question,answer\nNaN,null\n", [("NaN", "", "null")], id="words for nothing are words"),
        pytest.param("question,answer\n日本?,👍🏽\n", [("日本?", "", "👍🏽")], id="other scripts"),
        pytest.param(
            "question,answer\na\u2028b,c\x85d\n", [("a\u2028b", "", "c\x85d")], id="other separators"
        ),
        pytest.param(
            "question,answer\n" + "a" * 200_000 + ",b\n", [("a" * 200_000, "", "b")], id="a long cell"
        ),
    ],
)
def test_cells_of_a_table_are_kept_as_they_are(tmp_path: Path, content: str, expected: Cells | None) -> None:
    if expected is None:
        with pytest.raises(ImportDataError, match="a column without a name"):
            cells(tmp_path / "a.csv", content)
        return
    assert cells(tmp_path / "a.csv", content) == (expected, [])
    assert cells(tmp_path / "a.csv.gz", gzip.compress(content.encode(), mtime=0)) == (expected, [])
    assert cells(tmp_path / "b.csv", content.encode("utf-16")) == (expected, [])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("question\tanswer\na\tb\n", [("a", "", "b")]),
        ("question\tanswer\na, b\tc; d\n", [("a, b", "", "c; d")]),
        ("question\tanswer\r\na\tb\r\n", [("a", "", "b")]),
        ("\ufeffquestion\tanswer\na\tb\n", [("a", "", "b")]),
        ("question\tanswer\nsay a\tb\n", [("say a", "", "b")]),
        ('question\tanswer\nsay "a"\tb\n', [('say "a"', "", "b")]),
        ('question\tanswer\n"a\tb"\tc\n', [("a\tb", "", "c")]),
        ('question\tanswer\n"a\nb"\tc\n', [("a\nb", "", "c")]),
        ('question\tanswer\n"say ""a"""\tc\n', [('say "a"', "", "c")]),
        ("question\tanswer\n'a'\t'b'\n", [("'a'", "", "'b'")]),
        ("question\tanswer\n a \t b \n", [(" a ", "", " b ")]),
        ("question\tcontext\tanswer\na\t\tb\n", [("a", "", "b")]),
        ("question\tcontext\tanswer\na\tc\tb\n", [("a", "c", "b")]),
        ("id\tinstruction\toutput\n1\ta\tb\n", [("a", "", "b")]),
        ("instruction\na\n", [("a", "", None)]),
        ("question\tanswer\n\\t\t\\n\n", [("\\t", "", "\\n")]),
        ("question\tanswer\na\tb\tc\nd\te\n", [("d", "", "e")]),
        ("question\tanswer\na\nd\te\n", [("d", "", "e")]),
        ("question\tanswer\na\t\nd\te\n", [("d", "", "e")]),
        ("question\tanswer\n\tb\nd\te\n", [("d", "", "e")]),
        ('question\tanswer\n"a" b\tc\nd\te\n', [("d", "", "e")]),
    ],
)
def test_cells_between_tabs_are_kept_as_they_are(tmp_path: Path, content: str, expected: Cells) -> None:
    rows, bad = cells(tmp_path / "a.tsv", content)
    assert rows == expected
    assert len(bad) == content.count("\nd\te\n")


@pytest.mark.parametrize(
    ("content", "good", "bad"),
    [
        ("a\n", 0, [(1, "has 1 cells, and the first line has 2")]),
        ("a,b,c\nd,e\n", 1, [(1, "has 3 cells, and the first line has 2")]),
        ('"a"b,c\nd,e\n', 1, [(1, """is not a row of a table (',' expected after '"')""")]),
        (
            'd,e\n"a,b\nf,g\n',
            1,
            [(2, "has a quotation mark that does not end, and the rows below it are lost")],
        ),
        (",b\nd,e\n", 1, [(1, "has no question")]),
        ("a, \nd,e\n", 1, [(1, "has no answer")]),
        (
            "a\0,b\nd,e\n",
            1,
            [(1, "has a character in question that cannot be stored (NUL or an unpaired surrogate)")],
        ),
    ],
)
def test_a_row_that_is_none_is_told(
    tmp_path: Path, content: str, good: int, bad: list[tuple[int, str]]
) -> None:
    # More rows than are looked at to recognize the file, so that these do not decide about it.
    before = "".join(f"x{number},y\n" for number in range(120))
    rows, found = cells(tmp_path / "a.csv", f"question,answer\n{before}{content}")
    assert len(rows) == 120 + good
    assert found == [(120 + number, reason) for number, reason in bad]


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.ndjson", "a", "a.jsonl.gz"])
def test_a_damaged_first_line_makes_no_table_of_json(tmp_path: Path, name: str) -> None:
    content = 'x{"instruction": "a", "output": "b"}\n{"instruction": "c", "output": "d"}\n'
    packed = gzip.compress(content.encode(), mtime=0) if name.endswith("gz") else content.encode()
    rows, bad = cells(tmp_path / name, packed)
    assert rows == [("c", "", "d")]
    assert bad == [(1, "is not JSON (expecting value at column 1)")]


TALK = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"instruction": ["a"], "output": ["b"]}, [("a", "", "b")]),
        ({"instruction": ["a"], "input": [None], "output": ["b"]}, [("a", "", "b")]),
        ({"instruction": ["a"], "input": ["c"], "output": ["b"]}, [("a", "c", "b")]),
        ({"question": ["a"], "answer": [3]}, [("a", "", "3")]),
        ({"question": ["a"], "answer": [2.5]}, [("a", "", "2.5")]),
        ({"question": ["a"], "answer": [True]}, [("a", "", "true")]),
        ({"question": ["a"], "answer": [2**60]}, [("a", "", "1152921504606846976")]),
        ({"question": ["a", "c"], "answer": [None, "d"]}, [("c", "", "d")]),
        ({"question": ["a", "c"], "answer": [float("nan"), 1.0]}, [("c", "", "1.0")]),
        ({"question": ["a", "c"], "answer": ["", "d"]}, [("c", "", "d")]),
        ({"question": ["a", "c"], "answer": ["b\0", "d"]}, [("c", "", "d")]),
        ({"question": ["a"], "answer": [["b"]], "other": [1]}, None),
        ({"question": ["a"], "answer": [b"b"]}, None),
        ({"question": ["a"], "answer": [datetime.date(2026, 1, 2)]}, None),
        ({"question": ["a"], "answer": [decimal.Decimal("1.5")]}, None),
        ({"messages": [TALK]}, [("Hello", "", "Hi")]),
        ({"messages": [TALK, None]}, [("Hello", "", "Hi")]),
        ({"messages": [TALK, []]}, [("Hello", "", "Hi")]),
        ({"messages": [[{**one, "tool_calls": None} for one in TALK]]}, [("Hello", "", "Hi")]),
        (
            {"conversations": [[{"from": "human", "value": "Hello"}, {"from": "gpt", "value": "Hi"}]]},
            [("Hello", "", "Hi")],
        ),
        ({"prompt": [TALK[:1]], "completion": [TALK[1:]]}, [("Hello", "", "Hi")]),
        ({"prompt": [TALK[:1]], "chosen": [TALK[1:]], "rejected": [TALK[1:]]}, [("Hello", "", "Hi")]),
        ({"日本": ["a"], "question": ["a"], "answer": ["b"]}, [("a", "", "b")]),
    ],
)
def test_values_of_parquet_are_read_like_those_of_json(
    tmp_path: Path, columns: dict[str, list[Any]], expected: Cells | None
) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    rows, bad = rows_of(DataFile(tmp_path / "a.parquet"))
    assert [(row.instruction, row.input, row.output) for row in rows] == (expected or [])
    assert len(bad) == len(next(iter(columns.values()))) - len(rows)
    assert all(one.reason.startswith("has ") for one in bad)


def test_parquet_is_known_by_its_content_also_compressed_and_in_several_groups(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    table = pa.table({"instruction": [f"a{number}" for number in range(3000)], "output": ["b"] * 3000})
    pq.write_table(table, tmp_path / "plain", row_group_size=700, compression="gzip")
    (tmp_path / "packed").write_bytes(gzip.compress((tmp_path / "plain").read_bytes(), mtime=0))
    for name in ("plain", "packed"):
        data = DataFile(tmp_path / name)
        assert data.recognized.container == "Parquet"
        rows, bad = rows_of(data)
        assert [row.line for row in rows] == list(range(1, 3001))
        assert bad == []
        assert data.position == data.size


def test_parquet_without_rows_or_of_other_columns_is_one_sentence(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    path = tmp_path / "a.parquet"
    for table, sentence in (
        ({"instruction": pa.array([], pa.string())}, "has no rows"),
        (
            {"x": ["a"], "y": ["b"]},
            r"have none of the known shapes; their fields are x, y\. Say which is which",
        ),
    ):
        pq.write_table(pa.table(table), path)
        with pytest.raises(ImportDataError, match=sentence):
            DataFile(path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ImportDataError, match="cannot be read as Parquet"):
        DataFile(path)


def test_a_conversation_of_parquet_is_whole(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    messages = [{"role": "system", "content": "Be kind."}, *TALK, *TALK]
    pq.write_table(pa.Table.from_pylist([{"messages": messages}]), tmp_path / "a")
    ((row,), _) = rows_of(DataFile(tmp_path / "a"))
    assert said(row) == [(one["role"], one["content"]) for one in messages]


@pytest.mark.parametrize("kind", ["table", "parquet", "array", "lines"])
def test_a_compressed_file_that_is_cut_off_is_one_sentence_whatever_is_in_it(
    tmp_path: Path, kind: str
) -> None:
    rows = [(f"Name river {os.urandom(40).hex()}.", "x") for _ in range(5000)]
    if kind == "parquet":
        pa = pytest.importorskip("pyarrow")
        import pyarrow.parquet as pq

        pq.write_table(
            pa.Table.from_pylist([{"question": a, "answer": b} for a, b in rows]), tmp_path / "whole"
        )
        content = (tmp_path / "whole").read_bytes()
    else:
        texts = [json.dumps({"question": a, "answer": b}) for a, b in rows]
        content = {
            "table": "".join(["question,answer\n", *(f"{a},{b}\n" for a, b in rows)]),
            "array": f"[{','.join(texts)}]",
            "lines": "\n".join(texts),
        }[kind].encode()
    (tmp_path / "a.gz").write_bytes(gzip.compress(content, mtime=0)[:-30_000])
    with pytest.raises(ImportDataError, match="its compressed data is damaged or cut off"):
        list(DataFile(tmp_path / "a.gz").rows())


def test_a_table_that_is_no_text_in_its_encoding_is_one_sentence(tmp_path: Path) -> None:
    content = "question,answer\n" + "a,b\n" * 50_000
    (tmp_path / "a.csv").write_bytes(content.encode("utf-16") + b"\x00\xd8\x00")
    with pytest.raises(ImportDataError, match=r"is not UTF-16 text \(.*\)\. Save it as UTF-8"):
        list(DataFile(tmp_path / "a.csv").rows())
