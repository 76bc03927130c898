"""What an export writes, an import reads back: the same rows, for every format that can hold them."""

import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfinstruct.core.dataset_files.data_file import DataFile
from selfinstruct.core.dataset_files.row import DataRow
from selfinstruct.core.export.format_kinds import JsonFormat, SpreadsheetFormat
from selfinstruct.core.export.formats.csv_table import CSV
from selfinstruct.core.export.formats.gpt3 import GPT3
from selfinstruct.core.export.parquet_file import write_parquet
from selfinstruct.core.export.registry import format_of
from selfinstruct.core.export.style import Style
from selfinstruct.db.records import Conversation, TrainingRow, Turn
from tests.core.dataset_files.files import rows_of

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
SOME = TEXT.filter(lambda text: bool(text.strip()) and not text.lstrip().startswith(("<", "[", "◁")))
WORD = st.text("abc xyz.", min_size=1, max_size=20).map(str.strip).filter(bool)
ROW = st.builds(TrainingRow, st.just(1), st.just("imported"), SOME, TEXT, SOME)
TURNS = st.lists(st.tuples(SOME, SOME), max_size=2).map(
    lambda pairs: tuple(
        turn for said, asked in pairs for turn in (Turn("assistant", said), Turn("user", asked))
    )
)
SYSTEM = TEXT.filter(lambda text: not text or bool(text.strip()))
TALK = st.builds(Conversation, SYSTEM, TURNS).filter(lambda talk: bool(talk.system or talk.turns))


def back(
    path: Path, rows: list[TrainingRow], style: Style, written: JsonFormat | SpreadsheetFormat
) -> list[DataRow]:
    content = written.frame(path).around(written.line(row, style) for row in rows)
    path.write_bytes(b"".join(content))
    found, bad = rows_of(DataFile(path))
    assert bad == []
    return found


def parts(row: DataRow | TrainingRow) -> tuple[object, ...]:
    return row.instruction, row.input, row.output, row.conversation, row.thoughts


def joined(row: TrainingRow, style: Style) -> TrainingRow:
    return replace(row, instruction=style.question(row), input="")


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.csv"])
@settings(deadline=None, max_examples=60)
@given(rows=st.lists(ROW, min_size=1, max_size=5))
def test_instruction_input_and_output_come_back_to_the_character(
    name: str, tmp_path_factory: pytest.TempPathFactory, rows: list[TrainingRow]
) -> None:
    written = CSV if name == "a.csv" else format_of("alpaca")
    assert isinstance(written, JsonFormat | SpreadsheetFormat)
    found = back(tmp_path_factory.mktemp("rows") / name, rows, Style(), written)
    assert list(map(parts, found)) == list(map(parts, rows))


@pytest.mark.parametrize("name", ["messages", "sharegpt", "prompt-completion"])
@settings(deadline=None, max_examples=60)
@given(
    rows=st.lists(ROW | st.builds(replace, ROW, conversation=TALK), min_size=1, max_size=5),
    join=st.sampled_from(["\n", "\n\n"]),
)
def test_conversations_come_back_with_instruction_and_input_as_one_text(
    name: str, tmp_path_factory: pytest.TempPathFactory, rows: list[TrainingRow], join: str
) -> None:
    style = Style(join, has_conversations=any(row.conversation for row in rows))
    written = format_of(name)
    assert isinstance(written, JsonFormat)
    found = back(tmp_path_factory.mktemp("rows") / "a.jsonl", rows, style, written)
    assert list(map(parts, found)) == [parts(joined(row, style)) for row in rows]


@settings(deadline=None, max_examples=30)
@given(rows=st.lists(ROW | st.builds(replace, ROW, conversation=TALK), min_size=1, max_size=5))
def test_conversations_come_back_from_parquet(
    tmp_path_factory: pytest.TempPathFactory, rows: list[TrainingRow]
) -> None:
    pytest.importorskip("pyarrow")
    path, style, written = tmp_path_factory.mktemp("rows") / "a.parquet", Style(), format_of("parquet")
    with path.open("wb") as file:
        write_parquet(file, (written.line(row, style) for row in rows))
    found, bad = rows_of(DataFile(path))
    assert bad == []
    assert list(map(parts, found)) == [parts(joined(row, style)) for row in rows]


@settings(deadline=None, max_examples=60)
@given(
    rows=st.lists(st.builds(replace, ROW, thoughts=SOME.map(str.strip)), min_size=1, max_size=4),
    apart=st.booleans(),
)
def test_thoughts_come_back_from_where_an_export_puts_them(
    tmp_path_factory: pytest.TempPathFactory, rows: list[TrainingRow], apart: bool
) -> None:
    style = Style(thoughts_apart=apart)
    put = (
        rows
        if apart
        else [
            replace(row, output=f"<think>\n{row.thoughts}\n</think>\n\n{row.output.lstrip()}", thoughts="")
            for row in rows
        ]
    )
    written = format_of("messages")
    assert isinstance(written, JsonFormat)
    found = back(tmp_path_factory.mktemp("rows") / "a.jsonl", put, style, written)
    assert [(row.thoughts, row.output) for row in found] == [
        (row.thoughts, row.output if apart else row.output.lstrip()) for row in rows
    ]


@settings(deadline=None, max_examples=100)
@given(instruction=WORD, given_=WORD | st.just(""), output=WORD, seed=st.integers(0, 99))
def test_a_row_of_the_papers_layouts_comes_back_in_parts_or_whole(
    tmp_path_factory: pytest.TempPathFactory, instruction: str, given_: str, output: str, seed: int
) -> None:
    row = TrainingRow(1, "imported", instruction, given_, output)
    path = tmp_path_factory.mktemp("rows") / "a.jsonl"
    (found,) = back(path, [row], Style(rng=random.Random(seed)), GPT3)
    assert found.output == output
    whole = {f"{instruction}{gap}{given_}" for gap in ("\n", "\n\n")} if given_ else set()
    assert (found.instruction, found.input) == (instruction, given_) or (
        found.instruction in whole and found.input == ""
    )
