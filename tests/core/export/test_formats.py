"""Every format: what a row looks like in it."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.core.export.format_kinds import JsonFormat, ParquetFormat
from selfinstruct.core.export.options import JOINS
from selfinstruct.core.export.registry import FORMATS, format_of
from selfinstruct.core.export.style import Style
from selfinstruct.db.records import TrainingRow
from tests.core.export.rows import PLAIN, TALK, WITH_INPUT, WITH_SYSTEM

BLANK_LINE = Style(JOINS["blank-line"])
LINE_BREAK = Style(JOINS["line-break"])
LISTS = Style(has_conversations=True)


def user(content: str) -> dict[str, str]:
    return {"role": "user", "content": content}


def assistant(content: str) -> dict[str, str]:
    return {"role": "assistant", "content": content}


SYSTEM = {"role": "system", "content": "Be brief."}
TALK_MESSAGES = [
    user("Name a tree.\n\nin Spain"),
    assistant("oak"),
    user("Another one."),
    assistant("the ash"),
]

CASES: list[tuple[str, TrainingRow, Style, Any]] = [
    ("messages", PLAIN, BLANK_LINE, {"messages": [user("Write a haiku."), assistant("Late rain")]}),
    (
        "messages",
        WITH_INPUT,
        BLANK_LINE,
        {"messages": [user("Name a river.\n\nKenya"), assistant("the Tana")]},
    ),
    ("messages", WITH_INPUT, LINE_BREAK, {"messages": [user("Name a river.\nKenya"), assistant("the Tana")]}),
    ("messages", WITH_SYSTEM, BLANK_LINE, {"messages": [SYSTEM, user("Name a bird."), assistant("wren")]}),
    ("messages", TALK, BLANK_LINE, {"messages": TALK_MESSAGES}),
    (
        "alpaca",
        WITH_INPUT,
        BLANK_LINE,
        {"instruction": "Name a river.", "input": "Kenya", "output": "the Tana"},
    ),
    (
        "sharegpt",
        WITH_SYSTEM,
        BLANK_LINE,
        {
            "conversations": [
                {"from": "system", "value": "Be brief."},
                {"from": "human", "value": "Name a bird."},
                {"from": "gpt", "value": "wren"},
            ]
        },
    ),
    (
        "sharegpt",
        TALK,
        LINE_BREAK,
        {
            "conversations": [
                {"from": "human", "value": "Name a tree.\nin Spain"},
                {"from": "gpt", "value": "oak"},
                {"from": "human", "value": "Another one."},
                {"from": "gpt", "value": "the ash"},
            ]
        },
    ),
    (
        "prompt-completion",
        WITH_INPUT,
        LINE_BREAK,
        {"prompt": "Name a river.\nKenya", "completion": "the Tana"},
    ),
    (
        "prompt-completion",
        PLAIN,
        LISTS,
        {"prompt": [user("Write a haiku.")], "completion": [assistant("Late rain")]},
    ),
    ("prompt-completion", TALK, LISTS, {"prompt": TALK_MESSAGES[:-1], "completion": TALK_MESSAGES[-1:]}),
]


@pytest.mark.parametrize(("name", "row", "style", "expected"), CASES)
def test_a_row_looks_as_its_format_has_it(name: str, row: TrainingRow, style: Style, expected: Any) -> None:
    one = format_of(name)
    assert isinstance(one, JsonFormat)
    assert one.encode(row, style) == expected
    assert json.loads(one.line(row, style)) == expected


@pytest.mark.parametrize("row", [WITH_SYSTEM, TALK])
@pytest.mark.parametrize("name", [one.name for one in FORMATS if one.holds_conversations])
def test_a_format_that_holds_conversations_holds_each_text_of_them(name: str, row: TrainingRow) -> None:
    assert row.conversation is not None
    line = format_of(name).line(row, LISTS).decode()
    texts = [row.instruction, row.output, row.conversation.system]
    assert all(text in line for text in [*texts, *(turn.content for turn in row.conversation.turns)])


def test_parquet_holds_the_messages_that_json_has() -> None:
    parquet, messages = format_of("parquet"), format_of("messages")
    assert isinstance(parquet, ParquetFormat)
    assert (
        json.loads(parquet.line(TALK, BLANK_LINE)) == json.loads(messages.line(TALK, BLANK_LINE))["messages"]
    )


def test_a_line_is_one_line_whatever_is_in_the_texts() -> None:
    odd = TrainingRow(1, "model", "a\nb\r\u2028c", 'd"\\\t', "\x00\x1f e\n")
    for one in FORMATS:
        if isinstance(one, JsonFormat):
            line = one.line(odd, Style(rng=random.Random(1)))
            assert line.count(b"\n") == 0
            assert b"\r" not in line


@pytest.mark.parametrize(
    ("path", "rows", "expected"),
    [
        ("t.jsonl", [b"1", b"2"], b"1\n2\n"),
        ("t", [b"1"], b"1\n"),
        ("t.jsonl", [], b""),
        ("t.json", [b"1", b"2"], b"[\n  1,\n  2\n]\n"),
        ("T.JSON", [], b"[]\n"),
    ],
)
def test_rows_are_lines_or_one_array_by_the_name_of_the_file(
    path: str, rows: list[bytes], expected: bytes
) -> None:
    one = format_of("messages")
    assert isinstance(one, JsonFormat)
    assert b"".join(one.frame(Path(path)).around(iter(rows))) == expected
