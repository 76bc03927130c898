"""Pairs of what is asked and what is answered, each as a text or as messages."""

import json
from collections.abc import Iterable
from typing import Any

from selfinstruct.core.dataset_files.conversations import (
    conversation,
    first_asked,
    is_message,
    require_wanted,
    row_of,
    said_in,
)
from selfinstruct.core.dataset_files.row import DataRow, RowError
from selfinstruct.core.dataset_files.thought_blocks import split_thoughts
from selfinstruct.core.dataset_files.values import Fields, label_in, only_one, required, system_in, text_of
from selfinstruct.db.records import Conversation

Messages = list[Any]


def pair(fields: Fields, line: int, *, asked: str, answered: str, given: Iterable[str] = ()) -> DataRow:
    """Read a row whose question and answer have a field each.

    Args:
        fields: The row; its system prompt, its earlier turns (`history`) and its thoughts are kept.
        line: Its line.
        asked: The field with the question: a text, or messages.
        answered: The field with the answer: a text, a message or messages.
        given: The fields that the input may be in.

    Raises:
        RowError: a text is missing, or the row cannot be kept whole.
    """
    require_wanted(fields)
    prompt, answer = fields[asked], fields[answered]
    if _are_messages(prompt) or _are_messages(answer):
        return conversation(_messages_of(fields, asked, answered, given), fields, line)
    instruction, system = required(fields, asked, asked), system_in(fields)
    if fields.get("history"):
        question = joined_text(instruction, only_input(fields, given))
        said = [*_history(fields), ("user", question), ("assistant", text_of(fields, answered))]
        return row_of(said, line, fields, system=system)
    thoughts, output = split_thoughts(required(fields, answered, answered), fields)
    if not output.strip():
        raise RowError(f"has no {answered}")
    return DataRow(
        line,
        instruction,
        only_input(fields, given),
        output,
        label_in(fields),
        Conversation(system) if system else None,
        thoughts,
        text_of(fields, "id") if isinstance(fields.get("id"), str) else "",
    )


def asked_text(fields: Fields, asked: str | None) -> str | None:
    """Return the text of a question that is a text, a number or messages; None otherwise."""
    value = fields.get(asked) if asked else None
    if isinstance(value, int | float):
        return json.dumps(value)
    return value if isinstance(value, str) else first_asked(value)


def only_input(fields: Fields, given: Iterable[str]) -> str:
    """Return the one text that is given with a question; empty if there is none.

    Raises:
        RowError: there are several.
    """
    return only_one(fields, given, "two inputs")


def joined_text(instruction: str, given: str) -> str:
    """Return instruction and input as one text, on lines of their own."""
    return f"{instruction}\n{given}" if given else instruction


def _are_messages(value: object) -> bool:
    if isinstance(value, list):
        return all(isinstance(one, dict) for one in value)
    return isinstance(value, dict) and is_message(value)


def _messages_of(fields: Fields, asked: str, answered: str, given: Iterable[str]) -> Messages:
    """Return the messages of a row in which the question or the answer is given as messages.

    Raises:
        RowError: it has earlier turns elsewhere, or the parts do not belong together.
    """
    if fields.get("history"):
        raise RowError("has a history beside its messages")
    before, after = fields[asked], fields[answered]
    if not _are_messages(before):
        question = joined_text(required(fields, asked, asked), only_input(fields, given))
        before = {"role": "user", "content": question}
    if not _are_messages(after):
        after = {"role": "assistant", "content": after}
    return _joined(*(value if isinstance(value, list) else [value] for value in (before, after)))


def _joined(before: Messages, after: Messages) -> Messages:
    """Return the messages of a question and its answer; the answer may repeat the question.

    Raises:
        RowError: the answer begins with another question.
    """
    if first_asked(after) is None:
        return [*before, *after]
    (systems, said), (others, repeated) = (_by_system(said_in(messages)) for messages in (before, after))
    if repeated[: len(said)] != said or (systems and others and systems != others):
        raise RowError("has an answer that begins with another question")
    return after if others else [*before[: len(systems)], *after]


def _by_system(said: list[tuple[str, str]]) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return the system prompt, if one is at the beginning, and what follows it."""
    split = 1 if said and said[0][0] == "system" else 0
    return said[:split], said[split:]


def _history(fields: Fields) -> list[tuple[str, str]]:
    """Return earlier turns, as LLaMA-Factory has them."""
    history = fields["history"]
    if not isinstance(history, list):
        raise RowError("has no list in history")
    said: list[tuple[str, str]] = []
    for turn in history:
        if not (isinstance(turn, list) and len(turn) == 2 and all(isinstance(text, str) for text in turn)):
            raise RowError("has a part of its history that is not a pair of texts")
        asked, answered = (text_of({"history": text}, "history") for text in turn)
        said += [("user", asked), ("assistant", answered)]
    return said
