"""Conversations: messages of a system, a user and an assistant, as one row."""

from collections.abc import Sequence
from typing import Any

from selfinstruct.core.dataset_files.row import DataRow, RowError
from selfinstruct.core.dataset_files.thought_blocks import split_thoughts, thoughts_beside
from selfinstruct.core.dataset_files.values import Fields, label_in, system_in, text_of
from selfinstruct.db.records import Conversation, Turn

_ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "prompter": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bot": "assistant",
    "model": "assistant",
    "bing": "assistant",
    "bard": "assistant",
}
_CALLS = ("tool_calls", "function_call")


_SPEAKERS, _TEXTS = ("role", "from"), ("content", "value", "text")
"""The names that the speaker and the text of a message have."""
_RATINGS = ("label", "kto_tag")


def conversation(messages: Any, fields: Fields, line: int) -> DataRow:
    """Read a list of messages: the first of the user is the instruction, the last one the output.

    Args:
        messages: The list.
        fields: The row that it is in, which may have a system prompt or thoughts of its own.
        line: The line of the row.

    Raises:
        RowError: it cannot be kept whole, or is not a conversation.
    """
    if not isinstance(messages, list) or not messages:
        raise RowError("has no messages")
    require_wanted(fields)
    if fields.get("tools") or fields.get("functions"):
        raise RowError("has tools, which cannot be kept")
    said = said_in(messages)
    system = system_in(fields)
    if said[0][0] == "system":
        first = said.pop(0)[1]
        if system.strip() and first.strip() and system != first:
            raise RowError("has two system prompts")
        system = first or system
    if any(who == "system" for who, _ in said):
        raise RowError("has a system prompt after its first message")
    return row_of(said, line, messages[-1], fields, system=system)


def said_in(messages: Sequence[Any]) -> list[tuple[str, str]]:
    """Return who says what; who is `system`, `user` or `assistant`.

    Raises:
        RowError: something else than its text belongs to a message, or its speaker is unknown.
    """
    said: list[tuple[str, str]] = []
    for number, message in enumerate(messages, start=1):
        if not isinstance(message, dict):
            raise RowError("has a message that is not an object")
        said.append((_role(message), _content(message)))
        if number < len(messages) and thoughts_beside(message):
            raise RowError(f"has thoughts in message {number}, and only those of the last one can be kept")
    return said


def row_of(said: list[tuple[str, str]], line: int, *fields: Fields, system: str) -> DataRow:
    """Return the row of a conversation without its system prompt.

    Args:
        said: Who says what; who is `user` or `assistant`.
        line: The line of the row.
        fields: What may have thoughts beside the last text, and at the end the row.
        system: The system prompt; empty if there is none.

    Raises:
        RowError: it does not begin with the user, does not end with the assistant, or a text is blank.
    """
    if not said or said[0][0] != "user":
        raise RowError("does not begin with a message of the user")
    if said[-1][0] != "assistant":
        raise RowError("does not end with a message of the assistant")
    if any(not text.strip() for _, text in said[:-1]):
        raise RowError("has an empty message")
    thoughts, output = split_thoughts(said[-1][1], *fields)
    if not output.strip():
        raise RowError("has no output")
    turns = tuple(Turn("user" if who == "user" else "assistant", text) for who, text in said[1:-1])
    return DataRow(
        line,
        said[0][1],
        output=output,
        label=label_in(fields[-1]),
        conversation=Conversation(system, turns) if system or turns else None,
        thoughts=thoughts,
    )


def first_asked(messages: Any) -> str | None:
    """Return the first text of the user in a list of messages; None if there is none.

    Whatever else is wrong with them does not matter.
    """
    for message in messages if isinstance(messages, list) else ():
        if isinstance(message, dict) and _ROLES.get(_speaker(message)) == "user":
            text = message.get(_named(message, _TEXTS))
            if isinstance(text, list):
                parts = [part.get("text") for part in text if isinstance(part, dict)]
                said = [part for part in parts if isinstance(part, str)]
                return "\n".join(said) if parts else None
            return text if isinstance(text, str) else None
    return None


def is_message(value: Fields) -> bool:
    """Whether an object is a message: whether it has a speaker."""
    return any(name in value for name in _SPEAKERS)


def require_wanted(fields: Fields) -> None:
    """Check that a row is not rated as one that a model should not learn.

    Raises:
        RowError: it is.
    """
    if any(fields.get(name) is False for name in _RATINGS):
        raise RowError("is rated as an answer that is not wanted")


def _speaker(message: Fields) -> str:
    return str(message.get(_named(message, _SPEAKERS), "")).strip().lower()


def _named(message: Fields, names: Sequence[str]) -> str:
    return next((name for name in names if name in message), names[0])


def _role(message: Fields) -> str:
    said = _speaker(message)
    if not said:
        raise RowError("has a message without a role")
    if said not in _ROLES:
        raise RowError(f"has a message of the role '{said}', which cannot be kept")
    return _ROLES[said]


def _content(message: Fields) -> str:
    if any(message.get(name) for name in _CALLS):
        raise RowError("has a call of a tool, which cannot be kept")
    if message.get("weight") == 0:
        raise RowError("has a message with the weight 0, which cannot be kept")
    name = _named(message, _TEXTS)
    value = message.get(name)
    if isinstance(value, list):
        return "".join(map(_part, value))
    return text_of(message, name)


def _part(part: Any) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, dict) and isinstance(part.get("text"), str):
        return text_of(part, "text")
    raise RowError("has a part of a message that is not text, which cannot be kept")
