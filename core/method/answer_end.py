"""Where an answer ends, because the model goes on with another task or another turn of a dialogue."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from selfinstruct.core.language.unicode_tokens import is_unspaced
from selfinstruct.core.method.answer_lines import Line
from selfinstruct.core.method.field_heads import FieldHead, field_head
from selfinstruct.core.method.instance_bounds import FIELDS, first_heads, line_above, lines_below
from selfinstruct.core.method.next_task import Value, is_task_alone, names_next_task, turn_begins
from selfinstruct.core.method.vocabulary import Vocabulary

_FEWEST_WORDS = 3
_FEWEST_CHARACTERS = 6
_NUMBER = re.compile(r"^\s*(?:\*\*)?\(?\d{1,3}[.)、．](?:\*\*)?\s*(?P<text>.*)$")


@dataclass(frozen=True, slots=True)
class End:
    """Where the answer to a task ends."""

    line: int
    """The first line that is no part of it."""
    certain: bool = True
    """Whether what follows is certainly something else, and not the end of the last value."""


def end_of_answer(
    lines: Sequence[Line],
    heads: Sequence[FieldHead],
    chosen: Sequence[FieldHead],
    headings: frozenset[int],
    vocabulary: Vocabulary,
) -> End:
    """Find the line with which a model goes on with something else; the number of all lines if none does.

    A line `Task:` ends the answer where its fields follow it directly, or where it is the last line.
    Elsewhere it is part of an output. Other names of a task do so too, as does a number before a request. A
    request alone, and a turn of a dialogue, leave it open whether the value above goes on.
    """
    finder = _Finder(lines, heads, chosen, headings, vocabulary)
    ends = (finder.end_at(number) for number in range(chosen[0].line, len(lines)))
    return next((end for end in ends if end), End(len(lines)))


class _Finder:
    """Looks at the lines of one answer, one after the other."""

    def __init__(
        self,
        lines: Sequence[Line],
        heads: Sequence[FieldHead],
        chosen: Sequence[FieldHead],
        headings: frozenset[int],
        vocabulary: Vocabulary,
    ) -> None:
        self._lines = lines
        self._vocabulary = vocabulary
        self._headings = headings
        self._heads: Mapping[int, FieldHead] = {head.line: head for head in heads}
        self._chosen: Mapping[int, FieldHead] = {head.line: head for head in chosen}
        self._style = chosen[0].style
        self._starts = headings.union(head.line for head in heads if head.kind in FIELDS)
        self._below = lines_below(lines)
        first = chosen[0].line
        self._tasks = [head.line for head in heads if head.kind == "task" and head.line > first]
        self._names_before = {head.name for head in heads if head.line < first}
        # Where blank lines separate the instances, a line that an instance follows directly is no value's.
        gaps = [self._spaced(one.line) for one in first_heads(chosen)[1:]]
        self._packed = not all(gaps[:-1])
        self._value = Value()

    def _spaced(self, number: int) -> bool:
        """Whether there is more than a line break above this line, or above the heading over it."""
        above = line_above(self._lines, number)
        return above is None or above < number - 1 or above in self._headings

    def end_at(self, number: int) -> End | None:
        """The end that this line is, if it is one; the lines are to be asked about in their order."""
        line, head = self._lines[number], self._heads.get(number)
        if number in self._chosen:
            self._value = Value()
            text = self._chosen[number].text
            self._value.add(text, field_head(Line(text), number, self._vocabulary))
            return None
        if line.blank or line.rule or number in self._headings:
            return None
        end = None if line.code else self._end_at(number, line, head)
        self._value.add(line.text, head)
        return end

    def _end_at(self, number: int, line: Line, head: FieldHead | None) -> End | None:
        spaced = self._lines[number - 1].blank or self._lines[number - 1].rule
        if head is not None and head.kind == "task" and self._is_next_task(head, spaced):
            return End(number)
        if not spaced or (head is not None and head.name in self._names_before):
            return None
        after = self._below[number]
        if names_next_task(head, self._vocabulary) or is_task_alone(line.text, self._vocabulary):
            text = head.text.strip() if head else ""
            if after in self._starts or (
                not text and after is not None and self._below[after] in self._starts
            ):
                return End(number, certain=not self._packed)
        if after in self._starts and after == number + 1:
            numbered = _NUMBER.match(line.text)
            said = numbered["text"] if numbered else head.text if head else line.text
            if _is_sentence(said) and not line.indent and self._vocabulary.is_request(said.strip()):
                return End(number, certain=bool(numbered) and not self._value.has_list and not self._packed)
        second = self._heads.get(after) if after is not None else None
        if head is not None and turn_begins(head, second, self._value, self._vocabulary, last=after is None):
            return End(number, certain=False)
        return None

    def _is_next_task(self, head: FieldHead, spaced: bool) -> bool:
        after = self._below[head.line]
        if spaced and head.style.startswith("heading") and head.style != self._style:
            return True
        if after in self._starts and (spaced or after == head.line + 1):
            return True
        if spaced and not head.text.strip() and after is not None and self._below[after] in self._starts:
            return True
        return spaced and after is None and len(self._tasks) == 1


def _is_sentence(text: str) -> bool:
    """Whether a text is more than a word or two, and does not begin in the middle of a sentence."""
    text = text.strip(" *_")
    words = len(text.split()) >= _FEWEST_WORDS or (len(text) >= _FEWEST_CHARACTERS and is_unspaced(text[0]))
    return words and not text[0].islower()
