"""The fields of an instance answer with their texts: from lines, XML, and the middle of a line."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from selfinstruct.core.method.answer_end import End, end_of_answer
from selfinstruct.core.method.answer_lines import Line, Start, answer_lines
from selfinstruct.core.method.field_heads import (
    DASHED,
    FieldHead,
    consistent_heads,
    field_head,
    head_of,
    with_own_names,
)
from selfinstruct.core.method.instance_bounds import (
    FIELDS,
    LONGEST_HEADING,
    NUMBER_ALONE,
    confirmed_headings,
    example_headings,
    headings_by_shape,
    lines_below,
    openings,
    separators,
)
from selfinstruct.core.method.unknown_form import field_inside
from selfinstruct.core.method.values import QUOTED
from selfinstruct.core.method.vocabulary import Kind, Vocabulary

INPUT_FIRST: tuple[frozenset[Kind], ...] = (frozenset({"input"}), frozenset({"output", "label"}))
WITHOUT_LABELS: tuple[frozenset[Kind], ...] = (frozenset({"input"}), frozenset({"output"}))
OUTPUT_FIRST: tuple[frozenset[Kind], ...] = (frozenset({"label", "output"}), frozenset({"input"}))
_RULED = " \t=-*#~"
_ELEMENT = re.compile(r"<(?P<name>[^\W\d][\w -]{0,30})(?:\s[^<>]*)?>")
_MOST_ENCLOSING = 2
_HEADING_1 = re.compile(r"^\s*#\s")
_STATEMENT = re.compile(
    r"^\s*(?:(?:def|class|import|from|return|for|if|elif|else|while|try|with|print|function|const|let|var|int|end)\b"
    r".*[:;(){}=.\w]|\w[\w.]*(?:\[\w+\])?[ \t]*[-+*]?=[ \t]*\S|\w[\w.]*\(.*\);?|[\w\s]+[{;])\s*$"
)


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an answer; `example` is the heading of an instance, "" is text outside every field."""

    kind: Kind | str
    value: str
    name: str = ""
    open_end: bool = False
    """Whether it may as well begin or end elsewhere."""


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of an answer."""

    fields: list[Field]
    more: bool
    """Whether something else begins after the last one, which is then complete."""


def read_fields(text: str, vocabulary: Vocabulary, roles: Sequence[frozenset[Kind]]) -> Fields | None:
    """Split an answer into fields; None if it has none."""
    lines = answer_lines(text, lambda line: _start(line, vocabulary))
    if found := _from_xml("\n".join(line.text for line in lines), vocabulary, roles):
        return Fields(found, more=False)
    lines = [part for line in lines for part in _without_heading(line, vocabulary)]
    lines = _with_comments(lines, vocabulary)
    layout = _layout(lines, vocabulary, roles)
    if layout is None:
        return None
    end = layout.end
    more = end.line < len(lines)
    if more:
        # The fields of the next task may have other forms: those of this one are found without them.
        lines = lines[: end.line]
        layout = _layout(lines, vocabulary, roles) or layout
        lines = lines[: layout.end.line]
    chosen = [head for head in layout.chosen if head.line < len(lines)]
    between = separators(lines, chosen, layout.headings, more=more)
    kept = [Line("") if number in between else line for number, line in enumerate(lines)]
    split = _splitter(chosen, roles, vocabulary)
    doubtful = end.doubtful | layout.end.doubtful
    fields = _gathered(kept, {head.line: head for head in chosen}, layout.headings, doubtful)
    if split:
        fields = [part for one in fields for part in split(one)]
    last = next((number for number in range(len(lines) - 1, -1, -1) if not lines[number].blank), 0)
    return Fields(fields, more=more or _begins_next(lines, layout.headings, last))


def _with_comments(lines: list[Line], vocabulary: Vocabulary) -> list[Line]:
    """The lines of an answer, with comments such as `# Input: 5` as code where a program is around them."""
    hashed = [number for number, line in enumerate(lines) if _HEADING_1.match(line.text)]
    heads = [head for number in hashed if (head := field_head(lines[number], number, vocabulary))]
    if not heads or not all(head.text.strip() for head in heads):
        return lines
    if not any(_STATEMENT.match(line.text) for line in lines if not line.code):
        return lines
    comments = {head.line for head in heads}
    return [replace(line, code=True) if number in comments else line for number, line in enumerate(lines)]


def _begins_next(lines: Sequence[Line], headings: frozenset[int], last: int) -> bool:
    """Whether the last line is the heading of another instance, or the beginning of one like those above.

    Without a number, anything else that looks like a heading may be the beginning of a field's name.
    """
    if last not in headings:
        return False
    text = lines[last].text.strip()
    earlier = (lines[number].text.strip() for number in headings if number < last)
    return any(map(str.isnumeric, text)) or any(heading.startswith(text) for heading in earlier)


@dataclass(frozen=True, slots=True)
class _Layout:
    """Which lines of an answer begin its fields and its instances, and where it ends."""

    chosen: list[FieldHead]
    headings: frozenset[int]
    end: End


def _layout(
    lines: Sequence[Line], vocabulary: Vocabulary, roles: Sequence[frozenset[Kind]]
) -> _Layout | None:
    """Find the fields of an answer; None if it has none."""
    heads = _heads(lines, vocabulary)
    if "label" not in roles[0]:
        heads = _without_title(heads, lines)
    titled = example_headings(lines, heads, vocabulary)
    opening = list(openings(lines, titled, vocabulary))
    chosen = with_own_names(heads, consistent_heads(heads, roles, opening), roles)
    if chosen and chosen[0].style == DASHED and not _has_all(chosen, roles):
        return None
    if not chosen:
        heads = _heads(lines, vocabulary, bare=True)
        chosen = consistent_heads(heads, roles, opening)
        if not _has_all(chosen, roles):
            return None
    chosen = _without_nested(chosen, lines, roles)
    headings = confirmed_headings(titled, chosen, lines, lines_below(lines))
    shaped, open_above = headings_by_shape(lines, heads, chosen, vocabulary)
    headings |= shaped
    labels = "label" in roles[0]
    end = end_of_answer(lines, heads, chosen, headings, vocabulary, labels=labels)
    return _Layout(chosen, headings, End(end.line, end.doubtful | open_above))


def _without_title(heads: list[FieldHead], lines: Sequence[Line]) -> list[FieldHead]:
    """Leave out the title of an answer, such as `## Answer`.

    It could be the name of an output, but is empty, and all below it are inputs with their outputs.
    """
    fields = [head for head in heads if head.kind in FIELDS]
    if len(fields) < 3 or fields[0].kind == "input" or fields[0].text.strip():
        return heads
    first, *others = fields
    takes_turns = len(others) % 2 == 0 and all((one.kind == "input") != n % 2 for n, one in enumerate(others))
    is_title = takes_turns and lines_below(lines)[first.line] == others[0].line
    return [head for head in heads if head is not first] if is_title else heads


def _has_all(chosen: Sequence[FieldHead], roles: Sequence[frozenset[Kind]]) -> bool:
    return all(any(head.kind in role for head in chosen) for role in roles)


def _heads(lines: Sequence[Line], vocabulary: Vocabulary, *, bare: bool = False) -> list[FieldHead]:
    heads = (field_head(line, number, vocabulary, bare=bare) for number, line in enumerate(lines))
    return [head for head in heads if head]


def _without_heading(line: Line, vocabulary: Vocabulary) -> list[Line]:
    """A line, or two where a field follows the heading of an instance: "Example 1: Input: cat"."""
    match = None if line.code else vocabulary.example.match(line.text[:LONGEST_HEADING])
    if match and match["title"] and match["number"]:
        title = line.text[match.start("title") :]
        head = head_of(title, vocabulary)
        if head is not None and head.kind in {"input", "output", "label"}:
            return [Line(line.text[: match.start("title")].rstrip()), Line(title)]
    return [line]


def _gathered(
    lines: Sequence[Line],
    starts: Mapping[int, FieldHead],
    headings: frozenset[int],
    doubtful: frozenset[int],
) -> list[Field]:
    """The text of each field; the first one is what precedes them all, and may be empty."""
    fields: list[Field] = []
    kind, name, quoted, is_open = "", "", False, False
    gathered: list[str] = []
    for number, line in enumerate(lines):
        head = starts.get(number)
        if head is None and number not in headings:
            is_open = is_open or number in doubtful
            gathered.append(QUOTED.sub("", line.text) if quoted else line.text)
            continue
        fields.append(Field(kind, "\n".join(gathered), name, is_open))
        kind, name, gathered, is_open = "example", "", [], number in doubtful
        if head is not None:
            assert head.kind is not None
            kind, name, gathered = head.kind, head.name, [head.text]
        quoted = head is not None and head.quoted
    return [*fields, Field(kind, "\n".join(gathered), name, is_open)]


def _begins_with_element(text: str, vocabulary: Vocabulary) -> bool:
    """Whether a line begins with the XML element of a field, at once or inside others."""
    at = 0
    for _ in range(_MOST_ENCLOSING + 1):
        element = _ELEMENT.match(text, at)
        if element is None:
            return False
        if vocabulary.meaning(element["name"]) is not None:
            return True
        at = element.end()
    return False


def _start(text: str, vocabulary: Vocabulary) -> Start | None:
    """What a line of an instance answer begins."""
    head = head_of(text, vocabulary)
    if _begins_with_element(text.strip(), vocabulary):
        return "field"
    # "# Output: 25" is a comment.
    is_comment = head is not None and head.style == "heading 1" and head.text.strip() != ""
    if head is not None and head.kind in {"input", "output", "label"} and not is_comment:
        return "field"
    if head is not None and head.kind == "task":
        return "task"
    is_heading = NUMBER_ALONE.match(text) or vocabulary.example.match(text[:LONGEST_HEADING].strip(_RULED))
    return "heading" if is_heading else None


def _without_nested(
    chosen: list[FieldHead], lines: Sequence[Line], roles: Sequence[frozenset[Kind]]
) -> list[FieldHead]:
    """Leave out a specification inside an output: names alone on their lines, blank lines around their texts.

    Only where the first instance is written otherwise, with its texts beside their names.
    """
    if (
        roles is not INPUT_FIRST
        or len(chosen) < 4
        or [head.kind for head in chosen[:2]] != ["input", "output"]
    ):
        return chosen
    if not all(head.text.strip() for head in chosen[:2]) or chosen[1].line != chosen[0].line + 1:
        return chosen
    kept, skip = chosen[:2], False
    for head, after in zip(chosen[2:], [*chosen[3:], None], strict=True):
        if head.kind == "input":
            below = after is not None and not head.text.strip() and not after.text.strip()
            skip = below and after is not None and lines[after.line - 1].blank
        if not skip:
            kept.append(head)
    return kept


def _splitter(
    chosen: Sequence[FieldHead], roles: Sequence[frozenset[Kind]], vocabulary: Vocabulary
) -> "_Splitter | None":
    """How to split values that have the second field in the same line, if no line starts with one."""
    second = roles[1]
    if any(head.kind in second for head in chosen):
        return None
    return _Splitter(second, vocabulary)


class _Splitter:
    """Splits `spam, Input: Win money!` into its two fields."""

    def __init__(self, second: frozenset[Kind], vocabulary: Vocabulary) -> None:
        self._second = field_inside(tuple(sorted(second)), vocabulary)
        self._vocabulary = vocabulary

    def __call__(self, field: Field) -> list[Field]:
        is_named = field.kind not in {"", "example"}
        match = self._second.search(field.value) if is_named else None
        if match is None:
            return [field]
        meaning = self._vocabulary.meaning(match["name"])
        assert meaning is not None
        before, after = field.value[: match.start()].rstrip(), field.value[match.end() :].strip()
        if after.startswith("</"):
            # The name is inside of a tag, and may begin before this.
            return [replace(field, open_end=True)]
        if before.endswith(("(", "（", "[")) and after.endswith((")", "）", "]")):
            before, after = before[:-1], after[:-1]
        before = before.rstrip().removesuffix("->").removesuffix("=>").rstrip(" \t,;|/，；、→⇒—–-")
        # A sentence keeps its full stop; a label has none.
        before = before.rstrip("。.") if field.kind == "label" else before
        second = Field(meaning.kind, after, match["name"], field.open_end)
        return [Field(field.kind, before, field.name), second]


def _from_xml(text: str, vocabulary: Vocabulary, roles: Sequence[frozenset[Kind]]) -> list[Field]:
    """The fields of an answer written as XML elements; empty if it is not."""
    fields: list[Field] = []
    at = 0
    stripped = text.strip()
    kinds = {kind for role in roles for kind in role}
    unclosed: set[str] = set()
    for match in _ELEMENT.finditer(stripped):
        if match.start() < at or match["name"] in unclosed:
            continue
        meaning = vocabulary.meaning(match["name"])
        if meaning is None or meaning.kind not in kinds:
            continue
        closing = stripped.find(f"</{match['name']}>", match.end())
        before = stripped[at : match.start()]
        if closing < 0 or (not fields and _holds_words(before, vocabulary)):
            if not fields:
                return []
            unclosed.add(match["name"])
            continue
        fields.append(Field(meaning.kind, stripped[match.end() : closing], match["name"]))
        at = closing + len(match["name"]) + 3
    return fields


def _holds_words(text: str, vocabulary: Vocabulary) -> bool:
    """Whether there is more before the first element than a line of prose and enclosing elements."""
    lines = [line for line in re.sub(r"<[^<>]*>", "", text).split("\n") if line.strip()]
    head = head_of(lines[0], vocabulary) if lines else None
    return len(lines) > 1 or (head is not None and head.kind in {"input", "output", "label"})
