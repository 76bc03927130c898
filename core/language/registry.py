"""Languages: what the method has to know about each, read from its folder in `seeds` when it is first wanted.

A folder holds language.toml, prompts.toml, grammar.toml and seed_tasks.jsonl. docs/languages.md says what
is in them.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from selfinstruct.core.setting_names import setting

ENGLISH = "en"
OTHER = "other"
"""Stands for every language that has no folder of its own."""
AUTO = "auto"
"""Asks for the language of the seed tasks."""

_LANGUAGE, _SEED_TASKS = "language.toml", "seed_tasks.jsonl"
_MOST_LETTERS = 0.4


@dataclass(frozen=True, slots=True)
class AnswerWords:
    """The field names of prompts and answers; the first of each is written, all are read.

    The English ones are the last of all languages.
    """

    task: tuple[str, ...]
    input: tuple[str, ...]
    output: tuple[str, ...]
    label: tuple[str, ...]
    example: tuple[str, ...]
    question: tuple[str, ...]
    """What stands before the yes or no of the classify prompt."""
    yes: tuple[str, ...]
    no: tuple[str, ...]
    no_input: tuple[str, ...]
    """What says that there is no input."""


@dataclass(frozen=True, slots=True)
class Language:
    """One language, or `other`."""

    code: str
    name: str
    """As its speakers write it."""
    english_name: str
    filters: Mapping[str, Any] = field(hash=False)
    """The values of filter settings that nobody has set, by name; what is not among them has the
    setting's own default."""
    scripts: tuple[str, ...]
    """How the names of its letters begin in Unicode; empty when letters of all scripts are welcome."""
    unit: str
    """What a token of it is called, one of them."""
    allowed_first: tuple[str, ...]
    """Punctuation marks with which a sentence may well begin."""
    answers: AnswerWords
    least_share: float
    """Texts are taken for its own when they have this share of letters in its scripts ..."""
    common: tuple[str, ...]
    """... and enough of these words, if there are any: they tell it from other languages in the same
    script."""

    @property
    def is_english(self) -> bool:
        """Whether tokens, words and field names are those of English."""
        return self.code == ENGLISH

    @property
    def as_found(self) -> str:
        """A sentence that says that the seed tasks were found to be in it."""
        if self.code == OTHER:
            return "The seed tasks are in none of the known languages: what holds for any is used."
        return f"The seed tasks are in {self.full_name}, so the language is {self.code}."

    def as_warning(self, asked: "Language") -> str:
        """A sentence that says that the seed tasks are in it, and another language was asked for."""
        found = "none of the known languages" if self.code == OTHER else self.full_name
        return (
            f"The seed tasks are in {found}, and the filters of this workspace are for {asked.full_name}:"
            f" begin another one with {setting('language')} {self.code}."
        )

    @property
    def full_name(self) -> str:
        """Its name in English, and its own beside that if it is another."""
        return self.english_name if self.name == self.english_name else f"{self.english_name} ({self.name})"


@cache
def known() -> tuple[str, ...]:
    """The codes of all languages, `other` the last."""
    codes = [folder.name for folder in _home().iterdir() if (folder / _LANGUAGE).is_file()]
    return tuple(sorted(codes, key=lambda code: (code == OTHER, code)))


def with_seeds() -> tuple[str, ...]:
    """The codes of the languages that come with seed tasks."""
    return tuple(code for code in known() if (_home() / code / _SEED_TASKS).is_file())


@cache
def language(code: str) -> Language:
    """The language of a code.

    Raises:
        KeyError: it is not one of the known ones.
    """
    if code not in known():
        raise KeyError(code)
    data = read_toml(code, _LANGUAGE)
    auto = data.get("auto", {})
    return Language(
        code=code,
        name=data["name"],
        english_name=data["english_name"],
        filters={
            name: tuple(value) if isinstance(value, list) else value
            for name, value in data.get("filters", {}).items()
        },
        scripts=tuple(data["scripts"]),
        unit=data.get("unit", "word"),
        allowed_first=tuple(data.get("allowed_first", ())),
        answers=_answers(data.get("answers", {})),
        least_share=auto.get("least_share", _MOST_LETTERS),
        common=tuple(auto.get("common", ())),
    )


def _answers(own: Mapping[str, list[str]]) -> AnswerWords:
    english = read_toml(ENGLISH, _LANGUAGE)["answers"]
    return AnswerWords(
        **{name: tuple(dict.fromkeys([*own.get(name, ()), *english[name]])) for name in english}
    )


def seed_tasks(code: str) -> Traversable | None:
    """The seed tasks that come with a language; None when there are none."""
    found = _home() / code / _SEED_TASKS
    return found if found.is_file() else None


def read_toml(code: str, name: str) -> dict[str, Any]:
    """A file of a language's folder; empty when the folder has none of this name."""
    found = _home() / code / name
    return tomllib.loads(found.read_text(encoding="utf-8")) if found.is_file() else {}


def _home() -> Traversable:
    return files("selfinstruct.seeds")
