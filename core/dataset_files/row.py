"""The rows of a data file, in the terms of the method."""

from dataclasses import dataclass

from selfinstruct.db.records import Conversation, Label


@dataclass(frozen=True, slots=True)
class DataRow:
    """A task with at most one instance; texts are as in the file."""

    line: int
    """The line of the file; in an array or a table, the number of the row. Counted from 1."""
    instruction: str
    input: str = ""
    output: str | None = None
    """None: the row is a task without an instance."""
    label: Label | None = None
    conversation: Conversation | None = None
    """What else a conversation has: a system prompt, and turns between the instruction and the output."""
    thoughts: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be read."""

    line: int
    reason: str
    """A clause whose subject is the row: "has no output"."""
    text: str
    """The row as it is in the file."""


class RowError(ValueError):
    """A row that cannot be read; the message is a clause whose subject is the row."""
