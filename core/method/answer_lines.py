"""The lines of an answer, and which of them are code: in a fence, a docstring or a block comment."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from selfinstruct.core.method.block_comments import BlockEnds

_MARKS = r"(?P<marks>`{3,}|~{3,})"
_FENCE = re.compile(rf"^\s*{_MARKS}[\w+#.-]*\s*$")
# On a line of its own with a language, or behind the name of a field, which may be in bold or italic type.
_ALWAYS_OPENING = re.compile(
    rf"^\s*{_MARKS}\s*[\w+#.-]+\s*$"
    r"|(?:[:：](?:[*_]{0,3}|</\w{1,8}>)|[*_]{2}|[-=]>|→|\s[-–—]\s)[ \t]*(?P<behind>`{3,}|~{3,})[\w+#.-]*\s*$"
)
_WRAPPER = re.compile(
    rf"^\s*{_MARKS}(?:te?xt|plaintext|plain|markdown|md|none|output|answer|xml|yaml|yml)?\s*$"
)
_NUMBERED = re.compile(r"^\W{0,8}\d{1,3}\W")
_STEP = re.compile(r"^\s*\d{1,2}[.)]\s+\S")
_TILDES = re.compile(r"^\s*~{3,}\s*$")
_RULE_LINE = "---"
_COMMENT = re.compile(r"^\s*(?://\s*\S|--\s|<!--)")
_UNSEEN = "\u200b\u200e\u200f\u2060\ufeff"
_INVISIBLE_START = re.compile(rf"^[ \t\u3000]*[\u00a0{_UNSEEN}][ \t\u00a0\u3000{_UNSEEN}]*", re.MULTILINE)
_INVISIBLE = re.compile(rf"[{_UNSEEN}]")
RULE = re.compile(r"^\s*([-*_=])(?:\s*\1){2,}\s*$")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an answer."""

    text: str
    code: bool = False
    """Whether it is inside a fence, a docstring or a comment: it begins neither a field nor an item."""
    fence: bool = False
    """Whether it is a code fence itself."""

    @property
    def blank(self) -> bool:
        """Whether it has no text."""
        return not self.text.strip()

    @property
    def rule(self) -> bool:
        """Whether it is a horizontal rule."""
        return not self.code and RULE.match(self.text) is not None

    @property
    def indent(self) -> int:
        """The width of its indentation in characters."""
        return len(self.text) - len(self.text.lstrip())


def with_plain_lines(text: str) -> str:
    """A text whose lines end with a line feed, and begin and end with what is seen.

    Zero-width characters before the first word of a line and at its end are removed; spaces that do not break
    are spaces at its start.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = "\n".join(line.rstrip(_UNSEEN) for line in text.split("\n"))
    return _INVISIBLE_START.sub(lambda match: _INVISIBLE.sub("", match[0]).replace("\u00a0", " "), text)


def is_fence(text: str) -> bool:
    """Whether a line of text is a code fence and nothing else."""
    return _FENCE.match(text) is not None


def is_wrapper(text: str) -> bool:
    """Whether a line opens a fence of plain text, as models set around a whole answer."""
    return _WRAPPER.match(text) is not None


def fence_marks(text: str) -> str:
    """The marks of a line that is a code fence, such as "```"; "" if it is not one."""
    fence = _FENCE.match(text)
    return fence["marks"] if fence else ""


def _opening_marks(text: str) -> str:
    """The marks of a fence that a line opens, on its own or behind the name of a field; else ""."""
    behind = _ALWAYS_OPENING.search(text)
    return (behind["marks"] or behind["behind"]) if behind else fence_marks(text)


def _closes(text: str, marks: str) -> bool:
    """Whether a line closes the fence with these marks: it has as many of them, or more."""
    return fence_marks(text).startswith(marks)


Start = Literal["field", "task", "heading"]
"""What a line begins: a field or an item, the next task, or an instance below its heading."""


def answer_lines(text: str, starts: Callable[[str], Start | None]) -> list[Line]:
    """Split an answer into lines.

    A fence around the whole answer, or around each of its parts, is removed with the prose outside of it.

    Args:
        text: The answer, without thoughts.
        starts: What a line begins, if anything; a fence around such lines is no code.
    """
    texts = text.strip("\n").split("\n")
    while len(texts) > 1 and not texts[0].strip():
        texts.pop(0)
    # Models may start with a space, which is no indentation.
    if any(rest.strip() and not rest[0].isspace() for rest in texts[1:]):
        texts[0] = texts[0].lstrip()
    return _marked(_unwrapped(_with_rules(texts), starts))


def leaves_fence_open(text: str) -> bool:
    """Whether a text opens a code fence that it does not close, or closes one that it has not opened."""
    marks = ""
    for line in text.split("\n"):
        if not marks:
            marks = _opening_marks(line)
        elif _closes(line, marks):
            marks = ""
    return marks != ""


def _with_rules(texts: list[str]) -> list[str]:
    """The lines, with a rule for each line of tildes between blank lines: a fence would touch its code."""
    last = len(texts) - 1
    return [
        _RULE_LINE
        if 0 < number < last
        and _TILDES.match(text)
        and not texts[number - 1].strip()
        and not texts[number + 1].strip()
        else text
        for number, text in enumerate(texts)
    ]


def without_wrapper(text: str) -> str:
    """A text without the fence of plain text around all of it."""
    lines = text.strip("\n").rstrip().split("\n")
    marks = fence_marks(lines[0])
    if len(lines) < 3 or not _WRAPPER.match(lines[0]) or fence_marks(lines[-1]) != marks:
        return text
    return text if any(fence_marks(line) == marks for line in lines[1:-1]) else "\n".join(lines[1:-1])


def _marked(texts: Sequence[str]) -> list[Line]:
    """Mark the lines of fences, block comments and strings of several lines; what stays open is only text."""
    lines: list[Line] = []
    fence = ""
    ends = BlockEnds(texts)
    end = -1
    for number, text in enumerate(texts):
        inside = number <= end
        if not inside and (_closes(text, fence) if fence else _opening_marks(text)):
            own_line = is_fence(text)
            lines.append(Line(text, code=own_line, fence=own_line))
            fence = "" if fence else _opening_marks(text)
            continue
        begins = False
        if not fence and (not inside or number == end) and (block := ends.opened_in(number, inside=inside)):
            end, begins = block.end, block.begins_line
        is_code = fence != "" or inside or begins or _COMMENT.match(text) is not None
        lines.append(Line(text, code=is_code))
    return lines


@dataclass(frozen=True, slots=True)
class _Block:
    """A fenced block, with the blocks inside it."""

    start: int
    """The line of its opening fence."""
    end: int
    """The line of its closing fence; the number of all lines where it stays open."""


def _blocks(texts: Sequence[str]) -> list[_Block]:
    """The outermost fenced blocks. A fence with a language always opens one, also inside another."""
    found: list[_Block] = []
    opened: list[tuple[int, str]] = []
    for number, text in enumerate(texts):
        if _ALWAYS_OPENING.search(text) or (is_fence(text) and not (opened and _closes(text, opened[-1][1]))):
            opened.append((number, _opening_marks(text)))
        elif is_fence(text):
            start, _ = opened.pop()
            if not opened:
                found.append(_Block(start, number))
    return [*found, _Block(opened[0][0], len(texts))] if opened else found


def _unwrapped(texts: list[str], starts: Callable[[str], Start | None]) -> list[str]:
    """Remove the fences around an answer or its parts; those inside values stay."""
    fences = [number for number, text in enumerate(texts) if is_fence(text)]
    if not fences or not _WRAPPER.match(texts[fences[0]]):
        return texts
    if any(starts(text) == "field" for text in texts[: fences[0]]):
        return texts
    closed = fences[1] if len(fences) > 1 else len(texts)
    if len(fences) == 2 and _goes_on(texts, fences[0], closed):
        return texts
    if len(fences) <= 2 and not "".join([*texts[: fences[0]], *texts[closed + 1 :]]).strip():
        return texts[fences[0] + 1 : closed]
    if parts := _parts(texts, starts):
        return parts
    # A fence without a language inside another one: the outermost ones are the first and the last.
    if not _starts_within(texts[fences[0] + 1 :], starts):
        return texts
    if len(fences) % 2:
        return [text for number, text in enumerate(texts) if number != fences[0]]
    after = texts[fences[-1] + 1 :]
    return texts if any(map(starts, after)) else texts[fences[0] + 1 : fences[-1]]


def _goes_on(texts: Sequence[str], opening: int, closing: int) -> bool:
    """Whether the sentence or the numbered list above a block goes on below it."""
    above = [text for text in texts[:opening] if text.strip()]
    after = next((text.strip() for text in texts[closing + 1 :] if text.strip()), "")
    if not above or not after:
        return False
    return after[0].islower() or (_STEP.match(after) is not None and _STEP.match(above[0]) is not None)


def _parts(texts: Sequence[str], starts: Callable[[str], Start | None]) -> list[str]:
    """The lines of an answer whose parts are fenced one by one; empty if they are not.

    Between parts, prose and headings are dropped. Fields there are parts without a fence, and a block below
    one is code.
    """
    lines: list[str] = []
    at = 0
    for block in _blocks(texts):
        between = _from_start(texts[at : block.start], starts)
        inside = texts[block.start + 1 : block.end]
        if _WRAPPER.match(texts[block.start]) and _starts_within(inside, starts):
            if _ends_open(inside):
                return []
            lines += [*between, *inside, ""]
        elif between:
            lines += [*between, *texts[block.start : block.end + 1]]
        else:
            return []
        at = block.end + 1
    return [*lines, *_from_start(texts[at:], starts)]


def _from_start(texts: Sequence[str], starts: Callable[[str], Start | None]) -> Sequence[str]:
    """The lines from the first one that begins a field or a task; none if there is none."""
    found = (number for number, text in enumerate(texts) if starts(text) in {"field", "task"})
    return next((texts[number:] for number in found), [])


def _starts_within(texts: Sequence[str], starts: Callable[[str], Start | None]) -> bool:
    """Whether a text begins something: at once, after the blank line below a greeting, or below a number."""
    written = [number for number, text in enumerate(texts) if text.strip()][:3]
    return any(
        starts(texts[number]) is not None
        and (place == 0 or not texts[number - 1].strip() or _NUMBERED.match(texts[number - 1]))
        for place, number in enumerate(written)
    )


def _ends_open(texts: Sequence[str]) -> bool:
    """Whether a text ends with a name without a value: the fence below it opens a block of code."""
    last = next((text for text in reversed(texts) if text.strip()), "")
    return last.rstrip(" *_").endswith((":", "："))
