"""Regular expressions for answers: item numbers, field names, yes and no, in one language and in English."""

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
    """The patterns of one language, which also match the English names."""

    numbered: "re.Pattern[str]"
    """A numbered list item."""
    prefix: "re.Pattern[str]"
    """A label before an item, such as `Task:`."""
    question: "re.Pattern[str]"
    """The yes-or-no question, which the answer may repeat; matches folded text."""
    yes_or_no: "re.Pattern[str]"
    """Yes (group `yes`) or no; matches folded text."""
    input_first: "re.Pattern[str]"
    output_first: "re.Pattern[str]"
    """Lines that start a field, in input-first and output-first answers."""
    kinds: Mapping[str, str]
    """Maps field names to `task`, `label`, `input` or `output`."""
    no_input: "re.Pattern[str]"
    """An input that consists only of a phrase such as "none"."""


@cache
def answer_patterns(code: str) -> AnswerPatterns:
    """Compile the patterns of a language."""
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
    """A pattern that matches any of these names, preferring the longest."""
    return "|".join(re.escape(name) for name in sorted(names, key=lambda name: (-len(name), name)))


def _cased(names: Iterable[str]) -> list[str]:
    """Each field name in its usual case and in upper case."""
    return [written for name in names for written in (name, name.upper())]


def _whole(names: Iterable[str]) -> str:
    """A pattern for these names at the start of a word; whole words only in scripts with spaces."""
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
        # At most three digits: a line that starts with "1984." is not an item.
        rf"[(（]?(?P<number>\d{{1,3}})\s*\\?(?:{_AFTER_NUMBER}(?!\d)"
        rf"|(?(bold)(?=(?:\*\*|__){_AFTER_NUMBER}?(?:\s|$))|(?(mark)$|(?(named)$|(?!)))))"
        rf"(?(bold)(?:(?P<closed>\*\*|__){_AFTER_NUMBER}?)?)\s*(?P<text>.*)$",
        re.IGNORECASE,
    )


def _field(names: AnswerWords, fields: Iterable[str]) -> "re.Pattern[str]":
    """A pattern for a line that starts a field: its capitalized name, possibly decorated, then a colon.

    A heading, bold type or brackets can replace the colon. "Example 2" needs none of these.
    """
    return re.compile(
        r"^\s*(?:(?:[-•*]|\d{1,2}[.)])\s+|・\s*)?(?P<mark>[#>]+\s*)?(?P<bold>\*\*|__)?(?P<bracket>【)?"
        rf"(?:(?P<example>(?:{_any_of(_cased(names.example))})\s*\d*)|(?P<task>{_any_of(_cased(names.task))})"
        rf"|(?P<name>{_any_of(_cased(fields))})(?:\s*\d+)?)(?(bracket)】)"
        rf"(?:\s*{_COLON}(?:\*\*|__)?|(?(bold)(?:\*\*|__)\s*{_COLON}?|(?!))|(?(mark)\s*$|(?!))|(?(bracket)|(?!))"
        r"|(?(example)\.?\s*$|(?!)))"
        r"[ \t\u3000]?(?P<text>.*)$"
    )
