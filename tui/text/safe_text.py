"""The one place that turns untrusted text into text that a terminal may be given.

Models, servers and files write whatever they like. Control and escape characters would drive the
terminal, and bidirectional or invisible ones would make a text look like another. All of them become
visible signs here. Whoever shows such text passes it through `safe` or `safe_line` first, and an editor
draws its lines with `visible`; what is stored stays as it is. `TerminalGuard` holds back what would come to
the terminal all the same.
"""

import re
import unicodedata

from selfinstruct.core.setting_names import as_fields
from selfinstruct.db.reads.counts import Counts, Spending

_REPLACEMENT = "\ufffd"
_JOINER_SIGN = "\u250a"
"""What an editor draws for a joiner: it is part of a word or of an emoji, and no fault."""
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

# Zero-width (non-)joiners and the selectors of text and emoji style.
_JOINERS = re.compile("[\u200c\u200d\ufe0e\ufe0f]")
# Scripts in which a joiner shapes the letters around it: Arabic, Syriac and N'Ko to Mandaic, those of India
# and its neighbours to Tibetan and Myanmar, Khmer, Mongolian, and the presentation forms of Arabic.
_SHAPED = re.compile("[\u0600-\u109f\u1780-\u18af\ufb50-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc]")
_SKIN_TONES = range(0x1F3FB, 0x1F400)

WIDEST = 1000
"""Characters of a line that are shown when nobody says how many: no terminal has more columns."""


class _Signs(dict[int, str]):
    """What each code point is shown as, worked out when it first comes up."""

    def __missing__(self, code: int) -> str:
        shown = self[code] = _sign(chr(code))
        return shown


def _sign(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)  # the control pictures: ␀ to ␟
    if code == 0x7F:
        return "\u2421"
    if _INVISIBLE.match(character) or unicodedata.category(character) in _HIDING:
        return _REPLACEMENT
    return character


_IN_EDITORS = _Signs({0x09: "\t"} | dict.fromkeys((0x200C, 0x200D, 0xFE0E, 0xFE0F), _JOINER_SIGN))
# What becomes of a joiner depends on what is around it.
_ELSEWHERE = _Signs({0x09: "    ", 0x0A: "\n"} | {ord(one): one for one in "\u200c\u200d\ufe0e\ufe0f"})


def safe(text: str, most: int | None = None) -> str:
    """`text` with nothing in it that a terminal obeys or hides; line breaks stay.

    Of one longer than `most` characters the beginning, and how much is left out.
    """
    if most is not None and len(text) > most:
        return f"{safe(text[:most])}… and {len(text) - most:,} characters more"
    shown = text.replace("\r\n", "\n").translate(_ELSEWHERE)
    if shown.isascii():
        return shown
    return _PERHAPS_A_FLOOD.sub(_without_flood, _JOINERS.sub(_joiner_shown, shown))


def visible(line: str) -> str:
    """`line` as an editor draws it: a sign in the place of each character that a terminal obeys or hides.

    It has as many characters as `line`, so that the cursor is at the same place in both. Tabs stay.
    """
    if line.isascii() and line.isprintable():
        return line
    shown = line.translate(_IN_EDITORS)
    return shown if shown.isascii() else _PERHAPS_A_FLOOD.sub(_flood_replaced, shown)


def _joiner_shown(found: re.Match[str]) -> str:
    """A joiner where it shapes letters, and nothing within an emoji.

    Terminals do not agree on the width of joined emoji; each of its parts has the same width in all of them.
    """
    before = found.string[found.start() - 1 : found.start()]
    after = found.string[found.end() : found.end() + 1]
    joiner = found[0]
    if joiner in "\u200c\u200d" and _SHAPED.match(before) and _SHAPED.match(after):
        return joiner
    if joiner == "\u200d":
        return "" if (before == "\ufe0f" or _is_emoji(before)) and _is_emoji(after) else _REPLACEMENT
    keycap = after == "\u20e3" and before in "0123456789#*"
    selects = joiner in "\ufe0e\ufe0f" and bool(before) and (keycap or _is_emoji(before))
    return "" if selects else _REPLACEMENT


def _is_emoji(character: str) -> bool:
    """Whether a character may be (part of) an emoji: a symbol or punctuation beyond ASCII."""
    if not character or character.isascii() or character == _REPLACEMENT:
        return False
    return ord(character) in _SKIN_TONES or unicodedata.category(character) in {"So", "Sm", "Po", "Pd"}


def _without_flood(found: re.Match[str]) -> str:
    return _thinned(found[0], _REPLACEMENT, "")


def _flood_replaced(found: re.Match[str]) -> str:
    return _thinned(found[0], _REPLACEMENT, _REPLACEMENT)


def _thinned(text: str, first: str, others: str) -> str:
    """`text` with few enough marks on each character; `first` and `others` for those that are too many."""
    kept: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in {"Mn", "Me"} else 0
        kept.append(character if marks <= _MARKS else first if marks == _MARKS + 1 else others)
    return "".join(kept)


def safe_line(text: str, width: int | None = WIDEST) -> str:
    """`text` on one line; cut to `width` characters, with an ellipsis, when it is longer."""
    if width is None:
        return safe(text).replace("\n", " ⏎ ")
    # A line of a megabyte is not looked through for its beginning; a line break of two becomes more.
    most = 2 * (width + 1)
    line = safe(text[:most]).replace("\n", " ⏎ ")
    return line if len(line) <= width and len(text) <= most else line[: max(0, width - 1)] + "…"


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
