"""Where the instances of an answer begin: their headings, and the rules between them."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence

from selfinstruct.core.method.answer_lines import Line
from selfinstruct.core.method.field_heads import FieldHead
from selfinstruct.core.method.vocabulary import Vocabulary

LONGEST_HEADING = 120
NUMBER_ALONE = re.compile(
    r"^\s*(?:\*\*|#+\s*)?[#(（【]?(?P<number>\d{1,3})(?:[.):：）】、]|(?<=#\d)|(?<=#\d\d))(?:\*\*)?\s*$"
)
FIELDS = {"input", "output", "label"}
_SHAPE = re.compile(r"^(?P<before>\D{0,24}?)(?P<number>\d{1,3})(?!\d)")
_KEYCAP = re.compile(r"(?<=\d)\ufe0f?\u20e3")
_NOT_A_WORD = re.compile(r"(?:[\W_]|<br\s*/?>|<hr\s*/?>)+")
_BRACKETS = tuple("()[]{}|\"'`”’」』）】;")
_FIRST_OF_LIST = re.compile(r"(?<![\w.])1[.)、．](?!\d)")
_LONGEST_ANNOUNCEMENT = 60


def example_headings(
    lines: Sequence[Line], heads: Sequence[FieldHead], vocabulary: Vocabulary
) -> dict[int, bool]:
    """The lines that may be headings of instances, and whether each has a title."""
    known = {head.line for head in heads if head.kind in FIELDS}
    found: dict[int, bool] = {}
    for number, line in enumerate(lines):
        if line.code or number in known or len(line.text) > LONGEST_HEADING:
            continue
        if NUMBER_ALONE.match(line.text):
            found[number] = False
            continue
        match = vocabulary.example.match(line.text)
        if match and (match["number"] or match["ordinal"] or not match["title"]):
            found[number] = bool(match["title"])
    return found


def openings(lines: Sequence[Line], headings: Mapping[int, bool], vocabulary: Vocabulary) -> Iterator[int]:
    """The lines with which the fields may begin: the first after greetings, and those below headings."""
    begins = True
    for number, line in enumerate(lines):
        if line.blank or line.rule:
            continue
        if begins:
            yield number
        begins = (begins and (number in headings or vocabulary.is_lead_in(line.text))) or number in headings


def lines_below(lines: Sequence[Line]) -> list[int | None]:
    """For each line, the number of the next one with text, or None."""
    below: list[int | None] = []
    found = None
    for number in range(len(lines) - 1, -1, -1):
        below.append(found)
        if not lines[number].blank and not lines[number].rule:
            found = number
    return below[::-1]


def confirmed_headings(
    titled: Mapping[int, bool],
    chosen: Sequence[FieldHead],
    lines: Sequence[Line],
    below: Sequence[int | None],
) -> frozenset[int]:
    """The lines that are headings of instances, and not part of a value.

    A field follows each of them, or the answer ends there. Where instances have headings from the first one
    on, headings may have titles, and text without a name may follow.
    """
    starts = {head.line: head.text for head in chosen}
    first = chosen[0].line
    last = next((number for number in titled if below[number] is None), -1)
    announced = any(number < first for number in titled)
    by_number = any(number < first and NUMBER_ALONE.match(lines[number].text) for number in titled)
    unnamed = announced and not any(head.kind == "input" for head in chosen)
    inputs = [head.line for head in chosen if head.kind == "input"]

    def counts(number: int) -> bool:
        """Whether a number alone is a heading, not an output: the first instance has one, or it counts on."""
        match = NUMBER_ALONE.match(lines[number].text)
        if match is None:
            return True
        before = bisect_left(inputs, number)
        if below[number] is None:
            # An answer that was cut may end in the middle of a list.
            above = "\n".join(line.text for line in lines[inputs[before - 1] if before else first : number])
            begun = lines[number - 1].blank or by_number
            counts_on = match["number"] == str(before + 1)
            return begun and counts_on and not _FIRST_OF_LIST.search(above)
        if announced:
            return by_number
        return match["number"] == str(before + 1) and starts.get(number - 1, " ").strip() != ""

    return frozenset(
        number
        for number, has_title in titled.items()
        if number < first
        or (
            counts(number)
            and (announced or not has_title)
            and (
                unnamed
                or below[number] is None
                or (below[number] == last and not has_title)
                or below[number] in starts
            )
        )
    )


def headings_by_shape(
    lines: Sequence[Line], heads: Sequence[FieldHead], chosen: Sequence[FieldHead], vocabulary: Vocabulary
) -> tuple[frozenset[int], frozenset[int]]:
    """The headings that only their place and their number show: `=== Sample 1 ===`, then `=== Sample 2 ===`.

    Each is the line above the first field of an instance, and begins like that above the first instance,
    apart from its number. Without a number, it announces another example.

    Returns:
        The headings, and the lines above those that may as well be the next items of a list.
    """
    if not any(head.kind == "input" for head in chosen):
        # The lines above an output are its input, which may have a name and a number.
        return frozenset(), frozenset()
    firsts = first_heads(chosen)
    first = line_above(lines, firsts[0].line)
    shape = _shape(lines[first].text) if first is not None else None
    fields = {head.line for head in heads if head.kind in FIELDS and head.text.strip()}
    fields.update(head.line for head in chosen)
    found: set[int] = set()
    open_above: set[int] = set()
    for place, head in enumerate(firsts):
        number = line_above(lines, head.line)
        if number is None or number in fields or lines[number].code:
            continue
        text, own = lines[number].text.strip(), _shape(lines[number].text)
        if own is None:
            if place and _announces_example(text, vocabulary) and lines[number - 1].blank:
                found.add(number)
            continue
        if first is None or shape is None or shape[1] != 1:
            continue
        is_next = own == (shape[0], 1 + place)
        may_continue = is_next and _continues_list(lines, number, own)
        if may_continue and head.line - number == firsts[0].line - first:
            open_above.add(number - 1)
        if (is_next and not may_continue) or text == lines[first].text.strip():
            found.add(number)
    return (frozenset(found) if found != {first} else frozenset()), frozenset(open_above)


def _continues_list(lines: Sequence[Line], number: int, shape: tuple[str, int]) -> bool:
    """Whether a line with a number continues the list right above it."""
    if lines[number - 1].blank or lines[number - 1].rule:
        return False
    return number > 0 and _shape(lines[number - 1].text) == (shape[0], shape[1] - 1)


def _announces_example(text: str, vocabulary: Vocabulary) -> bool:
    is_heading = text.endswith((":", "：")) and len(text) <= _LONGEST_ANNOUNCEMENT
    return is_heading and vocabulary.examples.search(text) is not None


def first_heads(chosen: Sequence[FieldHead]) -> list[FieldHead]:
    """The heads of the fields with which instances begin."""
    is_input = chosen[0].kind == "input"
    return [head for head in chosen if (head.kind == "input") == is_input]


def line_above(lines: Sequence[Line], number: int) -> int | None:
    """The number of the last line with text above this one."""
    above = (at for at in range(number - 1, -1, -1) if not lines[at].blank and not lines[at].rule)
    return next(above, None)


def _shape(text: str) -> tuple[str, int] | None:
    """What precedes the number of a heading, and the number; None for a line without one near its start."""
    match = _SHAPE.match(_KEYCAP.sub("", text.strip()))
    return (match["before"].casefold(), int(match["number"])) if match else None


def separators(
    lines: Sequence[Line], chosen: Sequence[FieldHead], headings: frozenset[int], *, more: bool
) -> frozenset[int]:
    """The lines without a word that only separate instances, such as `###` or `* * *`.

    There is a blank line above each of them, or they are nothing but the marks of rules and headings.

    Args:
        lines: The lines of the answer.
        chosen: The heads of its fields.
        headings: The lines that are headings of instances.
        more: Whether another task follows the last line.
    """
    first = chosen[0].line
    starts = {*(head.line for head in first_heads(chosen)), *headings}
    found: set[int] = set()
    marks: set[str] = set()
    for start in starts:
        number = line_above(lines, start) if first < start < len(lines) else None
        if number is not None and _only_separates(lines, number):
            found.add(number)
            marks.add(lines[number].text.strip())
    last = line_above(lines, len(lines))
    if last is not None and _only_separates(lines, last) and (more or lines[last].text.strip() in marks):
        found.add(last)
    return frozenset(found)


def _only_separates(lines: Sequence[Line], number: int) -> bool:
    line = lines[number]
    text = line.text.strip()
    if line.code or not _NOT_A_WORD.fullmatch(text) or text.endswith(_BRACKETS):
        return False
    return lines[number - 1].blank or text.startswith(("#", "<br", "<hr"))
