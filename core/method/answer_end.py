"""Where an answer ends, because the model continues with another task or another turn of a dialogue."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from selfinstruct.core.language.unicode_tokens import is_unspaced
from selfinstruct.core.method.answer_lines import Line
from selfinstruct.core.method.field_heads import FieldHead, field_head
from selfinstruct.core.method.instance_bounds import FIELDS, first_heads, line_above, lines_below
from selfinstruct.core.method.next_task import (
    NUMBERED,
    Value,
    dialogue_begins,
    is_task_alone,
    name_of,
    names_next_task,
    names_task,
)
from selfinstruct.core.method.unknown_form import field_beginning, field_inside
from selfinstruct.core.method.vocabulary import Kind, Vocabulary

_FEWEST_WORDS = 3
_FEWEST_CHARACTERS = 6
_MOST_NAME_WORDS = 3
_FIRST_NEXT = 2
"""The least number of a task that follows another one."""
_MARKS_OF_END = (".", "?", "!", "。", "？", "！")


@dataclass(frozen=True, slots=True)
class End:
    """Where the answer to a task ends."""

    line: int
    """The first line that is not part of it."""
    doubtful: frozenset[int] = frozenset()
    """The lines of the fields whose texts may as well end elsewhere."""


def end_of_answer(
    lines: Sequence[Line],
    heads: Sequence[FieldHead],
    chosen: Sequence[FieldHead],
    headings: frozenset[int],
    vocabulary: Vocabulary,
    *,
    labels: bool,
) -> End:
    """Find the line where a model continues with something else; the number of lines if there is none.

    A line `Task:` ends the answer where the fields of an instance follow it, or where it is the last line.
    A request with a number does so too, unless it goes on with a list. A task with nothing but a text below
    it, a request alone and a turn of a dialogue leave it open whether the value above goes on. Before an
    instance is complete, only a task with the fields of another one ends it.

    Args:
        lines: The lines of the answer.
        heads: All lines that may start a field.
        chosen: Those that do.
        headings: The lines with the heading of an instance.
        vocabulary: The words of the language.
        labels: Whether the prompt asks for an output before its input.
    """
    finder = _Finder(lines, heads, chosen, headings, vocabulary, labels=labels)
    numbers = range(chosen[0].line, len(lines))
    end = next((number for number in numbers if finder.ends_at(number)), len(lines))
    return End(end, frozenset(finder.doubtful))


class _Finder:
    """Looks at the lines of one answer, one after the other."""

    def __init__(
        self,
        lines: Sequence[Line],
        heads: Sequence[FieldHead],
        chosen: Sequence[FieldHead],
        headings: frozenset[int],
        vocabulary: Vocabulary,
        *,
        labels: bool,
    ) -> None:
        self._lines = lines
        self._vocabulary = vocabulary
        self._headings = headings
        self._heads: Mapping[int, FieldHead] = {head.line: head for head in heads}
        self._chosen: Mapping[int, FieldHead] = {head.line: head for head in chosen}
        self._style = chosen[0].style
        firsts = first_heads(chosen)
        self._firsts = [head.line for head in firsts]
        self._output_first = chosen[0].kind != "input"
        seconds = sorted(self._chosen.keys() - set(self._firsts))
        second_kinds: tuple[Kind, ...] = ("input",) if self._output_first else ("output", "label")
        self._second_begins = field_beginning(second_kinds, vocabulary)
        self._second_inside = field_inside(second_kinds, vocabulary)
        self._in_two = bool(seconds)
        # Where inputs come first, an output above them all has none.
        self._without_input = None if labels or not self._output_first else chosen[0].line
        self._fields_spaced = bool(seconds) and all(map(self._spaced, seconds))
        usual = any(head.meaning is not None and head.meaning.usual for head in chosen)
        # "Answer" begins no field of an answer that has "Input" and "Output".
        fields = [head for head in heads if head.kind in FIELDS and head.meaning is not None]
        fields = [head for head in fields if head.meaning and (head.meaning.usual or not usual)]
        self._starts = headings.union(self._chosen, (head.line for head in fields))
        self._begins = headings.union(
            self._firsts, (head.line for head in fields if (head.kind == "input") != self._output_first)
        )
        self._below = lines_below(lines)
        first = chosen[0].line
        self._tasks = [head.line for head in heads if head.kind == "task" and head.line > first]
        self._names_before = {head.name for head in heads if head.line < first}
        # Where blank lines separate the instances, a line that an instance follows directly is no value's.
        gaps = [self._spaced(one.line) for one in firsts[1:]]
        self._unspaced = not all(gaps[:-1])
        self._value = Value()
        self._field = chosen[0]
        # The second field may have another name or decoration than that of the next task.
        self._answered = False
        self.doubtful: set[int] = set()
        """The lines of the fields whose texts may as well end elsewhere."""

    def _spaced(self, number: int) -> bool:
        """Whether there is more than a line break above this line, or above the heading over it."""
        above = line_above(self._lines, number)
        return above is None or above < number - 1 or above in self._headings

    def ends_at(self, number: int) -> bool:
        """Whether the answer ends with the line above this one; the lines are to be asked about in order."""
        line, head = self._lines[number], self._heads.get(number)
        if number in self._chosen:
            self._field = self._chosen[number]
            self._value, self._answered = Value(), self._holds_second(self._field)
            self._value.add(self._field.text, field_head(Line(self._field.text), number, self._vocabulary))
            return False
        if line.blank or line.rule or number in self._headings:
            return False
        ends = not line.code and self._ends_at(number, line, head)
        self._value.add(line.text, head)
        in_first = self._in_two and self._begins_instance(self._field)
        if in_first and not self._answered:
            self._answered = self._second_begins.match(line.text) is not None
        return ends

    def _holds_second(self, field: FieldHead) -> bool:
        """Whether a first field has the second one on the same line: `spam | Input: Win money!`."""
        if not self._in_two or not self._begins_instance(field):
            return False
        return self._second_inside.search(field.text) is not None

    def _begins_instance(self, field: FieldHead) -> bool:
        return (field.kind != "input") == self._output_first

    def _ends_at(self, number: int, line: Line, head: FieldHead | None) -> bool:
        spaced = self._lines[number - 1].blank or self._lines[number - 1].rule
        complete = not self._in_two or self._answered or not self._begins_instance(self._field)
        complete = complete or (spaced and self._field.line == self._without_input)
        if head is not None and head.kind == "task" and head.name != self._value.first_name:
            starts = self._starts if complete else self._begins
            if self._is_next_task(head, starts, spaced=spaced, complete=complete):
                unlike = self._below[number] == number + 1 or not self._is_form()
                certain = unlike and not self._answered and head.name not in self._value.names
                return self._end(certain=certain)
        if complete and self._is_numbered_task(number, line):
            return self._end(certain=spaced and not self._answered and not self._unspaced)
        if not spaced or not complete:
            return False
        if self._in_two and head is not None and self._may_begin_instance(head):
            self.doubtful |= {self._field.line, number + 1}
            return False
        if head is not None and head.name in self._names_before:
            return False
        return self._names_next(number, line, head) or self._dialogue_begins(number, head)

    def _end(self, *, certain: bool) -> bool:
        if not certain:
            self.doubtful.add(self._field.line)
        return True

    def _is_form(self) -> bool:
        """Whether the value is an input with names of its own, below its label."""
        return self._output_first and bool(self._value.names)

    def _is_next_task(self, head: FieldHead, starts: frozenset[int], *, spaced: bool, complete: bool) -> bool:
        after = self._below[head.line]
        if complete and spaced and head.style.startswith("heading") and head.style != self._style:
            return True
        if after in starts and (spaced or after == head.line + 1):
            return True
        if spaced and not head.text.strip() and after is not None and self._below[after] in starts:
            return True
        return spaced and after is None and len(self._tasks) == 1

    def _names_next(self, number: int, line: Line, head: FieldHead | None) -> bool:
        """Whether another task begins, by its name or by a request, with its fields below."""
        after = self._below[number]
        if self._is_task_without_fields(number, head):
            return self._end(certain=after is None)
        if after is None:
            return False
        directly = after == number + 1 and after in self._starts
        alone = is_task_alone(line.text, self._vocabulary)
        if alone or names_next_task(head, self._vocabulary):
            name = name_of(line.text, head)
            if name == self._value.first_name:
                if directly:
                    # The next part of this value, with an instance below, or the next task with its own.
                    self.doubtful |= {self._field.line, *(at for at in self._chosen if at > number)}
                return False
            below = alone or (head is not None and not head.text.strip())
            certain = not self._unspaced and not self._answered
            certain = certain and name not in self._value.names and not self._is_form()
            if directly or (below and self._below[after] in self._starts):
                return self._end(certain=certain)
            like = (
                head is not None and head.style == self._style and self._fields_spaced and not self._is_form()
            )
            return like and after in self._starts and self._end(certain=False)
        if not directly:
            return False
        numbered = NUMBERED.match(line.text)
        said = numbered["text"] if numbered else head.text if head else line.text
        if self._value.counts_on(line.text) or not _is_sentence(said) or line.indent:
            return False
        if self._vocabulary.is_request(said.strip()):
            certain = bool(numbered) and not self._value.has_list and not self._unspaced
            return self._end(certain=certain)
        return False

    def _is_task_without_fields(self, number: int, head: FieldHead | None) -> bool:
        """Whether a line names a task that is a request, and no line below it has a name, as in documents."""
        if head is None or head.kind not in {"task", "preface"} or not names_task(head, self._vocabulary):
            return False
        if head.name in {self._value.first_name, *self._value.names}:
            return False
        asks = self._vocabulary.is_request(head.text.strip())
        return asks and all(at <= number for at in self._heads)

    def _is_numbered_task(self, number: int, line: Line) -> bool:
        """Whether a line is a request with a number, continues no list of the value, and has fields below."""
        numbered = NUMBERED.match(line.text)
        after = self._below[number]
        if numbered is None or after is None or after not in self._starts or line.indent:
            return False
        if int(numbered["number"]) < _FIRST_NEXT or self._value.has_list or self._value.counts_on(line.text):
            return False
        said = numbered["text"].strip()
        return self._vocabulary.is_request(said) or said.endswith(_MARKS_OF_END)

    def _dialogue_begins(self, number: int, head: FieldHead | None) -> bool:
        """Whether a dialogue begins and lasts to the end; above instances it may be part of a value."""
        after = self._below[number]
        if head is None:
            return False
        second = self._heads.get(after) if after is not None else None
        if not dialogue_begins(head, second, self._value, self._vocabulary, last=after is None):
            return False
        self.doubtful.add(self._field.line)
        return not self._instances_follow(number)

    def _may_begin_instance(self, head: FieldHead) -> bool:
        """Whether a field with a name of its own may end this value, or belong to the instance below it."""
        if head.line + 1 not in self._chosen or not self._begins_instance(self._chosen[head.line + 1]):
            return False
        named = head.kind is None and not names_next_task(head, self._vocabulary)
        short = bool(head.text.strip()) and len(head.name.split()) <= _MOST_NAME_WORDS
        own = named and short and head.name not in self._value.names
        return own and not self._vocabulary.is_lead_in(self._lines[head.line].text)

    def _instances_follow(self, number: int) -> bool:
        """Whether instances of this answer follow a dialogue, and are not part of it."""
        place = bisect_right(self._firsts, number)
        if place == len(self._firsts) or not self._spaced(self._firsts[place]):
            return False
        above = line_above(self._lines, self._firsts[place])
        if above in self._headings:
            return True
        said = self._heads.get(above) if above is not None else None
        text = said.text if said else self._lines[above].text if above is not None else ""
        announces = text.rstrip(" *_").endswith((":", "：")) or self._vocabulary.is_lead_in(text)
        return bool(text.strip()) and not announces


def _is_sentence(text: str) -> bool:
    """Whether a text is more than a word or two, and does not begin in the middle of a sentence."""
    text = text.strip(" *_")
    words = len(text.split()) >= _FEWEST_WORDS or (len(text) >= _FEWEST_CHARACTERS and is_unspaced(text[0]))
    return words and not text[0].islower()
