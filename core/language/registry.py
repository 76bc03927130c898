"""The registry of languages, each loaded from its folder in `seeds` on first use.

A folder holds language.toml, reading.toml, prompts.toml, grammar.toml and seed_tasks.jsonl; docs/languages.md
describes them.
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
"""The fallback for languages without a folder of their own."""
AUTO = "auto"
"""Detect the language from the seed tasks."""

_LANGUAGE, _SEED_TASKS = "language.toml", "seed_tasks.jsonl"
_MOST_LETTERS = 0.4


@dataclass(frozen=True, slots=True)
class AnswerWords:
    """The field names and key words of prompts and answers.

    Prompts use the first of each; parsing accepts all of them. Every language also accepts the English ones,
    which come last.
    """

    task: tuple[str, ...]
    input: tuple[str, ...]
    output: tuple[str, ...]
    label: tuple[str, ...]
    example: tuple[str, ...]
    question: tuple[str, ...]
    """What precedes the yes or no in the classify prompt."""
    yes: tuple[str, ...]
    no: tuple[str, ...]
    no_input: tuple[str, ...]
    """Phrases that mean "no input"."""


@dataclass(frozen=True, slots=True)
class Language:
    """One language, or `other`."""

    code: str
    name: str
    """Its name in the language itself."""
    english_name: str
    filters: Mapping[str, Any] = field(hash=False)
    """Default values of filter settings by name, where they differ from the setting's own default."""
    scripts: tuple[str, ...]
    """Prefixes of the Unicode names of its letters; empty accepts every script."""
    unit: str
    """What one token is called, in the singular: word, character, syllable."""
    allowed_first: tuple[str, ...]
    """Punctuation marks that may begin a sentence."""
    answers: AnswerWords
    colon: str
    """What separates a field's name from its text in prompts, with the space after it, if any."""
    least_share: float
    """Minimum share of letters in the language's scripts for detection."""
    common: tuple[str, ...]
    """Common words that distinguish it from languages with the same script. If there are any, detection
    also requires enough of them."""

    @property
    def is_english(self) -> bool:
        """Whether English rules for tokens and words apply."""
        return self.code == ENGLISH

    @property
    def as_found(self) -> str:
        """A sentence that reports the language detected in the seed tasks."""
        if self.code == OTHER:
            return "The seed tasks are not in a known language, so language-neutral settings apply."
        return f"The seed tasks are in {self.full_name}, so the language is {self.code}."

    def as_warning(self, asked: "Language") -> str:
        """Return a warning that the seed tasks are in this language, and not in `asked`."""
        found = "an unknown language" if self.code == OTHER else self.full_name
        return (
            f"The seed tasks are in {found}, but the filters of this workspace are for {asked.full_name}."
            f" Start a new workspace with {setting('language')} {self.code}."
        )

    @property
    def full_name(self) -> str:
        """Its English name, followed by its own name in parentheses if that differs."""
        return self.english_name if self.name == self.english_name else f"{self.english_name} ({self.name})"


@cache
def known() -> tuple[str, ...]:
    """The codes of all languages, with `other` last."""
    codes = [folder.name for folder in _home().iterdir() if (folder / _LANGUAGE).is_file()]
    return tuple(sorted(codes, key=lambda code: (code == OTHER, code)))


def with_seeds() -> tuple[str, ...]:
    """The codes of the languages that have built-in seed tasks."""
    return tuple(code for code in known() if (_home() / code / _SEED_TASKS).is_file())


@cache
def language(code: str) -> Language:
    """The language with this code.

    Raises:
        KeyError: the code is unknown.
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
        colon=data.get("colon", ": "),
        least_share=auto.get("least_share", _MOST_LETTERS),
        common=tuple(auto.get("common", ())),
    )


def _answers(own: Mapping[str, list[str]]) -> AnswerWords:
    english = read_toml(ENGLISH, _LANGUAGE)["answers"]
    return AnswerWords(
        **{name: tuple(dict.fromkeys([*own.get(name, ()), *english[name]])) for name in english}
    )


def seed_tasks(code: str) -> Traversable | None:
    """The built-in seed tasks of a language, or None."""
    found = _home() / code / _SEED_TASKS
    return found if found.is_file() else None


def read_toml(code: str, name: str) -> dict[str, Any]:
    """Read a TOML file from a language's folder; empty if the file does not exist."""
    found = _home() / code / name
    return tomllib.loads(found.read_text(encoding="utf-8")) if found.is_file() else {}


def _home() -> Traversable:
    return files("selfinstruct.seeds")
