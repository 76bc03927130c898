"""The kinds of filter settings.

The kind determines which values are valid, how the Settings screen parses them and which control the preview
shows, so a filter only has to name its setting.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticKnownError

from selfinstruct.core.util.did_you_mean import nearest

if TYPE_CHECKING:
    from selfinstruct.core.filtering.settings import FilterSettings

Value = TypeVar("Value")

RULES = "@rules"
"""The entry of a list of phrases that stands for the rules of the language (see `phrase_rules`)."""
PAPER = "@paper"
"""The entry of a list of phrases that stands for the list of the paper's pipeline, or its counterpart."""
_LONGEST_QUOTED = 40
_Phrase = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting(ABC, Generic[Value]):
    """One setting in `[filters]`."""

    name: str
    label: str
    """Its label in the preview, at most 21 characters."""
    description: str
    """Its help text."""
    default: Value
    """Its value unless `language.toml` of the language overrides it."""
    off: Value | None = None
    """The value that switches the filter off; None if it cannot be switched off."""

    @property
    @abstractmethod
    def annotation(self) -> Any:
        """The type, with its constraints, that pydantic validates values against."""

    def of(self, filters: "FilterSettings") -> Value:
        """Return its value in `filters`."""
        value: Value = getattr(filters, self.name)
        return value

    def is_on(self, filters: "FilterSettings") -> bool:
        """Return whether its value in `filters` leaves the filter on."""
        return self.of(filters) != self.off


def _refuse_bool(kind: Any) -> BeforeValidator:
    """Reject booleans: pydantic reads true as 1, and nobody means a limit of 1 by it."""

    def check(value: object) -> object:
        if isinstance(value, bool):
            raise PydanticKnownError(kind)
        return value

    return BeforeValidator(check)


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold(Setting[float]):
    """A score in (0, 1]; candidates that reach it are rejected."""

    @property
    def annotation(self) -> Any:
        """A float in (0, 1]."""
        return Annotated[float, _refuse_bool("float_type"), Field(gt=0, le=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Count(Setting[int]):
    """A whole number."""

    least: int = 0
    not_above: str | None = None
    """The name of a setting that it must not exceed."""

    @property
    def annotation(self) -> Any:
        """An integer, at least `least`."""
        return Annotated[int, _refuse_bool("int_type"), Field(ge=self.least)]


def phrases_named(text: str) -> tuple[str, ...] | None:
    """The list of phrases that a single word names: `rules` or `paper`, with or without the `@`."""
    name = f"@{text.strip().removeprefix('@')}"
    return (name,) if name in {RULES, PAPER} else None


def _named(value: object) -> object:
    if not isinstance(value, str):
        return value
    return phrases_named(value) or ((value,) if value.strip().startswith("@") else value)


def _names_known(phrases: tuple[str, ...]) -> tuple[str, ...]:
    """Reject names that stand for nothing: as a phrase, a misspelt one would match no text."""
    for phrase in phrases:
        if phrase.startswith("@") and phrase not in {RULES, PAPER}:
            near = nearest(phrase.lower(), (RULES, PAPER))
            told = f"give {near}" if near else f"the lists are {RULES} and {PAPER}"
            raise ValueError(f"'{phrase[:_LONGEST_QUOTED]}' is not a list of phrases; {told}")
    return phrases


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases(Setting[tuple[str, ...]]):
    """A list of words or phrases; an empty one switches the filter off.

    The entries `RULES` and `PAPER` stand for what a language has. A single name, `rules` or `paper`, may be
    given for a list with that entry.
    """

    noun: str
    """What one entry is called."""
    default: tuple[str, ...] = ()
    off: tuple[str, ...] | None = ()

    @property
    def annotation(self) -> Any:
        """A tuple of non-blank strings, in which a name with `@` is a known one."""
        return Annotated[tuple[_Phrase, ...], BeforeValidator(_named), AfterValidator(_names_known)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch(Setting[bool]):
    """On or off."""

    default: bool = True
    off: bool | None = False

    @property
    def annotation(self) -> Any:
        """A bool."""
        return bool


SomeSetting = Threshold | Count | Phrases | Switch
"""A setting of any kind."""
