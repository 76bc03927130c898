"""Conversations: messages of a system, a user and an assistant, as one row."""

from collections.abc import Sequence
from typing import Any

from selfinstruct.core.dataset_files.row import DataRow, RowError
from selfinstruct.core.dataset_files.values import Fields, label_in, required, split_thoughts, text_of
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


def conversation(
    messages: Any, fields: Fields, line: int, *, role: Sequence[str], content: Sequence[str]
) -> DataRow:
    """Read a list of messages: the first of the user is the instruction, the last one the output.

    Args:
        messages: The list.
        fields: The row that it is in, which may have a `system` prompt of its own.
        line: The line of the row.
        role: The names that the field with the speaker may have.
        content: The names that the field with the text may have.

    Raises:
        RowError: it cannot be kept whole, or is not a conversation.
    """
    if not isinstance(messages, list) or not messages:
        raise RowError("has no messages")
    _require_no_tools(fields)
    said: list[tuple[str, str]] = []
    last: Fields = {}
    for message in messages:
        if not isinstance(message, dict):
            raise RowError("has a message that is not an object")
        last = message
        said.append((_role(message, role), _content(message, content)))
    system = text_of(fields, "system") if "system" in fields else ""
    if said[0][0] == "system":
        if system and system != said[0][1]:
            raise RowError("has two system prompts")
        system = said.pop(0)[1]
    if any(who == "system" for who, _ in said):
        raise RowError("has a system prompt after its first message")
    return row_of(said, last, line, system=system, fields=fields)


def row_of(said: list[tuple[str, str]], last: Fields, line: int, *, system: str, fields: Fields) -> DataRow:
    """Return the row of a conversation without its system prompt.

    Args:
        said: Who says what; who is `user` or `assistant`.
        last: The last message, which may have thoughts beside its text.
        line: The line of the row.
        system: The system prompt; empty if there is none.
        fields: The row.

    Raises:
        RowError: it does not begin with the user, does not end with the assistant, or a text is blank.
    """
    if not said or said[0][0] != "user":
        raise RowError("does not begin with a message of the user")
    if said[-1][0] != "assistant":
        raise RowError("does not end with a message of the assistant")
    if any(not text.strip() for _, text in said[:-1]):
        raise RowError("has an empty message")
    thoughts, output = split_thoughts(said[-1][1], last)
    if not output.strip():
        raise RowError("has no output")
    turns = tuple(Turn("user" if who == "user" else "assistant", text) for who, text in said[1:-1])
    return DataRow(
        line,
        said[0][1],
        output=output,
        label=label_in(fields),
        conversation=Conversation(system, turns) if system or turns else None,
        thoughts=thoughts,
    )


def _require_no_tools(fields: Fields) -> None:
    if fields.get("tools") or fields.get("functions"):
        raise RowError("has tools, which cannot be kept")


def _role(message: Fields, names: Sequence[str]) -> str:
    name = next((name for name in names if name in message), names[0])
    said = str(message.get(name, "")).strip().lower()
    if said not in _ROLES:
        raise RowError(
            f"has a message of the role '{said}', which cannot be kept"
            if said
            else "has a message without a role"
        )
    return _ROLES[said]


def _content(message: Fields, names: Sequence[str]) -> str:
    if any(message.get(name) for name in _CALLS):
        raise RowError("has a call of a tool, which cannot be kept")
    if message.get("weight") == 0:
        raise RowError("has a message with the weight 0, which cannot be kept")
    name = next((name for name in names if name in message), names[0])
    value = message.get(name)
    if isinstance(value, list):
        return "".join(map(_part, value))
    return text_of(message, name)


def _part(part: Any) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, dict) and isinstance(part.get("text"), str):
        return required(part, "text", "text in a part of a message")
    raise RowError("has a part of a message that is not text, which cannot be kept")
