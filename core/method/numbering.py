"""Numbers and bullets that start the items of a list, and which of them are items of the list itself."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from selfinstruct.core.method.answer_lines import Line

_KEYCAP = re.compile(r"(?:\d\ufe0f?\u20e3)+|🔟")
_HAN_DIGITS = {"〇": 0, "一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_BULLET = re.compile(
    r"^(?P<indent>[ \t\u3000]*)(?:>[ \t]*)?"
    r"(?:(?:[-*•–—‣▪▫◦○●■□◆◇►▶➢➤✦★☆✅☑✔❖·∙+](?:\ufe0f)?[ \t\u3000]+|[・●○■□◆◇▶►•※](?:\ufe0f)?[ \t\u3000]*)(?:\[[ xX]?\][ \t]+)?)"
    r"(?P<text>\S.*)$"
)
_FARTHEST = 20
"""A number this much higher than the last one is not the next of a list."""
_NESTED_INDENT = 2


@dataclass(frozen=True, slots=True)
class Marker:
    """The start of an item."""

    line: int
    number: int | None
    """None for a bullet."""
    indent: int
    text: str
    """What follows it, with bold type reopened if it was opened before the number."""
    heading: bool
    style: str
    """How the number is written, apart from the number: "9.", "(9)", "Task 9"."""


def number_marker(line: Line, at: int, item: str) -> Marker | None:
    """Read a line as a numbered item; `item` is a pattern of names such as "Task"."""
    if line.code:
        return None
    text = _with_digits(line.text)
    match = _numbered(item).match(text)
    if match is None:
        return None
    rest = match["text"]
    if match["bold"] and not match["closed"]:
        rest = match["bold"] + rest
    written = next(match[name] for name in ("n1", "n2", "n3", "n4", "n5", "n6") if match[name])
    style = "bracket" if match["n1"] else "named" if match["n4"] else "han" if match["n6"] else "plain"
    return Marker(
        at,
        _value(written),
        len(match["indent"]),
        rest.strip(),
        "#" in (match["mark"] or ""),
        style if style != "plain" else f"plain{(match['after'] or '').strip()[-1:]}",
    )


def bullet_marker(line: Line, at: int) -> Marker | None:
    """Read a line as an item with a bullet."""
    match = None if line.code or line.rule else _BULLET.match(line.text)
    return Marker(at, None, len(match["indent"]), match["text"], False, "bullet") if match else None


def _with_digits(text: str) -> str:
    """A line with keycaps, circled and full-width digits in its number replaced by plain ones."""
    start = re.match(r"[\s#>*_]*", text)
    at = start.end() if start else 0
    if keycap := _KEYCAP.match(text, at):
        number = "10" if keycap[0] == "🔟" else re.sub(r"\D", "", keycap[0])
        return f"{text[:at]}{number}. {text[keycap.end() :]}"
    if at < len(text) and not text[at].isalnum() is False:
        category = unicodedata.category(text[at])
        if category == "No" and (value := unicodedata.numeric(text[at], 0)) and value == int(value):
            return f"{text[:at]}{int(value)}. {text[at + 1 :].lstrip('.、．)）')}"
    return text


def _value(written: str) -> int:
    if written.isdecimal():
        return int(written)
    tens, _, ones = written.rpartition("十")
    if "十" in written:
        return 10 * (_HAN_DIGITS.get(tens, 1) if tens else 1) + _HAN_DIGITS.get(ones, 0)
    return int("".join(str(_HAN_DIGITS.get(digit, 0)) for digit in written))


@cache
def _numbered(item: str) -> "re.Pattern[str]":
    # At most three digits: a line that starts with "1984." is not an item.
    digits, han = r"\d{1,3}", r"[〇一二三四五六七八九十]{1,3}"
    count = r"(?:条|條|個|个|题|題|項|项|问|問|道题|道|号|號|番目?|번째?|回)"
    after = r"(?:\\?[.):：．）、](?:-(?=\s)|º|ª)?(?!\d)|[º°ª][.)]?|\s*[-–—]\s+(?!\d))"
    return re.compile(
        rf"^(?P<indent>\s*)(?P<mark>(?:[#>]+\s+|>\s*|#+(?!\d)\s*)+)?(?P<bold>\*\*\*|\*\*|__|\*|_)?"
        r"(?:"
        rf"[\[(（【〔](?:第|{item})?\s*(?P<n1>{digits}|{han}){count}?[\])）】〕](?P<a1>{after}|\s*[:：])?"
        rf"|[#№](?P<n2>{digits})(?:{after}|(?=\s|(?(bold)\*)))"
        rf"|第\s*(?P<n3>{digits}|{han})\s*{count}?\s*(?:{after}|(?=\s|$|(?(bold)[*_]))|，)"
        rf"|(?:{item})\s*(?:[#№]\s*|n[.]?º\s*)?(?P<n4>{digits}|{han})\s*{count}?(?:{after}|(?=\s*$|(?(bold)[*_]|(?!)))|(?=\s+#))"
        rf"|(?P<n5>{digits})\s*(?:{count}\s*(?:{after}|(?=\s|$|(?(bold)[*_])))|(?P<after>{after})"
        rf"|(?(mark)(?=$)|(?!))|(?(bold)(?=[*_])|(?!)))"
        rf"|(?P<n6>{han})(?:[、.．:：])(?!\d)"
        r")"
        rf"(?(bold)(?P<closed>(?P=bold)(?:{after}|(?=\s|$|[:：]))?[:：]?)?)\s*(?P<text>.*)$",
        re.IGNORECASE,
    )


def top_level(markers: Sequence[Marker], *, opened: bool, colons: Sequence[bool]) -> list[Marker]:
    """Leave out the numbers of lists inside items.

    Items are numbered on. A number that is not the next one starts a list inside the item before it if the next
    one comes later, or if that item ends with a colon. Otherwise the numbering restarts.

    Args:
        markers: All numbered lines, in order.
        opened: Whether the text before the first of them is an item.
        colons: For each marker, whether the text before it ends with a colon.
    """
    if not markers:
        return []
    outer = min(marker.indent for marker in markers)
    flat = [
        (marker, colon)
        for marker, colon in zip(markers, colons, strict=True)
        if marker.indent < outer + _NESTED_INDENT
    ]
    last_at = {marker.number: place for place, (marker, _) in enumerate(flat)}
    kept: list[Marker] = []
    expected: int | None = None
    for place, (marker, colon) in enumerate(flat):
        number = marker.number
        assert number is not None
        if expected is None:
            # The number of a first item that the prompt opened is not known.
            if (
                opened
                and colon
                and number == 1
                and any(one.number != n for n, (one, _) in enumerate(flat, 1))
            ):
                later = next((one.number for n, (one, _) in enumerate(flat, 1) if one.number != n), None)
                if later is not None and later > 1:
                    expected = later
                    continue
            kept.append(marker)
            expected = number + 1
            continue
        if number == expected or number == expected - 1 or (expected < number <= expected + 2 and not colon):
            if number == expected or last_at.get(expected, -1) < place or number == expected - 1:
                kept.append(marker)
                expected = number + 1
                continue
        if _is_nested(flat, place, expected, last_at, colon=colon, style=kept[-1].style if kept else ""):
            continue
        kept.append(marker)
        expected = number + 1
    return kept


def _is_nested(
    flat: Sequence[tuple[Marker, bool]],
    place: int,
    expected: int,
    last_at: dict[int | None, int],
    *,
    colon: bool,
    style: str,
) -> bool:
    marker = flat[place][0]
    assert marker.number is not None
    resumed = last_at.get(expected, -1)
    if resumed > place:
        # A list that counts up to the expected number by itself is the list again, from its beginning.
        counted = flat[resumed - 1][0].number == expected - 1 and marker.number == 1
        return colon or not counted
    return colon or marker.number > expected + _FARTHEST or (marker.style != style and marker.number == 1)
