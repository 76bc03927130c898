"""`--check-model`: what a model's own chat template and tokenizer make of rows, counted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from selfinstruct.core.util.blocks import in_blocks

Message = Mapping[str, Any]
"""A message of a chat, as a trainer gives it to the template: `role`, `content`, perhaps more."""

Fault = Literal["refused", "empty", "cut"]
"""Why nothing of a row is trained: the template refuses the row or leaves the answer out, or the prompt alone
reaches the maximum length."""

_BLOCK = 256
"""Rows that are tokenized at once."""
_FEW = 16
"""Tokens of an answer that are looked at first."""
_SHOWN = 5
"""Rows that a sentence names."""


class TemplateRefusedError(Exception):
    """The chat template refuses the messages; the message says why."""


class ChatModel(Protocol):
    """The chat template and the tokenizer of a model."""

    @property
    def name(self) -> str:
        """The model, for sentences."""

    @property
    def max_length(self) -> int | None:
        """The most tokens of a text that the tokenizer names; None if it names none."""

    def render(self, messages: Sequence[Message]) -> tuple[str, str]:
        """Return the prompt of the last answer, and the whole conversation.

        Raises:
            TemplateRefusedError: The template does not take these messages.
        """

    def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the tokens of each text; texts hold all special tokens already."""

    def holds_text(self, tokens: Sequence[int]) -> bool:
        """Whether tokens hold more than special tokens and spaces."""


@dataclass(frozen=True, slots=True)
class UntrainedRow:
    """A row of which nothing is trained."""

    number: int
    """The number of the row, from 1."""
    fault: Fault
    detail: str = ""
    """What the template says."""


@dataclass(frozen=True, slots=True)
class ModelCheck:
    """What a model's template and tokenizer make of rows."""

    model: str
    max_length: int | None
    """Tokens; longer rows are cut off there."""
    rows: int
    tokens: int
    """Tokens of all rows in full, except those that the template refuses."""
    trained_tokens: int
    """Those of the last answers, without what is cut off."""
    longest: int
    """Tokens of the longest row."""
    too_long: tuple[int, ...]
    """The numbers of the rows that are cut off."""
    untrained: tuple[UntrainedRow, ...]
    misaligned: tuple[int, ...]
    """The numbers of the rows whose prompt reads otherwise once the answer follows: a trainer that finds the
    answer by the length of the prompt trains on the wrong tokens."""

    @property
    def refusal(self) -> str | None:
        """Why these rows should not be trained on, for people; None if each has something to train on."""
        if not self.untrained:
            return None
        named = "; ".join(f"row {one.number}, {self._why(one)}" for one in self.untrained[:_SHOWN])
        more = len(self.untrained) - _SHOWN
        rows = f"{len(self.untrained):,} of {self.rows:,} rows"
        return f"{self.model} would learn nothing from {rows}: {named}{f'; and {more:,} more' * (more > 0)}."

    def _why(self, row: UntrainedRow) -> str:
        if row.fault == "refused":
            return f"which its chat template refuses ({row.detail})"
        if row.fault == "empty":
            return "whose answer its chat template leaves out"
        return f"whose prompt alone reaches the maximum length of {self.max_length:,} tokens"


def check_rows(
    rows: Iterable[Sequence[Message]], model: ChatModel, *, max_length: int | None = None
) -> ModelCheck:
    """Count what a trainer that masks the prompt would train on, row by row.

    Args:
        rows: The messages of each row, the last one of them the answer; they are read in blocks.
        model: The template and the tokenizer.
        max_length: The most tokens of a row; None for the one that the tokenizer names.
    """
    limit = max_length if max_length is not None else model.max_length
    counting = _Counting(model, limit)
    for block in in_blocks(rows, _BLOCK):
        counting.add(block)
    return counting.result()


class _Counting:
    def __init__(self, model: ChatModel, limit: int | None) -> None:
        self._model, self._limit = model, limit
        self._rows = self._tokens = self._trained = self._longest = 0
        self._too_long: list[int] = []
        self._misaligned: list[int] = []
        self._untrained: list[UntrainedRow] = []

    def add(self, rows: Sequence[Sequence[Message]]) -> None:
        numbers: list[int] = []
        texts: list[str] = []
        for messages in rows:
            self._rows += 1
            try:
                texts += self._model.render(messages)
            except TemplateRefusedError as error:
                self._untrained.append(UntrainedRow(self._rows, "refused", str(error)))
            else:
                numbers.append(self._rows)
        tokens = self._model.tokenize(texts)
        for number, prompt, whole in zip(numbers, tokens[::2], tokens[1::2], strict=True):
            self._count(number, prompt, whole)

    def _count(self, number: int, prompt: Sequence[int], whole: Sequence[int]) -> None:
        self._tokens += len(whole)
        self._longest = max(self._longest, len(whole))
        kept = len(whole) if self._limit is None else min(len(whole), self._limit)
        if kept < len(whole):
            self._too_long.append(number)
        if whole[: len(prompt)] != prompt:
            self._misaligned.append(number)
        answer = whole[len(prompt) :]
        # To turn tokens back into text takes time; the first few decide nearly always.
        if not self._model.holds_text(answer[:_FEW]) and not self._model.holds_text(answer):
            self._untrained.append(UntrainedRow(number, "empty"))
        elif kept <= len(prompt):
            self._untrained.append(UntrainedRow(number, "cut"))
        else:
            self._trained += kept - len(prompt)

    def result(self) -> ModelCheck:
        return ModelCheck(
            model=self._model.name,
            max_length=self._limit,
            rows=self._rows,
            tokens=self._tokens,
            trained_tokens=self._trained,
            longest=self._longest,
            too_long=tuple(self._too_long),
            untrained=tuple(sorted(self._untrained, key=lambda one: one.number)),
            misaligned=tuple(self._misaligned),
        )
