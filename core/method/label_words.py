"""The words by which a label is read, compiled for one language."""

import re
from collections.abc import Iterable
from functools import cache

from selfinstruct.core.language.registry import language
from selfinstruct.core.language.unicode_tokens import fold
from selfinstruct.core.method.vocabulary import OwnNames, any_of, reading_words, whole_words
from selfinstruct.db.records import Label

DECORATION = r"[\s\W_]*"


class LabelWords:
    """The words by which a label is read, compiled for one language; they match folded text."""

    def __init__(self, code: str, own: OwnNames) -> None:
        asked, words = language(code).answers, reading_words(code)["labels"]
        # What a word means to the user counts: "no" is a yes in some languages.
        yes = _with_own(own.yes, [*asked.yes, *words["yes"]], other=own.no)
        no = _with_own(own.no, [*asked.no, *words["no"]], other=own.yes)
        either = f"(?:{any_of(map(fold, words['either']))}|[/／|])"
        before = any_of(map(fold, words["before"]))
        yes_alone = _alone(_with_own((), words["yes_alone"], other=own.no))
        no_alone = _alone(_with_own((), words["no_alone"], other=own.yes))
        said = (
            rf"(?:(?P<yes>{whole_words(map(fold, yes))}|{yes_alone})"
            rf"|(?P<no>{whole_words(map(fold, no))}|{no_alone}))"
        )
        other = rf"(?:(?P<yes2>{whole_words(map(fold, yes))})|(?P<no2>{whole_words(map(fold, no))}))"
        both = rf"{DECORATION}{either}{DECORATION}(?<!\w){other}"
        self.opening = re.compile(rf"(?<!\w){said}(?P<or>{both})?")
        self.later = re.compile(
            rf"(?:[,;:：，、。.!?—–-]|(?<!\w)(?:{before})(?!\w)|→)\s*[\"'“「*_]*{said}(?=\s*[^\w\s]|\s*$)"
        )
        question = any_of(map(fold, [*own.question, *asked.question]))
        self.question = re.compile(rf"(?:{question})\W*[:：?？]|^\W*(?:{question})")
        self.only_yes, self.only_no = (
            re.compile(rf"(?:{any_of(map(fold, words[name]))}){DECORATION}$")
            for name in ("only_yes", "only_no")
        )
        # Only these, and not other words for them, contradict another answer before them.
        self.plain: tuple[tuple[re.Pattern[str], Label], ...] = (
            (re.compile(rf"(?:{any_of(map(fold, asked.yes))})$"), "classification"),
            (re.compile(rf"(?:{any_of(map(fold, asked.no))})$"), "generation"),
        )
        self.taken_back = tuple(
            re.compile(
                rf"(?:{_patterns([*words['but'], *words['answer']]).pattern})[\s\W_]{{0,9}}"
                rf"(?:{any_of(map(fold, opposite))})[\s\W_]{{0,3}}(?:{any_of(map(fold, words['copula']))})?"
                rf"[^\w.!?。！？]*+(?:$|[.!?。！？])"
            )
            for opposite in (asked.yes, asked.no)
        )
        """What takes a no back, and what a yes: "Yes, but no.", "Yes! The answer is no."."""
        self.but = _patterns(words["but"])
        self.filler = re.compile(rf"(?:(?:{_patterns(words['filler']).pattern})[\s\W]*)+", re.IGNORECASE)
        # A language's own pattern takes the place of the English one.
        self.determiner = _patterns(words["determiner"][:1])
        self.about = re.compile(any_of(map(fold, words["about"])))
        self.negated_before = _patterns(words["negated_before"])
        self.negated_after = _patterns(words["negated_after"])
        self.unclear = _patterns(words["unclear"])
        self.condition = _patterns(words["condition"])
        self.is_not = _patterns(words["is_not"])
        self.is_one = _patterns([*words["is"], *words["like"]])
        self.is_stated = _patterns(words["is"])
        self.is_not_other = _patterns(words["is_not_other"])
        self.is_other = _patterns([*words["is_other"], *words["like_other"]])
        self.is_other_stated = _patterns(words["is_other"])


def _alone(words: list[str]) -> str:
    """A pattern for words that say yes or no only where no other word follows; it may match none."""
    return rf"(?:{any_of(map(fold, words))})(?=\s*(?:[^\w\s]|$))" if words else r"(?!)"


def _with_own(own: Iterable[str], known: Iterable[str], *, other: Iterable[str]) -> list[str]:
    """The user's words and the known ones, but those that are the user's words for the other label."""
    taken = set(map(fold, other))
    return [*own, *(word for word in known if fold(word) not in taken)]


def _patterns(patterns: Iterable[str]) -> "re.Pattern[str]":
    listed = [f"(?:{fold(pattern) if not pattern.isascii() else pattern})" for pattern in patterns]
    return re.compile("|".join(listed) or r"(?!)", re.IGNORECASE)


@cache
def label_words(code: str, own: OwnNames) -> LabelWords:
    """Compile the words of a language, and those of a person's own prompts."""
    return LabelWords(code, own)
