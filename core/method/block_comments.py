"""The block comments, here-documents and strings of several lines in an answer."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

_ANYWHERE = re.compile(r"\"\"\"|\'\'\'|/\*|<!--")
# What is also found in a text opens a comment only at the beginning of a line or of a value.
_FIRST = re.compile(
    r"(?P<name>[^:：]{1,40}[:：])?[ \t]*"
    r"(?P<mark>\{-(?=\s|$)|--\[\[|=begin\b|<#(?=\s|$)|\(\*(?=\s|$)|%\{$|#\|(?=\s|$)|\{#(?=\s|$))"
)
_CLOSING = {
    '"""': '"""',
    "'''": "'''",
    "/*": "*/",
    "<!--": "-->",
    "{-": "-}",
    "--[[": "]]",
    "=begin": "=end",
    "<#": "#>",
    "(*": "*)",
    "%{": "%}",
    "#|": "|#",
    "{#": "#}",
}
_HEREDOC = re.compile(r"<<[-~]?[ \t]?(?P<quote>[\"']?)(?P<word>[A-Z_]{2,20})(?P=quote)[ \t]*(?:$|[;|>])")
_TEMPLATE_STRING = re.compile(r"(?:[=(,+]|=>|\breturn)[ \t]*(?:\w{1,20})?`[^`]*$")


@dataclass(frozen=True, slots=True)
class Block:
    """A comment or a string that goes on below the line that opens it."""

    end: int
    """The line of its closing mark."""
    begins_line: bool
    """Whether nothing stands before it."""


class BlockEnds:
    """Finds where the comments and strings that lines leave open end."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._ends: dict[str, list[int]] = {}
        self._last = ""
        """The closing mark of the block found last."""

    def opened_in(self, number: int, *, inside: bool) -> Block | None:
        """Return what a line leaves open; None without anything that is closed on a later line.

        Args:
            number: The line.
            inside: Whether the block found last ends in it.
        """
        text = self._texts[number]
        start = text.find(self._last) + len(self._last) if inside else 0
        opened = _left_open(text, start)
        if opened is None:
            return None
        mark, at = opened
        if mark not in self._ends:
            self._ends[mark] = [at for at, text in enumerate(self._texts) if _closes(text, mark)]
        place = bisect_right(self._ends[mark], number)
        if place == len(self._ends[mark]):
            return None
        self._last = mark
        return Block(self._ends[mark][place], begins_line=not text[:at].strip())


def _left_open(text: str, start: int) -> tuple[str, int] | None:
    """The closing mark of what a line leaves open, and where that begins."""
    first = _FIRST.match(text) if start == 0 else None
    if first is not None:
        closing = _CLOSING[first["mark"]]
        return None if text.find(closing, first.end()) >= 0 else (closing, first.start("mark"))
    while (opening := _ANYWHERE.search(text, start)) is not None:
        closing = _CLOSING[opening[0]]
        end = text.find(closing, opening.end())
        if end < 0:
            return closing, opening.start()
        start = end + len(closing)
    if (heredoc := _HEREDOC.search(text, start)) is not None:
        return heredoc["word"], heredoc.start()
    if "`" in text and "```" not in text and (string := _TEMPLATE_STRING.search(text, start)) is not None:
        return "`", string.start()
    return None


def _closes(text: str, mark: str) -> bool:
    """Whether a line has this closing mark; a word must be all of it."""
    return text.strip() == mark if mark.isupper() else mark in text
