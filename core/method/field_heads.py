"""The lines that start a field, in every usual decoration, and the choice of those that belong together."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from selfinstruct.core.method.answer_lines import Line
from selfinstruct.core.method.vocabulary import FieldName, Kind, Vocabulary

DASHED = "dashed"
"""The style of a name with a dash or an arrow instead of a colon."""
_LONGEST_NAME = 40
# Emoji, arrows and geometric shapes, as chat models set them before a name.
_SYMBOLS = (
    r"(?:(?:[\u00bb\u203a\u2190-\u21ff\u2300-\u23ff\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff"
    r"\U0001f000-\U0001faff]\ufe0f?){1,3}[ \t]*)?"
)
_ARROW = r"(?:->|=>|[→⇒➜])"
_HEAD = re.compile(
    r"^(?P<indent>[ \t\u3000]*)(?P<quote>(?:>[ \t]*)*)"
    r"(?P<listed>(?:[-–—•*+][ \t]+|\(?(?:\d{1,2}|[a-z]|[ivx]{2,4})[.)][ \t]+|[・■□●◆◇][ \t]*))?"
    rf"{_SYMBOLS}(?P<mark>#{{1,6}}[ \t]*)?(?P<bold>\*\*\*|\*\*|__|\*|_|`)?{_SYMBOLS}"
    r"(?P<bracket>[【\[<「『])?"
    rf"(?P<name>[^\W\d_](?:[^\n:：﹕∶*_`#【】\[\]<>「」『』|→⇒➜]|_(?=[^\W_])){{0,{_LONGEST_NAME}}}?)"
    r"(?:[ \t]?[#№]\d{1,3})?(?(bracket)[】\]>」』])"
    rf"(?:(?P<dash>[ \t]+[-–—=][ \t]+|[ \t]*{_ARROW})"
    r"|[ \t]*(?P<colon>[:：﹕∶]{1,2})[ \t]*(?(bold)(?P=bold)?)"
    # A heading, bold type or brackets can replace the colon.
    rf"|(?(bold)(?P=bold)[ \t]*(?:(?P<after>[:：﹕∶])|[-–—][ \t]|{_ARROW})?"
    r"|(?(mark)[ \t]*$|(?(bracket)|(?!)))))"
    r"[ \t\u3000]?(?P<text>.*)$"
)
_ASIDE_NUMBER = re.compile(r"[ \t]*[(（]?\d{1,3}[)）]?$")


@dataclass(frozen=True, slots=True)
class FieldHead:
    """A line that starts a field."""

    line: int
    name: str
    """The name as written, undecorated."""
    meaning: FieldName | None
    """None for a name that the vocabulary does not have."""
    text: str
    """What follows the name on the same line."""
    style: str
    """Its decoration: a heading of some level, bold, plain, or dashed."""
    lower: bool
    """Whether its name is in lower case."""
    indent: int
    listed: bool
    """Whether a bullet or a number precedes it."""
    quoted: bool = False
    """Whether it is in a block quotation: `> Input: x`."""

    @property
    def kind(self) -> Kind | None:
        """What it contains, as far as known."""
        return self.meaning.kind if self.meaning else None


def field_head(line: Line, number: int, vocabulary: Vocabulary, *, bare: bool = False) -> FieldHead | None:
    """Read a line as the start of a field; None if it cannot be one.

    A name that the vocabulary does not have needs a colon. With `bare`, one that prompts use needs nothing at
    all.
    """
    if line.code:
        return None
    match = _HEAD.match(line.text)
    if match is None:
        name = line.text.strip()
        meaning = vocabulary.meaning(name) if bare and len(name) <= _LONGEST_NAME else None
        if meaning is None or not meaning.usual:
            return None
        return FieldHead(number, name, meaning, "", "bare", name[0].islower(), line.indent, listed=False)
    name = match["name"].strip()
    meaning = vocabulary.meaning(name)
    if match["dash"] and (
        meaning is None or not meaning.usual or ("=" in match["dash"] and name[0].islower())
    ):
        return None
    if meaning is None and not (match["colon"] or match["after"]):
        return None
    text = match["text"]
    if meaning is None and name[-1].isdigit() and text[:1].isdigit():
        # A time of day.
        return None
    if match["bracket"] == "<" and "</" in text:
        return None
    # What is in quotation marks at the start of a line is a name only where nothing else follows it.
    if match["bracket"] and match["bracket"] in "「『" and text.strip() and not match["colon"]:
        return None
    bold = match["bold"] or ""
    if (
        bold
        and text.endswith(bold)
        and match["colon"]
        and text.count(bold) == 1
        and not match[0].count(bold) > 2
    ):
        text = text[: -len(bold)]
    style = f"heading {len(match['mark'].strip())}" if match["mark"] else "bold" if bold else "plain"
    if match["dash"]:
        style = DASHED
    return FieldHead(
        number,
        _ASIDE_NUMBER.sub("", name),
        meaning,
        text,
        style,
        name[0].islower(),
        len(match["indent"]),
        match["listed"] is not None,
        match["quote"] != "",
    )


def head_of(text: str, vocabulary: Vocabulary) -> FieldHead | None:
    """Read a text as the start of a field where its place in the answer makes no difference."""
    return field_head(Line(text), 0, vocabulary)


def alike(one: FieldHead, other: FieldHead) -> bool:
    """Whether two heads are decorated in the same way."""
    return one.style == other.style and one.lower == other.lower


def consistent_heads(
    heads: Sequence[FieldHead], roles: Sequence[frozenset[Kind]], opens: Iterable[int]
) -> list[FieldHead]:
    """Choose the heads of an answer: for each role, those in the form of its first one.

    A value may itself contain lines that look like fields, such as the headings of a document. They rarely
    look exactly like the fields around them: the usual names win over others, and a role keeps its
    decoration, its case and its indentation throughout an answer.

    Args:
        heads: All lines that may start a field.
        roles: The kinds of each role.
        opens: The lines with which an answer may begin; what may be code is a field only from there on.
    """
    listed = [head for head in heads if any(head.kind in role for role in roles)]
    if not listed:
        return []
    first = listed[0]
    if _may_be_code(first) and first.line not in set(opens):
        listed = [head for head in listed if not _may_be_code(head)]
        if not listed:
            return []
        first = listed[0]
    chosen: list[FieldHead] = []
    begun = False
    for role in roles:
        own = [head for head in listed if head.kind in role]
        usual = [head for head in own if head.meaning and head.meaning.usual]
        own = [head for head in usual if head.meaning and not head.meaning.qualified] or usual or own
        # Only the second role may be decorated otherwise: a first one that differs is part of a value.
        own = [head for head in own if alike(head, first)] or (own if begun else [])
        begun = begun or first.kind in role
        if own:
            chosen += [head for head in own if _same_form(head, own[0])]
    return sorted(chosen, key=lambda head: head.line)


def _may_be_code(head: FieldHead) -> bool:
    """Whether a head looks like a key of YAML, `output: x`, or a comment, `# Output`."""
    return head.lower or head.style == "heading 1"


def _same_form(head: FieldHead, first: FieldHead) -> bool:
    assert head.meaning is not None
    assert first.meaning is not None
    return (
        alike(head, first)
        and head.indent <= first.indent + 1
        and head.meaning.qualified == first.meaning.qualified
    )


def with_own_names(
    heads: Sequence[FieldHead], chosen: Sequence[FieldHead], roles: Sequence[frozenset[Kind]]
) -> list[FieldHead]:
    """Add the heads of the second field where only the inputs have a known name.

    The second field has a name of its own, such as `Sentiment:`, which comes once with each input: before it
    in an output-first answer, otherwise after it.
    """
    if not chosen or any(head.kind != "input" for head in chosen):
        return list(chosen)
    others = [head for head in heads if head.meaning is None and alike(head, chosen[0]) and head.text.strip()]
    inputs = [head.line for head in chosen]
    for before in (True, False) if "label" in roles[0] else (False,):
        bounds = [-1, *inputs] if before else [*inputs, heads[-1].line + 1]
        groups: list[list[FieldHead]] = [[] for _ in inputs]
        for head in others:
            place = bisect_right(bounds, head.line) - 1
            if 0 <= place < len(groups):
                groups[place].append(head)
        shared = set.intersection(*({head.name for head in group} for group in groups))
        named = [[head for head in group if head.name in shared] for group in groups]
        if shared:
            meaning = FieldName("label" if before else "output", usual=False)
            added = [replace(group[-1], meaning=meaning) for group in named]
            return sorted([*chosen, *added], key=lambda head: head.line)
    return list(chosen)
