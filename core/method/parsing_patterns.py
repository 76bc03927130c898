"""What answers are read by: numbers of items, names of fields, yes and no, in a language and in English."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from selfinstruct.core.language.registry import AnswerWords, language
from selfinstruct.core.language.unicode_tokens import fold, is_unspaced

_COLON, _AFTER_NUMBER = "[:：]", "[.):．）：、]"
_OPENING, _CLOSING = r"[\s(<\[*_（「【]*", r"[\s)>\].*_）」】。]*"


@dataclass(frozen=True, slots=True)
class AnswerPatterns:
    """The patterns of one language; the English names are in those of all."""

    numbered: "re.Pattern[str]"
    """An item of a list, with its number."""
    prefix: "re.Pattern[str]"
    """What may stand before an item, such as `Task:`."""
    question: "re.Pattern[str]"
    """The question for yes or no, which may be repeated in the answer; in a folded text."""
    yes_or_no: "re.Pattern[str]"
    """Yes (group `yes`) or no, in a folded text."""
    input_first: "re.Pattern[str]"
    output_first: "re.Pattern[str]"
    """Lines that open a field, in answers of either kind."""
    kinds: Mapping[str, str]
    """`task`, `label`, `input` or `output` by the name of the field."""
    no_input: "re.Pattern[str]"
    """A whole input that says that there is none."""


@cache
def answer_patterns(code: str) -> AnswerPatterns:
    """The patterns of a language."""
    names = language(code).answers
    kinds = {"task": names.task, "input": names.input, "output": names.output, "label": names.label}
    return AnswerPatterns(
        numbered=_numbered(names.task),
        prefix=_prefix(names.task),
        question=re.compile(_any_of(map(fold, names.question))),
        yes_or_no=re.compile(f"(?P<yes>{_whole(names.yes)})|{_whole(names.no)}"),
        input_first=_field(names, names.input + names.output),
        output_first=_field(names, names.label + names.output + names.input),
        kinds={written: kind for kind, own in kinds.items() for written in _cased(own)},
        no_input=re.compile(f"^{_OPENING}(?:{_any_of(names.no_input)}){_CLOSING}$", re.IGNORECASE),
    )


def _any_of(names: Iterable[str]) -> str:
    """One of these, the longest that fits."""
    return "|".join(re.escape(name) for name in sorted(names, key=lambda name: (-len(name), name)))


def _cased(names: Iterable[str]) -> list[str]:
    """Field names as they may be written: with their own capitals, or all in capitals."""
    return [written for name in names for written in (name, name.upper())]


def _whole(names: Iterable[str]) -> str:
    """One of these at the beginning of a word, and to its end where words have spaces between them."""
    folded = [fold(name) for name in names]
    whole = [name for name in folded if not is_unspaced(name[-1])]
    open_ended = [name for name in folded if is_unspaced(name[-1])]
    either = [rf"(?:{_any_of(whole)})(?!\w)"] * bool(whole) + [f"(?:{_any_of(open_ended)})"] * bool(
        open_ended
    )
    return rf"(?<!\w)(?:{'|'.join(either)})"


def _prefix(task: Iterable[str]) -> "re.Pattern[str]":
    bold = r"(?:\*\*|__)?"
    named = _any_of([*task, "instruction"])
    return re.compile(rf"^{bold}(?:{named}){bold}\s*{_COLON}\s*{bold}\s*", re.IGNORECASE)


def _numbered(task: Iterable[str]) -> "re.Pattern[str]":
    return re.compile(
        r"^(?P<indent>\s*)(?P<mark>[#>]+\s*)?(?P<bold>\*\*|__)?"
        rf"(?P<named>(?:{_any_of([*task, 'instruction'])})\s*(?:#\s*)?)?"
        # Three digits: a line that begins with "1984." is not an item.
        rf"[(（]?(?P<number>\d{{1,3}})\s*\\?(?:{_AFTER_NUMBER}(?!\d)"
        rf"|(?(bold)(?=(?:\*\*|__){_AFTER_NUMBER}?(?:\s|$))|(?(mark)$|(?(named)$|(?!)))))"
        rf"(?(bold)(?:(?P<closed>\*\*|__){_AFTER_NUMBER}?)?)\s*(?P<text>.*)$",
        re.IGNORECASE,
    )


def _field(names: AnswerWords, fields: Iterable[str]) -> "re.Pattern[str]":
    """A line that opens a field: its name with a capital letter, decorated or not, then a colon.

    A heading, bold type or brackets may stand for the colon. "Example 2" needs neither.
    """
    return re.compile(
        r"^\s*(?:(?:[-•*]|\d{1,2}[.)])\s+|・\s*)?(?P<mark>[#>]+\s*)?(?P<bold>\*\*|__)?(?P<bracket>【)?"
        rf"(?:(?P<example>(?:{_any_of(_cased(names.example))})\s*\d*)|(?P<task>{_any_of(_cased(names.task))})"
        rf"|(?P<name>{_any_of(_cased(fields))})(?:\s*\d+)?)(?(bracket)】)"
        rf"(?:\s*{_COLON}(?:\*\*|__)?|(?(bold)(?:\*\*|__)\s*{_COLON}?|(?!))|(?(mark)\s*$|(?!))|(?(bracket)|(?!))"
        r"|(?(example)\.?\s*$|(?!)))"
        r"[ \t\u3000]?(?P<text>.*)$"
    )
