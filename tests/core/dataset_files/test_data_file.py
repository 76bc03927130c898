"""Whatever is in a file, it is rows, bad rows with their reasons, or one sentence."""

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfinstruct.core.dataset_files.data_file import DataFile
from selfinstruct.core.dataset_files.row import BadRow, DataRow
from selfinstruct.core.errors import ImportDataError
from selfinstruct.core.util.storable_text import is_storable

pytestmark = pytest.mark.long

NAMES = st.sampled_from(
    [
        "instruction",
        "input",
        "output",
        "prompt",
        "completion",
        "chosen",
        "rejected",
        "question",
        "answer",
        "context",
        "system",
        "history",
        "messages",
        "conversations",
        "role",
        "content",
        "from",
        "value",
        "instances",
        "raw_instances",
        "response",
        "choices",
        "label",
        "is_classification",
        "reasoning",
        "thinking",
        "data",
        "rows",
        "metadata",
        "preferred_output",
        "non_preferred_output",
    ]
)
TEXTS = st.sampled_from(
    ["", " ", "user", "gpt", "system", "a\nb", "<think>", "</think>x", "1.\n2.", "\0", "\ud800", "é"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
ROWS = st.lists(st.dictionaries(NAMES, VALUES, max_size=5), min_size=1, max_size=4)


def read(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    told, rows = "", list[DataRow | BadRow]()
    try:
        rows = list(DataFile(path).rows())
    except ImportDataError as error:
        told = str(error)
    assert rows or str(path) in told
    for row in rows:
        if isinstance(row, BadRow):
            assert row.reason
            continue
        assert isinstance(row, DataRow)
        assert row.instruction.strip()
        assert row.output is None or row.output.strip()
        texts = [row.instruction, row.input, row.output or "", row.thoughts, row.name]
        if row.conversation is not None:
            texts += [row.conversation.system, *(turn.content for turn in row.conversation.turns)]
        assert all(map(is_storable, texts))


@settings(deadline=None, max_examples=300)
@given(rows=ROWS, form=st.sampled_from(["lines", "array", "indented", "list", "csv", "utf-16", "gzip"]))
def test_whatever_rows_hold_they_are_read_or_told(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, object]], form: str
) -> None:
    lines = "".join(f"{json.dumps(row)}\n" for row in rows)
    cells: list[list[object]] = [list(rows[0]), *(list(row.values()) for row in rows)]
    content = {
        "lines": lines.encode(),
        "array": json.dumps(rows).encode(),
        "indented": json.dumps(rows, indent=1).encode(),
        "list": json.dumps({"data": rows}, indent=1).encode(),
        "csv": "".join(f"{','.join(json.dumps(cell) for cell in row)}\n" for row in cells).encode(),
        "utf-16": lines.encode("utf-16"),
        "gzip": gzip.compress(lines.encode(), mtime=0),
    }[form]
    read(tmp_path_factory.mktemp("rows") / ("a.csv" if form == "csv" else "a"), content)


@settings(deadline=None, max_examples=200)
@given(
    rows=ROWS,
    cut=st.integers(0, 200),
    noise=st.binary(max_size=6),
    name=st.sampled_from(["a", "a.csv", "a.tsv", "a.json"]),
)
def test_whatever_happened_to_a_file_it_is_read_or_told(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, object]], cut: int, noise: bytes, name: str
) -> None:
    content = json.dumps(rows).encode()
    read(tmp_path_factory.mktemp("rows") / name, content[:cut] + noise + content[cut + 3 :])


@settings(deadline=None, max_examples=200)
@given(content=st.binary(max_size=60), name=st.sampled_from(["a", "a.csv", "a.tsv", "a.jsonl"]))
def test_whatever_bytes_a_file_has_it_is_read_or_told(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, name: str
) -> None:
    read(tmp_path_factory.mktemp("bytes") / name, content)
