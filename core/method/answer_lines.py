"""The lines of an answer, and which of them are code: in a fence, a docstring or a block comment."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

_FENCE = re.compile(r"^\s*(?:```|~~~)[\w+#.-]*\s*$")
_OPENING_FENCE = re.compile(r"^\s*(?:```|~~~)\s*[\w+#.-]+\s*$|(?:^|[:：]\s*)(?:```|~~~)[\w+#.-]*\s*$")
_WRAPPER = re.compile(
    r"^\s*(?:```|~~~)(?:te?xt|plaintext|plain|markdown|md|none|output|answer|xml|yaml|yml)?\s*$"
)
_QUOTE = re.compile(r'"""|\'\'\'|/\*|\*/')
_CLOSING_QUOTE = {'"""': '"""', "'''": "'''", "/*": "*/"}
_COMMENT = re.compile(r"^\s*(?://|--\s|<!--)")
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


def is_fence(text: str) -> bool:
    """Whether a line of text is a code fence and nothing else."""
    return _FENCE.match(text) is not None


def answer_lines(text: str, begins: Callable[[str], bool]) -> list[Line]:
    """Split an answer into lines.

    A fence around the whole answer, or around each of its parts, is removed with the prose outside of it.

    Args:
        text: The answer, without thoughts.
        begins: Whether a line begins a field or an item; a fence around such lines is no code.
    """
    texts = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n").split("\n")
    while len(texts) > 1 and not texts[0].strip():
        texts.pop(0)
    # Models may start with a space, which is no indentation.
    if any(rest.strip() and not rest[0].isspace() for rest in texts[1:]):
        texts[0] = texts[0].lstrip()
    return _marked(_unwrapped(texts, begins))


def _marked(texts: Sequence[str]) -> list[Line]:
    """Mark the lines of fences, docstrings and block comments; what stays open is only text."""
    lines: list[Line] = []
    fenced = False
    left = Counter(mark for text in texts for mark in _QUOTE.findall(text))
    quoted: str | None = None
    for text in texts:
        own_line = is_fence(text)
        if quoted is None and (own_line or (not fenced and _OPENING_FENCE.search(text))):
            lines.append(Line(text, code=fenced or own_line, fence=own_line))
            fenced = not fenced
            continue
        inside = quoted is not None
        for mark in [] if fenced else _QUOTE.findall(text):
            left[mark] -= 1
            if quoted is not None:
                quoted = None if mark == _CLOSING_QUOTE[quoted] else quoted
            elif mark in _CLOSING_QUOTE and left[_CLOSING_QUOTE[mark]] > 0:
                quoted = mark
        lines.append(Line(text, code=fenced or inside or _COMMENT.match(text) is not None))
    return lines


def _unwrapped(texts: list[str], begins: Callable[[str], bool]) -> list[str]:
    fences = [number for number, text in enumerate(texts) if is_fence(text)]
    if not fences or not _WRAPPER.match(texts[fences[0]]) or any(map(begins, texts[: fences[0]])):
        return texts

    closed = fences[1] if len(fences) > 1 else len(texts)
    if len(fences) <= 2 and not "".join([*texts[: fences[0]], *texts[closed + 1 :]]).strip():
        return texts[fences[0] + 1 : closed]

    def begins_within(first: int, end: int) -> bool:
        """Whether the text in a fence begins so, at once or after the blank line below a greeting."""
        inside = texts[first + 1 : end]
        written = [number for number, text in enumerate(inside) if text.strip()][:3]
        return any(
            begins(inside[number]) and (place == 0 or not inside[number - 1].strip())
            for place, number in enumerate(written)
        )

    pairs = list(zip(fences[::2], fences[1::2], strict=False))
    paired = len(fences) % 2 == 0
    if paired and all(begins_within(*pair) for pair in pairs) and not _between(texts, pairs):
        return [text for first, end in pairs for text in [*texts[first + 1 : end], ""]]
    if not begins_within(fences[0], len(texts)):
        return texts
    if paired and not any(map(begins, texts[fences[-1] + 1 :])):
        return texts[fences[0] + 1 : fences[-1]]
    return [text for number, text in enumerate(texts) if number != fences[0]] if not paired else texts


def _between(texts: list[str], pairs: list[tuple[int, int]]) -> str:
    """What is written between the fenced parts, apart from blank lines."""
    return "".join("".join(texts[end + 1 : first]).strip() for (_, end), (first, _) in pairwise(pairs))
