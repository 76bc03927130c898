"""How rows are put into words: one text of instruction and input, messages of a conversation."""

import random
from dataclasses import dataclass, field
from typing import cast

from selfinstruct.core.export.options import JOINS
from selfinstruct.db.records import Message, TrainingRow


@dataclass(frozen=True, slots=True)
class Style:
    """What all rows of an export have in common."""

    join: str = JOINS["blank-line"]
    """What stands between instruction and input."""
    has_conversations: bool = False
    """Whether a row has several turns or a system prompt, if the format depends on that."""
    thoughts_apart: bool = False
    """Whether messages have a field for the reasoning that led to them."""
    rng: random.Random = field(default_factory=random.Random)
    """Picks among layouts, if there are several."""

    def question(self, row: TrainingRow) -> str:
        """Join instruction and input, if there is one."""
        return f"{row.instruction}{self.join}{row.input}" if row.input else row.instruction

    def prompt(self, row: TrainingRow) -> list[Message]:
        """The messages before the last answer."""
        question: Message = {"role": "user", "content": self.question(row)}
        if row.conversation is None:
            return [question]
        system = row.conversation.system
        first: list[Message] = [{"role": "system", "content": system}] if system else []
        turns: list[Message] = [
            {"role": turn.role, "content": turn.content} for turn in row.conversation.turns
        ]
        return [*first, question, *turns]

    def messages(self, row: TrainingRow) -> list[Message]:
        """The whole conversation, which ends with the output."""
        messages = [*self.prompt(row), answer(row.output)]
        if self.thoughts_apart:
            # The same keys in every message: loaders make one table of them.
            thoughts = [""] * (len(messages) - 1) + [row.thoughts]
            apart = zip(messages, thoughts, strict=True)
            return [cast("Message", {**one, "reasoning_content": thought}) for one, thought in apart]
        return messages


def answer(output: str) -> Message:
    """Return an output as a message of the assistant."""
    return {"role": "assistant", "content": output}
