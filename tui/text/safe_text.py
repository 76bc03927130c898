"""The one place that turns untrusted text into text that a terminal may be given.

Models, servers and files write whatever they like. Control and escape characters would drive the
terminal, and bidirectional or invisible ones would make a text look like another. All of them become
visible signs here. Whoever shows such text passes it through `safe` or `safe_line` first; `net` holds back
what would come to the terminal all the same.
"""

import re
import unicodedata

from selfinstruct.core.setting_names import as_fields
from selfinstruct.db.reads.counts import Counts, Spending

_REPLACEMENT = "\ufffd"
# What is shown as nothing, or as a blank that is no space, besides the categories below; also what Unicode
# keeps free for such characters (Default_Ignorable_Code_Point), and what is no character at all.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2065\u2800\u3164\ufdd0-\ufdef\ufe00-\ufe0f\uffa0"
    "\ufff0-\ufff8\ufffc\ufffe\uffff\U0001d159\U000e0000-\U000e0fff]"
)
_HIDING = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})

_MARKS = 8
"""So many marks one character may carry: more than any script needs, and fewer than reach other lines."""
# Marks are neither word characters nor blanks; what else is in so long a row is looked at one by one.
_PERHAPS_A_FLOOD = re.compile(rf"[^\w\s!-~]{{{_MARKS + 1},}}")

WIDEST = 1000
"""Characters of a line that are shown when nobody says how many: no terminal has more columns."""


class _Visible(dict[int, str | int]):
    """What each code point is shown as, worked out when it first comes up."""

    def __missing__(self, code: int) -> str | int:
        shown = self[code] = _shown_as(chr(code))
        return shown


def _shown_as(character: str) -> str | int:
    code = ord(character)
    if character == "\n":
        return character
    if character == "\t":
        return "    "
    if code < 0x20:
        return chr(0x2400 + code)  # the control pictures: ␀ to ␟
    if code == 0x7F:
        return "\u2421"
    if _INVISIBLE.match(character) or unicodedata.category(character) in _HIDING:
        return _REPLACEMENT
    return character


_VISIBLE = _Visible()


def safe(text: str, most: int | None = None) -> str:
    """`text` with nothing in it that a terminal obeys or hides; line breaks stay.

    Of one longer than `most` characters the beginning, and how much is left out.
    """
    if most is not None and len(text) > most:
        return f"{safe(text[:most])}… and {len(text) - most:,} characters more"
    shown = text.replace("\r\n", "\n").translate(_VISIBLE)
    return shown if shown.isascii() else _PERHAPS_A_FLOOD.sub(_without_flood, shown)


def _without_flood(found: re.Match[str]) -> str:
    kept: list[str] = []
    marks = 0
    for character in found[0]:
        marks = marks + 1 if unicodedata.category(character) in {"Mn", "Me"} else 0
        if marks <= _MARKS:
            kept.append(character)
        elif marks == _MARKS + 1:
            kept.append(_REPLACEMENT)
    return "".join(kept)


def safe_line(text: str, width: int | None = WIDEST) -> str:
    """`text` on one line; cut to `width` characters, with an ellipsis, when it is longer."""
    if width is not None:
        # A line of a megabyte is not looked through for its beginning; a line break of two becomes more.
        text = text[: 2 * (width + 1)]
    line = safe(text).replace("\n", " ⏎ ")
    return line if width is None or len(line) <= width else line[: max(0, width - 1)] + "…"


def sentence_line(sentence: str, width: int | None = WIDEST) -> str:
    """A sentence of core's for a screen, on one line: settings are named as its fields are."""
    return safe_line(as_fields(sentence), width)


def verdict_word(verdict: str | None) -> str:
    """A verdict as people read it."""
    if verdict is None:
        return "-"
    return safe_line(verdict.removeprefix("too_").removeprefix("same_").replace("_", " "))


STATE_WORDS = {"pending": "undecided", "accepted": "accepted", "rejected": "rejected"}
"""States of tasks as people read them."""

LABEL_WORDS = {"classification": "classification", "generation": "generation", "unknown": "unclear"}
"""Labels as people read them where there is room."""


def many(number: int, what: str) -> str:
    """A number of things: "1 request", "2 requests"."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def usd_text(cost_usd: float | None) -> str:
    """A cost as people read it; unknown is said, and never 0."""
    if cost_usd is None:
        return "unknown"
    return f"${cost_usd:.2f}" if cost_usd >= 1 or not cost_usd else f"${cost_usd:.4f}"


def cost_text(counts: Counts | Spending) -> str:
    """What the answers have cost, with what is unknown said, and what a cost limit counts it as."""
    if not counts.attempts_of_unknown_cost:
        return usd_text(counts.cost_usd or 0.0)
    text = usd_text(counts.cost_usd)
    if counts.cost_usd is not None:
        text += f" and {counts.attempts_of_unknown_cost} of unknown cost"
    return f"{text} ({usd_text(counts.reserved_usd)} reserved)" if counts.reserved_usd else text
