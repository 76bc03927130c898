"""The answer to "is it a classification task?"."""

import json
import re
from collections.abc import Iterable
from functools import cache
from typing import Any

from selfinstruct.core.answer_schemas import CLASSIFICATION
from selfinstruct.core.language.registry import language
from selfinstruct.core.language.unicode_tokens import fold
from selfinstruct.core.method.broken_json import whole_members
from selfinstruct.core.method.json_answers import JsonItems, json_items, under_name
from selfinstruct.core.method.next_task import only_introduces, texts_before_tasks
from selfinstruct.core.method.vocabulary import (
    NO_OWN_NAMES,
    OwnNames,
    any_of,
    reading_words,
    vocabulary,
    whole_words,
)
from selfinstruct.db.records import Label

_LOOKED_AT = 1000
_SHORT, _FEW_WORDS = 20, 3
_DECORATION = r"[\s\W_]*"


# An object with the label that is no JSON: with other quotation marks, or without any.
_LOOSE = re.compile(
    r"\{[^{}]*?(?<!\w)\\?[\"'“”‘’]?(?:is[ _-]?)?classification(?:[ _-]?task)?\\?[\"'“”‘’]?\s*+[:：]\s*+"
    r"(?P<quote>\\?[\"'“‘])?+(?P<value>[^,{}\n\"'“”‘’\\]{0,200})(?(quote)\\?[\"'”’]|[,}\n])",
    re.IGNORECASE,
)
_OBJECT = re.compile(r"\{(?=\s*(?:\\?[\"'“‘]?\w|$))")


class LabelWords:
    """The words by which a label is read, compiled for one language; they match folded text."""

    def __init__(self, code: str, own: OwnNames) -> None:
        asked, words = language(code).answers, reading_words(code)["labels"]
        # What a word means to the user counts: "no" is a yes in some languages.
        yes = _with_own(own.yes, [*asked.yes, *words["yes"]], other=own.no)
        no = _with_own(own.no, [*asked.no, *words["no"]], other=own.yes)
        either = f"(?:{any_of(map(fold, words['either']))}|[/／|])"
        before = any_of(map(fold, words["before"]))
        alone = (
            rf"(?:{any_of(map(fold, words['yes_alone']))})(?=\s*(?:[^\w\s]|$))"
            if words["yes_alone"]
            else r"(?!)"
        )
        said = rf"(?:(?P<yes>{whole_words(map(fold, yes))}|{alone})|(?P<no>{whole_words(map(fold, no))}))"
        other = rf"(?:(?P<yes2>{whole_words(map(fold, yes))})|(?P<no2>{whole_words(map(fold, no))}))"
        both = rf"{_DECORATION}{either}{_DECORATION}(?<!\w){other}"
        self.opening = re.compile(rf"(?<!\w){said}(?P<or>{both})?")
        self.later = re.compile(
            rf"(?:[,;:：，、。.!?—–-]|(?<!\w)(?:{before})(?!\w)|→)\s*[\"'“「*_]*{said}(?=\s*[^\w\s]|\s*$)"
        )
        question = any_of(map(fold, [*own.question, *asked.question]))
        self.question = re.compile(rf"(?:{question})\W*[:：?？]|^\W*(?:{question})")
        self.unclear = _patterns(words["unclear"])
        self.is_not = _patterns(words["is_not"])
        self.is_one = _patterns(words["is"])


def _with_own(own: Iterable[str], known: Iterable[str], *, other: Iterable[str]) -> list[str]:
    """The user's words and the known ones, but those that are the user's words for the other label."""
    taken = set(map(fold, other))
    return [*own, *(word for word in known if fold(word) not in taken)]


def _patterns(patterns: Iterable[str]) -> "re.Pattern[str]":
    return re.compile(
        "|".join(f"(?:{fold(pattern) if not pattern.isascii() else pattern})" for pattern in patterns),
        re.IGNORECASE,
    )


@cache
def label_words(code: str, own: OwnNames) -> LabelWords:
    """Compile the words of a language, and those of a person's own prompts."""
    return LabelWords(code, own)


def label_of(text: str, code: str, own: OwnNames = NO_OWN_NAMES) -> Label:
    """The label that an answer states, `unknown` unless it is clear.

    Headings, names such as "Answer:" and the repeated question are skipped. The first line after them
    decides, and in it the opening word.
    """
    stated, start = _in_object(text, code, own)
    if stated is None:
        return _of_text(text, code, own)
    for before in texts_before_tasks(text[:start], vocabulary(code, own)):
        said = _of_text(before, code, own)
        if not only_introduces(before, vocabulary(code, own)):
            return said
        if said not in {"unknown", stated}:
            return "unknown"
    return stated


def _in_object(text: str, code: str, own: OwnNames) -> tuple[Label | None, int]:
    """The label in JSON, or in an object that is none, and where that begins; None without a label in one."""
    if (found := json_items(text, CLASSIFICATION)) is not None:
        return _of_json(found, code, own), found.start
    if loose := list(_LOOSE.finditer(text)):
        words = label_words(code, own)
        return _agreed(_of_line(fold(match["value"]), words) for match in loose), loose[0].start()
    return None, 0


def _of_json(found: JsonItems, code: str, own: OwnNames) -> Label | None:
    """The label in JSON, if all that is in it agrees; None if it is not about the label."""
    if found.rest.startswith("{"):
        members = whole_members(found.rest)
        if asked := under_name(members, CLASSIFICATION):
            return _agreed(_from_json(value, code, own) for value in asked)
        return _from_json(dict(members), code, own, whole=False)
    if found.items and (found.as_asked or len(found.items) == 1 or not found.prose):
        return "unknown" if found.rest else _agreed(_from_json(item, code, own) for item in found.items)
    return None


def _agreed(labels: Iterable[Label]) -> Label:
    found = set(labels)
    return found.pop() if len(found) == 1 else "unknown"


def _of_text(text: str, code: str, own: OwnNames) -> Label:
    known, words = vocabulary(code, own), label_words(code, own)
    lines = [line[:_LOOKED_AT] for line in text.splitlines() if re.search(r"\w", line)]
    for number, full in enumerate(lines):
        opened = _OBJECT.search(full)
        line = full[: opened.start()] if opened else full
        if opened and (not re.search(r"\w", line) or line.rstrip(" *_`").endswith((":", "：", "?", "？"))):
            return _of_object(full[opened.start() :], code, own)
        folded = fold(line).strip()
        last = number == len(lines) - 1
        asked = list(words.question.finditer(folded))
        if asked:
            after = folded[asked[-1].end() :]
            if not re.search(r"\w", after) and (not last or folded.rstrip(" *_`").endswith(":")):
                continue
            return _of_line(after if re.search(r"\w", after) else folded, words)
        name, colon, after = _named(folded)
        meaning = known.meaning(name) if name else None
        if meaning is not None and meaning.kind == "task" and not last:
            continue
        bare = re.sub(r"^\W+|\W+$", "", folded)
        if (
            not last
            and (line.lstrip().startswith("#") or known.meaning(bare) is not None)
            and _of_line(folded, words) == "unknown"
        ):
            continue
        if colon and (meaning is not None or name in known.under_task):
            return _of_line(after, words)
        return _of_line(folded, words)
    return "unknown"


def _of_object(text: str, code: str, own: OwnNames) -> Label:
    """The label in braces at the end of a line: in an object with any names, or in braces alone."""
    try:
        return _from_json(json.loads(text.rstrip(" .`*"), strict=False), code, own)
    except (ValueError, RecursionError):
        is_word = text.rstrip().endswith("}") and ":" not in text
        return _of_line(fold(text), label_words(code, own)) if is_word else "unknown"


def _named(folded: str) -> tuple[str, str, str]:
    """A name, the colon after it and the rest of a line; empty if it has none."""
    match = re.match(r"^\W*([^\W\d_][^:：]{0,30}?)\W*([:：])(.*)$", folded)
    return (match[1], match[2], match[3]) if match else ("", "", folded)


def _of_line(folded: str, words: LabelWords) -> Label:
    said = re.sub(rf"^{_DECORATION}", "", folded)
    if not said or words.unclear.match(said):
        return "unknown"
    if words.is_not.match(said):
        return "generation"
    opening = words.opening.match(said)
    if opening:
        yes = opening["yes"] is not None
        if opening["or"] and yes == (opening["no2"] is not None):
            return "unknown"
        return "classification" if yes else "generation"
    if words.is_not.search(said):
        return "generation"
    if words.is_one.search(said):
        return "classification"
    found = {match["yes"] is not None for match in words.later.finditer(said)}
    if len(found) != 1:
        return "unknown"
    return "classification" if found.pop() else "generation"


def _from_json(item: Any, code: str, own: OwnNames, *, whole: bool = True) -> Label:
    """The label in a JSON value; in an object, its first member with one, rather short than in a sentence.

    Of an object that was cut, only short members count: the label may have been meant to follow a reason.
    """
    values = list(item.values()) if isinstance(item, dict) else [item]
    labels: list[tuple[bool, Label]] = []
    for value in values:
        if isinstance(value, bool):
            labels.append((True, "classification" if value else "generation"))
        elif isinstance(value, str) and (label := label_of(value[:200], code, own)) != "unknown":
            labels.append((len(value) <= _SHORT and len(value.split()) <= _FEW_WORDS, label))
    short = (label for is_short, label in labels if is_short)
    return next(short, labels[0][1] if labels and whole else "unknown")
