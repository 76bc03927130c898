"""The one place that turns untrusted text into text that a terminal may be given.

Models, servers and files write whatever they like. Control and escape characters would drive the
terminal, and bidirectional or invisible ones would make a text look like another. All of them become
visible signs here. Whoever shows such text passes it through `safe` or `safe_line` first.
"""

import unicodedata

from selfinstruct.db.counts import Counts, Spending

_REPLACEMENT = "\ufffd"
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")


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
    is_selector = 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF
    if is_selector or character in _INVISIBLE:
        return _REPLACEMENT
    if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}:
        return _REPLACEMENT
    return character


_VISIBLE = _Visible()


def safe(text: str) -> str:
    """`text` with nothing in it that a terminal obeys or hides; line breaks stay."""
    return text.replace("\r\n", "\n").translate(_VISIBLE)


def safe_line(text: str, width: int | None = None) -> str:
    """`text` on one line; cut to `width` characters, with an ellipsis, when it is longer."""
    line = safe(text).replace("\n", " ⏎ ")
    return line if width is None or len(line) <= width else line[: max(0, width - 1)] + "…"


def many(number: int, what: str) -> str:
    """A number of things: "1 request", "2 requests"."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def cost_text(counts: Counts | Spending) -> str:
    """What the answers have cost, with what is unknown said."""
    if counts.cost_usd is None:
        return "unknown" if counts.attempts_of_unknown_cost else "$0.00"
    text = (
        f"${counts.cost_usd:.2f}"
        if counts.cost_usd >= 1 or not counts.cost_usd
        else f"${counts.cost_usd:.4f}"
    )
    return (
        f"{text} and {counts.attempts_of_unknown_cost} of unknown cost"
        if counts.attempts_of_unknown_cost
        else text
    )
