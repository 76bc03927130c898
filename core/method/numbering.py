"""Numbers and bullets that start the items of a list, and which of them are items of the list itself."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from selfinstruct.core.method.answer_lines import Line

_KEYCAP = re.compile(r"(?:\d\ufe0f?\u20e3)+|🔟")
_HAN_DIGITS = {"〇": 0, "一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_ROMAN_DIGITS = {"I": 1, "V": 5, "X": 10}
_BULLET = re.compile(
    r"^(?P<indent>[ \t\u3000]*)(?:>[ \t]*)?"
    r"(?:[-*•–—~‣▪▫◦○●■□◆◇►▶➢➤✦★☆✅☑✓✔❖·∙+→☞❯»]\ufe0f?[ \t\u3000]+|[・●○■□◆◇▶►•※]\ufe0f?[ \t\u3000]*)"
    r"(?P<text>\S.*)$"
)
_CHECK_BOX = re.compile(r"(?:\[[ xX✓✔]?\]|[☐☑☒])\ufe0f?[ \t\u3000]+(?=\S)")
_PREFIX = re.compile(
    rf"(?P<indent>\s*)(?:[-*•][ \t]+)?(?:{_CHECK_BOX.pattern})?"
    r"(?P<mark>(?:[#>]{1,9}\s+|>\s*|#+(?![#\d])\s*)+)?(?P<bold>\*\*\*|\*\*|__|\*|_|`)?"
)
# At most three digits: a line that starts with "1984." is not an item.
_DIGITS, _HAN = r"\d{1,3}", r"[〇一二三四五六七八九十]{1,3}"
_OPENS, _CLOSES = r"[\[(（【〔{<「『]", r"[\])）】〕}>」』]"
_ORDINAL = r"(?:(?:st|nd|rd|th)(?=\W)|\.?[ºª°])"
_COUNTER = r"(?:条|條|项|項|道|号|號|点|[個个番回つ件]目?|번째?)"
_COUNTED = r"(?:任务|任務|指令|问题|题|題|问|問|课题|課題|タスク|과제|문제|질문|작업|지시문?)"
_COUNT = rf"(?:(?:{_COUNTER}[ ]?の?)?{_COUNTED}|{_COUNTER})"
_AFTER = (
    r"(?:\.{3,5}|…{1,2}|/(?=\s)|\\?[.):：．）、]{1,2}(?:-(?![\d-])|º|ª)?(?!\d)"
    r"|[º°ª][.)]?|\s*[-–—]\s+(?!\d)|\s?[|>]\s+)"
)
_JOINED = tuple("\ufe0f\u200d\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff")
_LETTERED = re.compile(
    r"^(?P<indent>[ \t\u3000]*)(?:\*\*|__)?[(（]?(?P<letter>[A-Za-z]|[ivx]{2,4}|[가-하ア-ン甲乙丙丁])[.)）．]"
    r"(?:\*\*|__)?[ \t\u3000]+(?P<text>\S.*)$"
)
_SERIES = (
    tuple("abcdefghijklmnopqrstuvwxyz"),
    ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x"),
    tuple("가나다라마바사아자차카타파하"),
    tuple("アイウエオカキクケコサシスセソ"),
    tuple("甲乙丙丁"),
)
_PLAIN_MARK = re.compile(rf"\s*(?P<n>{_DIGITS}|{_HAN})(?P<mark>[、．)）]|\s[-–—]\s)")
_BEFORE_DIGIT = re.compile(rf"{_PLAIN_MARK.pattern}\s*(?=\d)")
_AFTER_NAME = rf"(?:\\?[:：、）)]{{1,2}}|\s*[-–—]\s+|{_AFTER})"
_FARTHEST = 20
"""A number this much higher than the last one does not continue a list."""
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
    """How the number is written, apart from the number itself."""


def number_marker(line: Line, at: int, item: str) -> Marker | None:
    """Read a line as a numbered item; `item` is a pattern of names such as "Task"."""
    if line.code:
        return None
    text = _with_digits(line.text)
    prefix = _PREFIX.match(text)
    assert prefix is not None
    bold = prefix["bold"] or ""
    for style, form in _forms(item, marked=bool(prefix["mark"]), bold=bool(bold)):
        match = form.match(text, prefix.end())
        if match is None:
            continue
        rest = text[match.end() :]
        if bold:
            closing = re.match(rf"\s*{re.escape(bold)}(?:{_AFTER}|(?=\s|$)|[:：])?", rest)
            rest = rest[closing.end() :] if closing else bold + rest.lstrip()
        rest = _without_box(rest.strip())
        return Marker(at, _value(match["n"]), len(prefix["indent"]), rest, bool(prefix["mark"]), style)
    return None


def number_markers(lines: Sequence[Line], item: str) -> list[Marker]:
    """Read the numbered items of a list.

    An item whose text begins with a digit, "10、1/3", counts if the item before or after it has the next
    number and is written alike.
    """
    found: list[tuple[Marker, str | None]] = []
    for at, line in enumerate(lines):
        if marker := number_marker(line, at, item):
            found.append((marker, None))
        elif not line.code and (match := _BEFORE_DIGIT.match(line.text)):
            text = line.text[match.end() :]
            marker = Marker(at, _value(match["n"]), line.indent, text, False, "plain")
            found.append((marker, match["mark"].strip()))

    def follows(place: int, by: int, mark: str) -> bool:
        if not 0 <= place + by < len(found):
            return False
        other, number = found[place + by][0], found[place][0].number
        alike = _PLAIN_MARK.match(lines[other.line].text)
        return alike is not None and alike["mark"].strip() == mark and other.number == (number or 0) + by

    return [
        marker
        for place, (marker, mark) in enumerate(found)
        if mark is None or follows(place, -1, mark) or follows(place, 1, mark)
    ]


def begins_with_letter(line: str) -> bool:
    """Whether a line may be an item of a list with letters."""
    return _LETTERED.match(line) is not None


def named_marker(line: Line, at: int, item: str) -> Marker | None:
    """Read a line that starts with a name and a colon, such as `Task:`, as an item without a number."""
    match = None if line.code else _named(item).match(line.text)
    return Marker(at, None, len(match["indent"]), match["text"], False, "named") if match else None


@cache
def _named(item: str) -> "re.Pattern[str]":
    emphasis = r"(?:\*\*|__|\*)?"
    return re.compile(
        rf"^(?P<indent>\s*)(?:[-*•>]\s+|#+\s*)?{emphasis}(?:{item}){emphasis}\s*[:：]{emphasis}\s*(?P<text>.*)$",
        re.IGNORECASE,
    )


def bullet_marker(line: Line, at: int) -> Marker | None:
    """Read a line as an item with a bullet."""
    if line.code or line.rule:
        return None
    at_text = len(line.text) - len(line.text.lstrip())
    end = _symbols_end(line.text, at_text)
    if end > at_text:
        return Marker(at, None, at_text, _without_box(line.text[end:].strip()), False, "bullet")
    match = _BULLET.match(line.text)
    if match is None:
        return None
    return Marker(at, None, len(match["indent"]), _without_box(match["text"]), False, "bullet")


def _without_box(text: str) -> str:
    """A text without the box to check that it begins with."""
    box = _CHECK_BOX.match(text)
    return text[box.end() :] if box else text


def _with_digits(text: str) -> str:
    """A line whose number is a keycap or in a circle, with plain digits instead."""
    start = re.match(r"[\s#>*_]*", text)
    at = start.end() if start else 0
    if (end := _symbols_end(text, at)) > at and re.match(r"[*_]*\d", text[end : end + 5]):
        text = text[:at] + text[end:]
    if keycap := _KEYCAP.match(text, at):
        number = "10" if keycap[0] == "🔟" else re.sub(r"[^0-9]", "", keycap[0])
        return f"{text[:at]}{number}. {text[keycap.end() :]}"
    if at < len(text) and unicodedata.category(text[at]) == "No":
        value = unicodedata.numeric(text[at])
        if value == int(value):
            return f"{text[:at]}{int(value)}. {text[at + 1 :].lstrip('.、．)）')}"
    return text


def _symbols_end(text: str, at: int) -> int:
    """Where the pictures that begin here end, with the space behind them; `at` without any."""
    end = at
    while (text[end : end + 1] != "№" and unicodedata.category(text[end : end + 1] or " ") == "So") or (
        end > at and text[end : end + 1] in _JOINED
    ):
        end += 1
    space = re.compile(r"[ \t\u3000]*").match(text, end)
    return space.end() if space and end > at and space.end() > end else at


def without_symbols(text: str) -> str:
    """A text without the pictures that it begins with."""
    return text[_symbols_end(text, 0) :]


def lettered(lines: Sequence[Line]) -> list[Marker]:
    """The items of a list with letters instead of numbers: those of the first consecutive series."""
    for series in _SERIES:
        markers: list[Marker] = []
        for at, line in enumerate(lines):
            match = None if line.code else _LETTERED.match(line.text)
            if match and series[len(markers) : len(markers) + 1] == (match["letter"].casefold(),):
                text = match["text"].rstrip()
                markers.append(Marker(at, None, len(match["indent"]), text, False, "letter"))
        if len(markers) > 1:
            return markers
    return []


def _value(written: str) -> int:
    if written.isdecimal():
        return int(written)
    if written[0] in _ROMAN_DIGITS:
        digits = [_ROMAN_DIGITS[digit] for digit in written]
        return sum(-one if one < after else one for one, after in zip(digits, [*digits[1:], 0], strict=True))
    tens, _, ones = written.rpartition("十")
    if "十" in written:
        return 10 * (_HAN_DIGITS.get(tens, 1) if tens else 1) + _HAN_DIGITS.get(ones, 0)
    return int("".join(str(_HAN_DIGITS[digit]) for digit in written))


@cache
def _forms(item: str, *, marked: bool, bold: bool) -> Sequence[tuple[str, "re.Pattern[str]"]]:
    """The ways to write a number, as (style, pattern); a heading or bold type replaces its punctuation."""
    closes = r"(?=\s*[*_`])" if bold else r"(?!)"
    ends = r"(?=\s*$)" if marked else r"(?!)"
    number = rf"(?P<n>{_DIGITS}|{_HAN})"
    after = rf"(?:{_AFTER_NAME}|{closes}"
    forms = {
        "bracket": rf"{_OPENS}(?:第|{item})?\s*{number}{_COUNT}?{_CLOSES}\s*(?:{_AFTER}|[:：])?",
        "hash": rf"(?:#|№\s?|n(?:o[.．]|\.?[º°])\s?)(?P<n>{_DIGITS})(?:{_AFTER}|(?=\s)|{closes})",
        "ordinal": rf"(?:第|제)\s*{number}\s*{_COUNT}?{after}|(?=\s|$)|，)",
        "named": rf"(?:{item})\s*(?:[#№(（]\s*|n[.]?º\s*)?{number}\s*{_COUNT}?{after}|(?=\s*$))",
        "named hash": rf"(?:{item})\s*[#№]\s*(?P<n>{_DIGITS})(?=\s)",
        "named question": rf"(?:问|問|题|題|문)\s*(?P<n>{_DIGITS})(?=\s)",
        "counted": rf"(?P<n>{_DIGITS})(?:\s*{_COUNT}|{_ORDINAL}(?:\s(?:{item}))?){after}|(?=\s|$))",
        "plain": rf"(?P<n>{_DIGITS})\s*{_AFTER}",
        "alone": rf"(?P<n>{_DIGITS})(?:{ends}|{closes})",
        "han": rf"(?P<n>{_HAN})[、.．:：](?!\d)",
    }
    compiled = [(style, re.compile(form, re.IGNORECASE)) for style, form in forms.items()]
    return [*compiled, ("roman", re.compile(r"(?P<n>[IVX]{1,5})[.)](?=\s)"))]


def top_level(markers: Sequence[Marker], *, opened: bool, colons: Sequence[bool]) -> list[Marker]:
    """Leave out the numbers of lists inside items.

    Items are numbered on. A number that is not the next one starts a list inside the item before it if the
    next one comes later, or if that item ends with a colon; the list goes on as long as its own numbers do.
    Otherwise the numbering restarts.

    Args:
        markers: All numbered lines, in order.
        opened: Whether the text before the first of them is an item.
        colons: For each marker, whether the text before it ends with a colon.
    """
    outer = min((marker.indent for marker in markers), default=0)
    flat = [
        (marker, colon)
        for place, (marker, colon) in enumerate(zip(markers, colons, strict=True))
        # There is no item yet that the first one could be inside of.
        if marker.indent < outer + _NESTED_INDENT or (place == 0 and not opened)
    ]
    last_at = {marker.number: place for place, (marker, _) in enumerate(flat)}
    kept: list[Marker] = []
    expected = _first_after_inner_list(flat) if opened else None
    inner: int | None = 0 if expected is not None else None
    for place, (marker, colon) in enumerate(flat):
        number = marker.number
        assert number is not None
        if expected is None or number == expected or (inner is None and number == expected - 1):
            is_item = True
        elif inner is not None and number == inner + 1:
            is_item = False
        elif last_at.get(expected, -1) > place:
            # A list that counts up to the expected number by itself is the list again, from its beginning.
            again = number == 1 and flat[last_at[expected] - 1][0].number == expected - 1
            is_item = again and not colon
        else:
            is_item = not (
                colon
                or number > expected + _FARTHEST
                or (number == 1 and kept and marker.style != kept[-1].style)
            )
        if is_item:
            kept.append(marker)
            expected, inner = number + 1, None
        else:
            inner = number
    return kept


def _first_after_inner_list(flat: Sequence[tuple[Marker, bool]]) -> int | None:
    """The number of the next item, if the item that the prompt opened begins with a list of its own.

    The number of that item is not known: its list starts with 1 after a colon, and the next item has a higher
    number than its list.
    """
    if not flat or not flat[0][1] or flat[0][0].number != 1:
        return None
    return next((one.number for place, (one, _) in enumerate(flat, 1) if one.number != place), None)


def numbered_by_space(texts: Sequence[str]) -> list[str] | None:
    """The items of a list with only a space, or a comma before quotation marks, after each number.

    None unless all lines are numbered.
    """
    matches = [re.match(r"(\d{1,3})(?:\s+(?=\D)|[ \t]{0,9}[,;][ \t]{0,9}(?=\"))", text) for text in texts]
    numbers = [int(match[1]) for match in matches if match]
    if len(numbers) < max(2, len(texts)) or numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        return None
    return [text[match.end() :] for text, match in zip(texts, matches, strict=True) if match]
