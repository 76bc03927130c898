"""Sanitizes untrusted text for the terminal; the only module that does.

Text from models, servers and files may contain anything. Control and escape characters could drive the
terminal, and bidirectional or invisible characters could disguise a text as another. All of them are
replaced by visible signs. Code that displays such text calls `safe` or `safe_line`, and editors draw their
lines with `visible`; stored text is never changed. `TerminalGuard` is the last line of defence.
"""

import re
import unicodedata

from selfinstruct.core.setting_names import as_fields
from selfinstruct.db.reads.counts import Counts, Spending

_REPLACEMENT = "\ufffd"
_JOINER_SIGN = "\u250a"
"""Drawn by editors for a joiner, which is a legitimate part of a word or an emoji."""
# Characters outside the categories below that render as nothing, or as a blank other than a space; also code
# points reserved for such characters (Default_Ignorable_Code_Point), and noncharacters.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2065\u2800\u3164\ufdd0-\ufdef\ufe00-\ufe0f\uffa0"
    "\ufff0-\ufff8\ufffc\ufffe\uffff\U0001d159\U000e0000-\U000e0fff]"
)
_HIDING = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})

_MARKS = 8
"""Combining marks kept per character: more than any script needs, too few to spill into other lines."""
# A cheap pre-filter: marks are neither word characters nor whitespace, but other characters match too.
_PERHAPS_A_FLOOD = re.compile(rf"[^\w\s!-~]{{{_MARKS + 1},}}")

# Zero-width (non-)joiners and the variation selectors for text and emoji style.
_JOINERS = re.compile("[\u200c\u200d\ufe0e\ufe0f]")
# Scripts in which a joiner shapes the letters around it: Arabic, Syriac and N'Ko to Mandaic, the Indic
# scripts up to Tibetan and Myanmar, Khmer, Mongolian, and the Arabic presentation forms.
_SHAPED = re.compile("[\u0600-\u109f\u1780-\u18af\ufb50-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc]")
_SKIN_TONES = range(0x1F3FB, 0x1F400)

WIDEST = 1000
"""Default maximum width of a line, in characters; no terminal has more columns."""


class _Signs(dict[int, str]):
    """A translation table from code points to what is displayed, filled lazily."""

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
# Joiners are kept here; `_joiner_shown` decides by their context.
_ELSEWHERE = _Signs({0x09: "    ", 0x0A: "\n"} | {ord(one): one for one in "\u200c\u200d\ufe0e\ufe0f"})


def safe(text: str, most: int | None = None) -> str:
    """Return `text` with control and invisible characters replaced; line breaks stay.

    A text longer than `most` characters is truncated, and the number of omitted characters is appended.
    """
    if most is not None and len(text) > most:
        return f"{safe(text[:most])}… and {len(text) - most:,} more characters"
    shown = text.replace("\r\n", "\n").translate(_ELSEWHERE)
    if shown.isascii():
        return shown
    return _PERHAPS_A_FLOOD.sub(_without_flood, _JOINERS.sub(_joiner_shown, shown))


def visible(line: str) -> str:
    """Return `line` as an editor draws it: each control or invisible character becomes one visible sign.

    The result has as many characters as `line`, so the cursor position is the same in both. Tabs stay.
    """
    if line.isascii() and line.isprintable():
        return line
    shown = line.translate(_IN_EDITORS)
    return shown if shown.isascii() else _PERHAPS_A_FLOOD.sub(_flood_replaced, shown)


def _joiner_shown(found: re.Match[str]) -> str:
    """Keep a joiner that shapes letters, drop it within an emoji, and replace it elsewhere.

    Terminals disagree on the width of joined emoji, but agree on the width of their parts.
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
    """Return whether a character may be (part of) an emoji: non-ASCII symbols and punctuation."""
    if not character or character.isascii() or character == _REPLACEMENT:
        return False
    return ord(character) in _SKIN_TONES or unicodedata.category(character) in {"So", "Sm", "Po", "Pd"}


def _without_flood(found: re.Match[str]) -> str:
    return _thinned(found[0], _REPLACEMENT, "")


def _flood_replaced(found: re.Match[str]) -> str:
    return _thinned(found[0], _REPLACEMENT, _REPLACEMENT)


def _thinned(text: str, first: str, others: str) -> str:
    """Limit the combining marks per character.

    Args:
        text: The text to limit.
        first: Replaces the first excess mark of a character.
        others: Replaces each further excess mark.
    """
    kept: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in {"Mn", "Me"} else 0
        kept.append(character if marks <= _MARKS else first if marks == _MARKS + 1 else others)
    return "".join(kept)


def safe_line(text: str, width: int | None = WIDEST) -> str:
    """Return `text` sanitized on one line, truncated to `width` characters with an ellipsis."""
    if width is None:
        return safe(text).replace("\n", " ⏎ ")
    # Only the beginning of a long text is sanitized: twice the width, as each CRLF becomes one character.
    most = 2 * (width + 1)
    line = safe(text[:most]).replace("\n", " ⏎ ")
    return line if len(line) <= width and len(text) <= most else line[: max(0, width - 1)] + "…"


def sentence_line(sentence: str, width: int | None = WIDEST) -> str:
    """Render a sentence from core for a screen, on one line, with settings as field names."""
    return safe_line(as_fields(sentence), width)


def verdict_word(verdict: str | None) -> str:
    """Return a verdict code as displayed, such as "similar" for `too_similar`."""
    if verdict is None:
        return "-"
    return safe_line(verdict.removeprefix("too_").removeprefix("same_").replace("_", " "))


STATE_WORDS = {"pending": "undecided", "accepted": "accepted", "rejected": "rejected"}
"""Displayed names of task states."""

LABEL_WORDS = {"classification": "classification", "generation": "generation", "unknown": "unclear"}
"""Displayed names of labels, unabbreviated."""

SHORT_LABELS = {"classification": "class", "generation": "gen", "unknown": "unclear", None: "-"}
"""Displayed names of labels in the cells of a table."""


def many(number: int, what: str) -> str:
    """Return a count with its noun: "1 request", "2 requests"."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def usd_text(cost_usd: float | None) -> str:
    """Format a cost in USD; an unknown cost is "unknown", never 0."""
    if cost_usd is None:
        return "unknown"
    return f"${cost_usd:.2f}" if cost_usd >= 1 or not cost_usd else f"${cost_usd:.4f}"


def cost_text(counts: Counts | Spending) -> str:
    """Format a total cost, with the number of attempts of unknown cost and the amount reserved for them."""
    if not counts.attempts_of_unknown_cost:
        return usd_text(counts.cost_usd or 0.0)
    text = usd_text(counts.cost_usd)
    if counts.cost_usd is not None:
        text += f" and {counts.attempts_of_unknown_cost} of unknown cost"
    return f"{text} ({usd_text(counts.reserved_usd)} reserved)" if counts.reserved_usd else text
