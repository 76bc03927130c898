"""Where a model continues with another task: the text above belongs to the requested task."""

import re
from collections.abc import Iterator, Sequence
from itertools import chain

from selfinstruct.core.language.unicode_tokens import fold
from selfinstruct.core.method.answer_lines import Line
from selfinstruct.core.method.field_heads import FieldHead, field_head, head_of
from selfinstruct.core.method.values import input_of
from selfinstruct.core.method.vocabulary import Vocabulary

_MOST_INTRODUCING = 3
_LONGEST_TASK_LINE = 60
_LONGEST_SENTENCE = 200
_SHORT = 2
_MOST_WORDS = 4
NUMBERED = re.compile(r"^\s*(?:\*\*)?\(?(?P<number>\d{1,3})[.)、．](?:\*\*)?\s*(?P<text>.*)$")
"""A line with the number of an item."""
_COLONS = (":", "：")
_BEGINS_LIST = re.compile(r"^\s*\(?1[.)、．](?!\d)")
_AROUND_NAME = " \t*_#:：()（）【】[]№.0123456789"


def texts_before_tasks(text: str, vocabulary: Vocabulary) -> Iterator[str]:
    """The text before each line that names a task, such as `Task:`, unless it is empty."""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        head = field_head(Line(line), number, vocabulary)
        if names_task(head, vocabulary) and (before := "\n".join(lines[:number]).strip()):
            yield before


def before_next_task(text: str, vocabulary: Vocabulary, *, request: bool = False) -> str:
    """The text before another task; "" if there is none, or nothing but an introduction before it.

    Args:
        text: What precedes the fields of a task.
        vocabulary: The words of the language.
        request: Whether its last paragraph is also another task if it is nothing but a request.
    """
    if _begins_with_own_field(text, vocabulary):
        return ""
    before, _, last = text.rstrip("\n").rpartition("\n\n")
    numbered = NUMBERED.match(last.strip())
    last = numbered["text"] if numbered else last.strip()
    is_request = request and before.strip() and "\n" not in last and _is_next_request(last, vocabulary)
    # One at a time: a model that repeats itself names thousands of tasks, each below all text above it.
    texts = chain(texts_before_tasks(text, vocabulary), [before.strip()] if is_request else [])
    return next((before for before in texts if not _introduces(before, vocabulary)), "")


def _is_next_request(text: str, vocabulary: Vocabulary) -> bool:
    head = head_of(text, vocabulary)
    return names_next_task(head, vocabulary) or (head is None and vocabulary.is_request(text))


def _introduces(text: str, vocabulary: Vocabulary) -> bool:
    """Whether a text introduces the instances, or is a sentence that announces examples."""
    head = head_of(text, vocabulary)
    holds_value = head is not None and head.kind in {"input", "output", "label"} and head.text.strip()
    is_sentence = "\n" not in text and len(text) <= _LONGEST_SENTENCE and text[0] not in "[{<|"
    is_sentence = is_sentence and not holds_value
    return only_introduces(text, vocabulary) or (is_sentence and bool(vocabulary.examples.search(text)))


def _begins_with_own_field(text: str, vocabulary: Vocabulary) -> bool:
    """Whether a text is nothing but fields, the first of which has a name of its own: `Paragraph: ...`."""
    lines = text.strip().split("\n")
    heads = [head_of(line, vocabulary) for line in lines]
    first = heads[0]
    return first is not None and first.kind is None and all(heads) and not names_task(first, vocabulary)


def before_last_task(text: str, vocabulary: Vocabulary) -> str:
    """The text before the other task that ends an answer without fields; "" if none does.

    A text with other names at its lines is a document, and the task a part of it.
    """
    before, _, last = text.rstrip().rpartition("\n\n")
    if not before.strip():
        return ""
    heads = [head_of(line, vocabulary) for line in (*last.split("\n"), *before.split("\n"))]
    first = heads[0]
    is_task = first is not None and first.kind == "task" and first.meaning is not None and first.meaning.usual
    return before.rstrip() if is_task and not any(heads[1:]) else ""


def only_introduces(text: str, vocabulary: Vocabulary) -> bool:
    """Whether a text before the first field only introduces the instances, or repeats the task."""
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) > _MOST_INTRODUCING:
        return False
    if not input_of(text.strip(), vocabulary):
        return True

    def ends(line: str) -> bool:
        return line.rstrip(" *").endswith((":", "：", "!", "！"))

    def introduces(line: str) -> bool:
        head = head_of(line, vocabulary)
        preface = head is not None and head.kind == "preface"
        return preface or names_task(head, vocabulary) or vocabulary.is_lead_in(line) or ends(line)

    return all(map(introduces, lines))


def names_task(head: FieldHead | None, vocabulary: Vocabulary) -> bool:
    """Whether a field is named as a task is: "Task", "Question", "New instruction"."""
    return head is not None and (head.kind == "task" or _is_item(head.name, vocabulary))


def names_next_task(head: FieldHead | None, vocabulary: Vocabulary) -> bool:
    """Whether a field is named as a task is, or in a few such words: "Next task", "The next task is"."""
    if head is None or names_task(head, vocabulary):
        return head is not None
    words = head.name.split()
    named = head.kind is None and len(words) <= _MOST_WORDS and fold(head.name) not in vocabulary.under_task
    return named and any(len(word) > _SHORT and _is_item(word, vocabulary) for word in words)


def _is_item(name: str, vocabulary: Vocabulary) -> bool:
    return re.fullmatch(vocabulary.item, name, re.IGNORECASE) is not None


def is_task_alone(text: str, vocabulary: Vocabulary) -> bool:
    """Whether a line is only the name of a task and its number, such as "**Task 2**"."""
    return (
        len(text) <= _LONGEST_TASK_LINE
        and re.fullmatch(
            rf"[\W_]{{0,8}}(?:{vocabulary.item})\s*[#№]?\s*\d{{1,3}}[\W_]{{0,8}}", text, re.IGNORECASE
        )
        is not None
    )


def name_of(text: str, head: FieldHead | None) -> str:
    """The name at the beginning of a line, or a line itself without its number and decoration."""
    return head.name if head is not None else text.strip(_AROUND_NAME)


class Value:
    """What is known of a value from its lines so far."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        """Field names that start its lines."""
        self.first_name = ""
        """The field name that starts it."""
        self.has_list = False
        """Whether a numbered list starts in it."""
        self.last = ""
        """Its last line with text."""
        self._number = 0

    def add(self, text: str, head: FieldHead | None) -> None:
        """Add a line, which may look like a field."""
        if not text.strip():
            return
        name = name_of(text, head)
        if not self.last:
            self.first_name = name
        if head is not None:
            self.names.add(name)
        if _BEGINS_LIST.match(text):
            self.has_list, self._number = True, 1
        elif self.counts_on(text):
            self._number += 1
        self.last = text

    def counts_on(self, text: str) -> bool:
        """Whether a line is the next item of the numbered list in it."""
        item = NUMBERED.match(text)
        return item is not None and self._number > 0 and int(item["number"]) == self._number + 1


def dialogue_begins(
    head: FieldHead, below: FieldHead | None, value: Value, vocabulary: Vocabulary, *, last: bool
) -> bool:
    """Whether a dialogue with the model, or a question and its answer, seem to begin below a value.

    The value itself is none: it does not announce them, nor has it the same names.

    Args:
        head: The line that may begin them.
        below: The next line with text.
        value: What is above.
        vocabulary: The words of the language.
        last: Whether the line is the last one with text.
    """
    if not head.text.strip() or not value.last or _announces(value.last):
        return False
    speaks = fold(head.name) in vocabulary.speakers
    asks = head.kind is None and names_task(head, vocabulary)
    if not (speaks or asks) or head.name in value.names:
        return False
    spoken = vocabulary.speakers.intersection(map(fold, value.names))
    if speaks and 0 < len(spoken) <= 1 + (fold(value.first_name) in vocabulary.systems):
        # The other one of a dialogue, who speaks for the first time.
        return False
    if below is None:
        return speaks and last
    name = fold(below.name)
    is_output = below.kind == "output" and below.meaning is not None and not below.meaning.usual
    return is_output or name in vocabulary.speakers or name in vocabulary.answer_names


def _speaks(head: FieldHead, heads: Sequence[FieldHead | None], vocabulary: Vocabulary) -> bool:
    """Whether a line is a turn of a dialogue, or the only question; several questions are a document."""
    asks = head.kind is None and names_task(head, vocabulary)
    alone = asks and sum(one is not None and one.name == head.name for one in heads) == 1
    return alone or fold(head.name) in vocabulary.speakers


def _announces(line: str) -> bool:
    """Whether a line ends with a colon, perhaps in bold type; one to be filled in, `Name: ____`, does not."""
    bare = line.rstrip(" *_")
    return bare.endswith(_COLONS) and line.count("_", len(bare)) <= len("__")


def dialogue_follows(text: str, vocabulary: Vocabulary) -> bool:
    """Whether a dialogue with the model seems to begin below a text without fields."""
    lines = text.strip().split("\n")
    heads = [head_of(line, vocabulary) for line in lines]
    value = Value()
    for number, (line, head) in enumerate(zip(lines, heads, strict=True)):
        if number and head and _speaks(head, heads, vocabulary) and not lines[number - 1].strip():
            rest = [place for place in range(number + 1, len(lines)) if lines[place].strip()][:1]
            below = heads[rest[0]] if rest else None
            return dialogue_begins(head, below, value, vocabulary, last=not rest)
        value.add(line, head)
    return False
