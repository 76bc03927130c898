"""The words by which answers are read, compiled for one language: field names, requests, remarks.

They come from `[answers]` of a language's language.toml and from its reading.toml. Every language also knows
the English ones.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Literal

from selfinstruct.core.language.registry import ENGLISH, language, read_toml
from selfinstruct.core.language.unicode_tokens import fold, is_unspaced

Kind = Literal["task", "input", "output", "label", "aside", "preface"]
"""What a field contains; `aside` is an explanation, `preface` the text before the first instance."""

_FILE = "reading.toml"
_BESIDE = re.compile(r"(?P<name>[^()（）]{1,30}?)\s*[(（](?P<inside>[^()（）]{1,30})[)）]")
_NUMBERED = re.compile(r"\s*[#№]?\s*[(（]?\d{1,3}[)）]?$")


@dataclass(frozen=True, slots=True)
class OwnNames:
    """Names and words from a person's own prompts and settings, read in addition to those of the language."""

    task: tuple[str, ...] = ()
    input: tuple[str, ...] = ()
    output: tuple[str, ...] = ()
    label: tuple[str, ...] = ()
    example: tuple[str, ...] = ()
    question: tuple[str, ...] = ()
    yes: tuple[str, ...] = ()
    no: tuple[str, ...] = ()
    no_input: tuple[str, ...] = ()

    def with_words(self, words: Mapping[str, Sequence[str]]) -> "OwnNames":
        """A copy with more words, by the names of these fields."""
        return replace(self, **{name: (*getattr(self, name), *added) for name, added in words.items()})


NO_OWN_NAMES = OwnNames()


@dataclass(frozen=True, slots=True)
class FieldName:
    """What the name of a field means."""

    kind: Kind
    usual: bool
    """Whether prompts use this name; others count only where an answer has none of the usual ones."""
    qualified: bool = False
    """Whether a word such as "sample" precedes it."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The compiled words of one language."""

    names: Mapping[str, FieldName]
    """Field names by their folded form."""
    qualifiers: tuple[str, ...]
    under_task: frozenset[str]
    """Folded names of lines below a task that are not part of it."""
    material_names: frozenset[str]
    """Folded names of lines below a task that are part of it, such as "Options"."""
    tags: frozenset[str]
    """Folded kinds of tasks."""
    speakers: frozenset[str]
    """Folded names of those who speak in a dialogue with a model."""
    turns: frozenset[str]
    """Folded names of the headings of chat templates: those who speak, a task, and the response to it."""
    systems: frozenset[str]
    """Folded names of a speaker who may precede the two of a dialogue, such as "System"."""
    thoughts: frozenset[str]
    """Folded names of a section of reasoning before an answer."""
    reasoning: frozenset[str]
    """Folded names of reasoning below an input, as opposed to names of parts of the input."""
    answer_names: frozenset[str]
    """Folded short names before the answer to a question, such as "A"."""
    errors: frozenset[str]
    """Names of members of JSON that say why a request failed, without case, spaces and dashes."""
    of_error: frozenset[str]
    """Names of members that may stand beside those."""
    item: str
    """A pattern of the names before an item's number."""
    item_name: "re.Pattern[str]"
    """Such a name and a colon before an item's text."""
    answer_inside: "re.Pattern[str]"
    """The end of a task (group `end`) and the name of what is written below tasks, in one line."""
    example: "re.Pattern[str]"
    """The heading of an instance; the groups `number`, `ordinal` and `title` may be None."""
    examples: "re.Pattern[str]"
    """A mention of examples."""
    opening: "re.Pattern[str]"
    """The beginning of a request."""
    request: "re.Pattern[str]"
    """Other marks of a request, anywhere in it."""
    material: "re.Pattern[str]"
    """Announces that what a request is about comes after it."""
    open_end: "re.Pattern[str]"
    """The end of a line that is no end of a sentence."""
    linking: "re.Pattern[str]"
    """The beginning of a line that goes on with a sentence."""
    answering: "re.Pattern[str]"
    """The beginning of an answer that reads like a request."""
    given: tuple[str, ...]
    """Patterns by which a request, folded, says that NAME is given."""
    phrases: Mapping[str, "re.Pattern[str]"] = field(hash=False)
    """Patterns for phrases, by their names in reading.toml."""
    spelling: Mapping[int, str] = field(hash=False)
    """Letters that are read as others, such as traditional Chinese characters."""

    def meaning(self, name: str) -> FieldName | None:
        """Look up a field's name, without its number and with or without a qualifier."""
        folded = _NUMBERED.sub("", fold(" ".join(self.plain(name).replace("_", " ").split())))
        if found := self.names.get(folded):
            return found
        if (
            (beside := _BESIDE.fullmatch(folded))
            and (found := self.names.get(beside["name"]))
            and found.usual
        ):
            return FieldName(found.kind, found.usual, qualified=True)
        for qualifier in self.qualifiers:
            if folded.startswith(qualifier) and (found := self.names.get(folded[len(qualifier) :].lstrip())):
                return FieldName(found.kind, found.usual, qualified=True)
        return None

    def meaning_of_column(self, name: str) -> FieldName | None:
        """Look up a column's name, which may be in brackets beside another: "English (Input)"."""
        beside = _BESIDE.fullmatch(name.strip())
        return self.meaning(name) or (self.meaning(beside["inside"]) if beside else None)

    def is_request(self, text: str) -> bool:
        """Whether a text reads like a request: a command or a question."""
        text = text if len(text) <= 2 * _LOOKED_AT else f"{text[:_LOOKED_AT]} {text[-_LOOKED_AT:]}"
        return bool(self.opening.match(text) or self.request.search(text))

    def is_remark(self, text: str, *, weak: bool = False) -> bool:
        """Whether the last line of a list is a remark on it: "I hope these help!"; `weak`: or may be one."""
        sure, maybe = ("remark", "closing", "about_parts"), ("weak_remark", "perhaps")
        return any(self.is_said(name, text) for name in (*sure, *(maybe if weak else ())))

    def is_lead_in(self, text: str) -> bool:
        """Whether a text is what a chat model says before its answer, such as "Sure! Here they are:"."""
        return self.is_said("lead_in", text)

    def is_said(self, name: str, text: str) -> bool:
        """Whether a text is a phrase of this name, apart from its decoration."""
        text = text.strip(_DECORATION)
        return len(text) <= _LONGEST_REMARK and self.phrases[name].match(self.plain(text)) is not None

    def member(self, name: str) -> str:
        """The name of a member of JSON as `errors` and `of_error` have it."""
        return _member(self.plain(name))

    def plain(self, text: str) -> str:
        """A text in the spelling of these words, at the same length."""
        return text.translate(self.spelling) if self.spelling else text


_LOOKED_AT = 200
_LONGEST_REMARK = 500
_DECORATION = " \t\n*_#>()[]-—–~¡¿"
_APART = r"[\s!,.:;…—–¡¿！，。、：-]+"
_WHOLE = {
    "no_input",
    "none",
    "placeholder",
    "described",
    "lead_in",
    "opener",
    "remark",
    "weak_remark",
    "slot",
    "no_task",
}


@cache
def vocabulary(code: str, own: OwnNames = NO_OWN_NAMES) -> Vocabulary:
    """Compile the words of a language, with the field names of a person's own prompts."""
    words = reading_words(code)
    phrases = dict(words["phrases"])
    no_input = "|".join([*map(re.escape, own.no_input), *phrases["no_input"]])
    why = "|".join([no_input, *phrases["why_no_input"]])
    phrases["no_input"] = [rf"(?:{no_input})(?:\s*[^\w\s]\W*(?:{why}))?"]
    phrases["opener"] = _openers(phrases["agreeing"], phrases["announcing"])
    names, asked = words["names"], language(code).answers
    kinds: list[tuple[Kind, bool, Iterable[str]]] = [
        ("task", True, [*own.task, *asked.task]),
        ("input", True, [*own.input, *asked.input]),
        ("output", True, [*own.output, *asked.output]),
        ("label", True, [*own.label, *asked.label]),
        ("output", False, names["output"]),
        ("label", False, names["label"]),
        ("input", False, names["input"]),
        ("aside", False, names["aside"]),
        ("task", False, names["task"]),
        ("preface", False, names["preface"]),
    ]
    known: dict[str, FieldName] = {}
    for kind, usual, listed in kinds:
        for name in listed:
            known.setdefault(fold(name), FieldName(kind, usual))
    item = any_of([*own.task, *asked.task, *names["item"]])
    examples = [*own.example, *asked.example, *names["example"]]
    return Vocabulary(
        names=known,
        qualifiers=tuple(sorted(map(fold, names["qualifier"]), key=len, reverse=True)),
        under_task=frozenset(map(fold, names["under_task"])),
        material_names=frozenset(map(fold, names["material"])),
        tags=frozenset(map(fold, names["tag"])),
        speakers=frozenset(map(fold, names["speaker"])),
        turns=frozenset(
            map(fold, [*names["speaker"], *names["system"], *names["turn"], *own.task, *asked.task])
        ),
        systems=frozenset(map(fold, names["system"])),
        thoughts=frozenset(map(fold, names["thought"])),
        reasoning=frozenset(map(fold, names["reasoning"])),
        answer_names=frozenset(map(fold, names["answer"])),
        errors=frozenset(map(_member, names["error"])),
        of_error=frozenset(map(_member, names["of_error"])),
        item=item,
        item_name=re.compile(
            rf"^(?:\*\*|__|\*)?(?:{item})(?:\*\*|__|\*)?\s*[:：](?:\*\*|__|\*)?\s*", re.IGNORECASE
        ),
        answer_inside=re.compile(
            rf"(?P<end>[.?!。？！][\"'”’」』»)）]{{0,2}}|[\"'”’」』»)）](?=\s*\|))\s*(?:[-–—|]\s*)?[(\[（*_]*(?:{any_of(names['under_task'])})[*_]*\s*[:：]",
            re.IGNORECASE,
        ),
        example=_example_heading(examples, names["number"], names["ordinal"]),
        examples=re.compile(any_of(examples), re.IGNORECASE),
        opening=_opening(words["requests"]["opening"]),
        request=_one_of(words["requests"]["pattern"]),
        material=_one_of(words["requests"]["material"]),
        open_end=_one_of(words["requests"]["open_end"]),
        linking=_one_of(words["requests"]["linking"]),
        answering=_one_of(words["requests"]["answering"]),
        given=tuple(words["requests"]["given"]),
        phrases={
            name: re.compile(rf"(?:{'|'.join(listed)})" + (r"\W*\Z" if name in _WHOLE else ""), re.IGNORECASE)
            for name, listed in phrases.items()
        },
        spelling={ord(pair[0]): pair[1] for pair in words["spelling"]["variants"]},
    )


@cache
def reading_words(code: str) -> Mapping[str, Mapping[str, list[str]]]:
    """The tables of reading.toml in a language and in English."""
    english, own = read_toml(ENGLISH, _FILE), read_toml(code, _FILE)
    return {
        table: {
            name: list(dict.fromkeys([*_listed(own, table, name), *words])) for name, words in rows.items()
        }
        for table, rows in english.items()
    }


def _listed(words: Mapping[str, Any], table: str, name: str) -> Sequence[str]:
    found: Sequence[str] = words.get(table, {}).get(name, ())
    return found


def _openers(agreeing: Sequence[str], announcing: Sequence[str]) -> list[str]:
    """Patterns for a line of nothing but these phrases, or one that agrees and ends with a colon."""
    agrees, said = "|".join(agreeing), "|".join([*agreeing, *announcing])
    return [
        rf"(?:{said})(?:{_APART}(?:{said})){{0,3}}",
        rf"(?:{agrees})\s*[!,.…—–！，。、][^\n:：]{{0,120}}[:：]",
    ]


def _member(name: str) -> str:
    return re.sub(r"[\s_-]", "", fold(name))


def any_of(names: Iterable[str]) -> str:
    """A pattern that matches any of these names, preferring the longest."""
    return "|".join(re.escape(name) for name in sorted(set(names), key=lambda name: (-len(name), name)))


def _one_of(patterns: Sequence[str]) -> "re.Pattern[str]":
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)


def whole_words(names: Iterable[str]) -> str:
    """A pattern for these names; whole words only in scripts with spaces."""
    listed = list(names)
    whole = [name for name in listed if not is_unspaced(name[-1])]
    open_ended = [name for name in listed if is_unspaced(name[-1])]
    parts = [rf"(?:{any_of(whole)})(?!\w)"] * bool(whole) + [f"(?:{any_of(open_ended)})"] * bool(open_ended)
    return "|".join(parts)


def _opening(words: Sequence[str]) -> "re.Pattern[str]":
    return re.compile(rf"[\s\"'“‘«¿¡*_(\[「『《…]*(?:{whole_words(words)})", re.IGNORECASE)


def _example_heading(
    names: Iterable[str], numbers: Iterable[str], ordinals: Iterable[str]
) -> "re.Pattern[str]":
    """A pattern for the heading of an instance: "Example 2", "**Example #2: Plants**", "例２", "示例一"."""
    emphasis = r"(?:\*\*\*|\*\*|__|\*|_)?"
    number = rf"\d{{1,3}}|[①-⑳]|[A-Z](?!\w)|(?:{any_of(numbers)})(?!\w)"
    return re.compile(
        rf"^\s*(?:>\s*)*(?:[-•*]\s+|[・■□●◆◇]\s*)?(?:[\u2190-\u2bff\U0001f000-\U0001faff]\ufe0f?\s*)?"
        rf"(?P<mark>#{{1,6}}\s*)?{emphasis}(?P<bracket>[【\[(（<＜〈《])?"
        rf"(?:(?P<ordinal>{any_of(ordinals)})\s*)?(?P<name>{any_of(names)})(?!\w*[a-z])\s*"
        rf"(?:[#№]\s*|n[o.]?[.º°]\s*|n(?:umber|[uú]mero)\s+|その)?(?:[(（]?(?P<number>{number})(?:번(?!\w))?[)）]?)?\s*"
        rf"(?(bracket)[】\])）>＞〉》])?{emphasis}\s*"
        rf"(?:[:：.)）]{emphasis}|(?=[-–—(（]|$))\s*(?P<title>.*?){emphasis}\s*$",
        re.IGNORECASE,
    )
