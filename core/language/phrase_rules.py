"""Phrase rules: patterns of words, as data of each language, that find what a task asks for.

A rule is a line of elements that follow each other within a sentence:

- `<name>`: any entry of that list in `[words]`; `a|b_c`: either of these, `_` being a space;
- `*`: one word, or one letter of a script without spaces;
- `~`: up to `reach` such words, none of which is an entry of `<between>`, and no punctuation;
- `..`: as little as possible of the sentence, at most `_FAR` characters;
- `...`: as much as possible, at most `_FARTHEST` characters;
- `^`, first: what follows begins a clause, after any words of `<polite>`;
- `$`, last: the phrase ends here: punctuation, the end, or an entry of `<after>` follows; `!`: no such entry;
- `+` before an element: it continues a word in Hangul instead of starting one.

Those of `whole` must be all that a text asks for: one sentence without a colon, in which nothing but patterns
of `closing` follows the rule. "Open the window" needs hands; "Open the window: is this an order?" does not.
`^` then stands for the beginning of the text, or a comma, and a question needs a polite word.

Texts and words are compared after `fold`, and without accents. As with `whole_words`, a word is a whole word
in scripts with spaces, starts one in Hangul, and may be anywhere in scripts without spaces.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from operator import itemgetter
from typing import Any

from selfinstruct.core.language.registry import read_toml
from selfinstruct.core.language.unicode_tokens import (
    RUN,
    Span,
    fold,
    for_ascii,
    is_hangul,
    whole_words,
    whole_words_source,
)

_RULES = "rules.toml"
_FAR, _FARTHEST = 60, 200
_LONGEST = 200
"""Maximum characters of a text that asks for an action and nothing else."""
_GAPS = frozenset({"~", "*", "..", "..."})
_MASK = "\x02"
"""Replaces each letter of a harmless phrase; not part of any word."""
_STOPS = rf".,;:!?。、\n()\[\]「」『』《》—{_MASK}"
"""What a phrase does not reach across."""
_JOINT = rf"[^\w{_STOPS}]*"
"""What may separate adjacent words: spaces, quotation marks."""
_START = rf"(?:(?:^|[{_STOPS}]){_JOINT})"
_WORD = rf"(?:\d+[:.]\d+|{RUN})"
_COLON = re.compile(r":(?!\d)")
_EARLIER = rf"[^.:;!?。\n\"“”「」『』{_MASK}]*"
"""What may precede a request that makes up a whole text: the same sentence, without quotations."""


@dataclass(frozen=True, eq=False)
class _AnyOf:
    """Words of which a text contains one or not; compared by identity, since there are many lookups."""

    words: tuple[str, ...]

    def is_in(self, text: str) -> bool:
        """Whether a text contains one of the words."""
        for word in self.words:  # noqa: SIM110 - `any` would take twice as long
            if word in text:
                return True
        return False


_any_of = cache(_AnyOf)
"""The words of a tuple; the same object for the same words."""


@dataclass(frozen=True)
class _Rule:
    """A rule, as the source of a regular expression."""

    source: str
    needs: tuple[_AnyOf, ...]
    """Every text that it applies to contains one of each of these: a quick test that saves most searches."""
    closing: str | None = None
    """For a rule that must be all that a text asks for: the source of what may follow it."""

    @cached_property
    def _for_any(self) -> "re.Pattern[str]":
        return re.compile(self.source)

    @cached_property
    def _for_ascii(self) -> "re.Pattern[str]":
        source = for_ascii(self.source)
        return re.compile(source) if source.isascii() else self._for_any

    def pattern(self, text: str) -> "re.Pattern[str]":
        """The pattern that finds the rule in a text, compiled when it is first needed."""
        return self._for_ascii if text.isascii() else self._for_any

    def spans(self, text: str) -> Iterator[Span]:
        """The (start, end) offsets of the evidence in a text."""
        if self.closing is None:
            yield from (match.span("hit") for match in self.pattern(text).finditer(text))
        elif len(text) <= _LONGEST and not _COLON.search(text) and (match := self.pattern(text).match(text)):
            rest = _compiled(self.closing).fullmatch(text, match.end())
            if rest and (match["asked"] is not None or "?" not in rest.group()):
                yield match.span("hit")

    def may_apply(self, text: str, known: dict[_AnyOf, bool]) -> bool:
        """Return whether the text has what the rule needs; `known` remembers it for other rules."""
        return all(_is_in(text, needed, known) for needed in self.needs)


def _is_in(text: str, needed: _AnyOf, known: dict[_AnyOf, bool]) -> bool:
    is_in = known.get(needed)
    if is_in is None:
        is_in = known[needed] = needed.is_in(text)
    return is_in


class _Rules:
    """Rules by what they need first: most texts lack that, and then no rule of the group is looked at."""

    def __init__(self, rules: Sequence[_Rule]) -> None:
        self._groups: dict[_AnyOf | None, list[tuple[int, _Rule]]] = {}
        for place, rule in enumerate(rules):
            self._groups.setdefault(next(iter(rule.needs), None), []).append((place, rule))

    def may_apply(self, text: str, known: dict[_AnyOf, bool]) -> list[_Rule]:
        """Return the rules that may apply to a text, in order."""
        found = [
            one
            for needed, group in self._groups.items()
            if needed is None or _is_in(text, needed, known)
            for one in group
            if one[1].may_apply(text, known)
        ]
        return [rule for _, rule in sorted(found, key=itemgetter(0))]


@dataclass(frozen=True, slots=True)
class PhraseRules:
    """The rules of one filter in one language."""

    paper: tuple[str, ...]
    """The phrases of the paper's pipeline, or their counterparts."""
    _rules: "_Rules"
    _harmless: tuple["_Rule", ...]
    _unless: "re.Pattern[str] | None"

    def spans(self, folded: str) -> list[Span]:
        """The (start, end) offsets in a folded text where a rule applies, in order, without overlaps."""
        text, rules = self._narrowed(folded)
        return disjoint(span for rule in rules for span in rule.spans(text))

    def opening(self, folded: str) -> Span | None:
        """The (start, end) offsets of the request that a folded text begins with, if a rule applies to it."""
        text, rules = self._narrowed(folded)
        return next((match.span("hit") for rule in rules if (match := rule.pattern(text).match(text))), None)

    def _narrowed(self, folded: str) -> tuple[str, list[_Rule]]:
        """The text with harmless phrases masked, and the rules that may apply to it."""
        text = _plain(folded)
        known: dict[_AnyOf, bool] = {}
        rules = self._rules.may_apply(text, known)
        if rules and self._unless is not None and self._unless.search(text):
            rules = []
        if rules:
            for harmless in self._harmless:
                if harmless.may_apply(text, known):
                    text = harmless.pattern(text).sub(_masked, text)
        return text, rules


@cache
def phrase_rules(code: str, name: str) -> PhraseRules:
    """The rules of the filter `name` in a language; they find nothing if the language has none."""
    return read_rules(read_toml(code, _RULES), name)


def read_rules(data: Mapping[str, Any], name: str) -> PhraseRules:
    """Read the rules of the filter `name` from the content of a `rules.toml`.

    Raises:
        KeyError: a rule names a list that there is not.
    """
    table, words = data.get(name, {}), _Words(data.get("words", {}), data.get("reach", 4))
    closing = words.translate_closing(table.get("closing", ()))
    return PhraseRules(
        paper=tuple(table.get("paper", ())),
        _rules=_Rules(
            [
                *(words.translate(rule) for rule in table.get("rules", ())),
                *(words.translate_whole(rule, closing) for rule in table.get("whole", ())),
            ]
        ),
        _harmless=tuple(words.translate(rule) for rule in table.get("harmless", ())),
        _unless=whole_words(_spelled(table.get("unless", ())), particles=True),
    )


@dataclass(frozen=True, slots=True)
class _Words:
    """The word lists of a language, and how rules are translated with them."""

    lists: Mapping[str, Any]
    reach: int

    def translate(self, rule: str) -> _Rule:
        """Translate a rule into a regular expression, whose group `hit` is the evidence."""
        elements = rule.split()
        before = after = ""
        if elements[0] == "^":
            polite = self._any_of(self.lists.get("polite", ()))
            before = f"{_START}(?:{polite}{_JOINT})*" if polite else _START
            elements = elements[1:]
        if elements[-1] in {"$", "!"}:
            follows = self._any_of(self.lists.get("after", ())) if elements[-1] == "$" else ""
            after = rf"(?={_JOINT}(?:[{_STOPS}]|${follows and '|'}{follows}))"
            elements = elements[:-1]
        body = "".join(self._joined(elements))
        return _Rule(f"{before}(?P<hit>{body}){after}", self._needs(elements))

    def translate_closing(self, closing: Sequence[str]) -> str:
        """Translate what may follow a rule that must be all that a text asks for."""
        follows = "|".join("".join(self._joined(pattern.split())) for pattern in closing)
        after = rf"(?:[,、]?{_JOINT}(?:{follows})){{0,4}}" if follows else ""
        return rf"{after}\W*"

    def translate_whole(self, rule: str, closing: str) -> _Rule:
        """Translate a rule that must be all that a text asks for, but for what `closing` stands for."""
        elements = rule.split()
        before = f"(?P<asked>{_EARLIER}?)"
        if elements[0] == "^":
            elements = elements[1:]
            polite = self._any_of(self.lists.get("polite", ()))
            before = rf"(?:{_EARLIER}[,、])?[\s¿¡]*(?P<asked>(?:{polite}[\s,¿¡]*)+)?"
        body = "".join(self._joined(elements))
        return _Rule(f"{before}(?P<hit>{body})", self._needs(elements), closing)

    def _needs(self, elements: Sequence[str]) -> tuple[_AnyOf, ...]:
        named = [self._entries(element) for element in elements if element not in _GAPS]
        return tuple(
            _any_of(tuple(sorted({entry.split()[0] for entry in _spelled(entries)}))) for entries in named
        )

    def _joined(self, elements: Sequence[str]) -> Iterator[str]:
        between = self._any_of(self.lists.get("between", ()))
        joint = ""
        for element in elements:
            if element in {"..", "..."}:
                yield rf"[^.!?。\n]{{0,{_FAR}}}?" if element == ".." else rf"[^.!?。\n]{{0,{_FARTHEST}}}"
                joint = ""
                continue
            if element == "~":
                yield f"(?:{_JOINT}{between and f'(?!{between})'}{_WORD}){{0,{self.reach}}}?"
            elif element == "*":
                yield joint + _WORD
            else:
                yield joint + self._any_of(self._entries(element), continues=element.startswith("+"))
            joint = _JOINT

    def _entries(self, element: str) -> Sequence[str]:
        name = element.removeprefix("+")
        if name.startswith("<"):
            entries: Sequence[str] = self.lists[name.strip("<>")]
            return entries
        return name.replace("_", " ").split("|")

    def _any_of(self, entries: Sequence[str], *, continues: bool = False) -> str:
        source = whole_words_source(_spelled(entries), particles=True, starts=not continues)
        return f"(?:{source})" if source else ""


@cache
def _compiled(source: str) -> "re.Pattern[str]":
    return re.compile(source)


def _spelled(entries: Sequence[str]) -> set[str]:
    """Words as they are searched for; spaces in Korean ones are optional."""
    found = {_plain(fold(entry)) for entry in entries}
    return found | {entry.replace(" ", "") for entry in found if is_hangul(entry[0])}


def _masked(match: "re.Match[str]") -> str:
    start, end = match.span("hit")
    whole = match.group()
    return whole[: start - match.start()] + _MASK * (end - start) + whole[end - match.start() :]


def disjoint(spans: Iterable[Span]) -> list[Span]:
    """The spans in order, without those that overlap an earlier one."""
    found: list[Span] = []
    for span in sorted(spans):
        if not found or span[0] >= found[-1][1]:
            found.append(span)
    return found


def _plain(folded: str) -> str:
    """The text without accents on Latin letters, at the same length."""
    return folded if folded.isascii() else "".join(map(_base, folded))


@cache
def _base(letter: str) -> str:
    base = unicodedata.normalize("NFD", letter)[0]
    return base if base.isascii() else letter
