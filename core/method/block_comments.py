"""The block comments, here-documents and strings of several lines in an answer."""

import re
from bisect import bisect_right
from collections.abc import Sequence

# Those that are hardly found in a text stand anywhere, others at the beginning of a line or of a value.
_BLOCK_COMMENT = re.compile(
    r"(?P<anywhere><!--)|^(?P<name>[^:：]{1,40}[:：])?[ \t]*"
    r"(?P<first>\{-(?=\s|$)|--\[\[|=begin\b|<#(?=\s|$)|\(\*(?=\s|$)|%\{$|#\|(?=\s|$)|\{#(?=\s|$))"
)
_CLOSING_COMMENT = {
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


def commented(texts: Sequence[str]) -> set[int]:
    """The lines in block comments, here-documents and strings of several lines, with their closing marks."""
    found: set[int] = set()
    ends: dict[str, list[int]] = {}
    number = 0
    while number < len(texts):
        opening = _opened_comment(texts[number])
        if opening is None:
            number += 1
            continue
        closing, alone = opening
        if closing not in ends:
            ends[closing] = [at for at, text in enumerate(texts) if _holds_closing(text, closing)]
        place = bisect_right(ends[closing], number)
        # What stays open is only text.
        end = ends[closing][place] if place < len(ends[closing]) else None
        if end is None:
            number += 1
            continue
        found.update(range(number if alone else number + 1, end + 1))
        number = end + 1
    return found


def _opened_comment(text: str) -> tuple[str, bool] | None:
    """What closes the comment or string that a line leaves open, and whether it begins the line."""
    if (comment := _BLOCK_COMMENT.search(text)) is not None:
        mark = comment["anywhere"] or comment["first"]
        closing = _CLOSING_COMMENT[mark]
        is_open = text.find(closing, comment.end()) < 0
        alone = not text[: comment.start(comment.lastgroup or 0)].strip() and not comment["name"]
        return (closing, alone) if is_open else None
    if (heredoc := _HEREDOC.search(text)) is not None:
        return heredoc["word"], False
    return ("`", False) if "`" in text and _TEMPLATE_STRING.search(text) and "```" not in text else None


def _holds_closing(text: str, closing: str) -> bool:
    """Whether a line has this closing mark; a word must be all of it."""
    return text.strip() == closing if closing.isupper() else closing in text
