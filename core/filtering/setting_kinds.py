"""The kinds of settings that filters have.

The kind decides which values are valid, how the settings screen reads them and which control the preview
shows. All of that follows from the registry, so a filter only names its setting.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar

from pydantic import BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticKnownError

if TYPE_CHECKING:
    from selfinstruct.core.filtering.settings import FilterSettings

Value = TypeVar("Value")
_Phrase = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting(Generic[Value]):
    """One setting in `[filters]`."""

    name: str
    label: str
    """What the preview calls it; at most 21 characters."""
    description: str
    """Its help text."""
    default: Value
    """Its value unless the language's `language.toml` has another."""
    off: Value | None = None
    """The value that switches the filter off; None when there is none."""

    @property
    def annotation(self) -> Any:
        """The type and constraints that pydantic checks values with."""
        raise NotImplementedError

    def of(self, filters: "FilterSettings") -> Value:
        """Its value."""
        value: Value = getattr(filters, self.name)
        return value

    def is_on(self, filters: "FilterSettings") -> bool:
        """Whether its value leaves the filter on."""
        return self.of(filters) != self.off


def _refuse_bool(kind: Any) -> BeforeValidator:
    """True is 1 for pydantic, and a limit of 1 is not what anybody meant by it."""

    def check(value: object) -> object:
        if isinstance(value, bool):
            raise PydanticKnownError(kind)
        return value

    return BeforeValidator(check)


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold(Setting[float]):
    """A score above 0 and up to 1; what reaches it is refused."""

    @property
    def annotation(self) -> Any:
        """A float in (0, 1]."""
        return Annotated[float, _refuse_bool("float_type"), Field(gt=0, le=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Count(Setting[int]):
    """A whole number."""

    least: int = 0
    not_above: str | None = None
    """The name of the setting that it must not exceed."""

    @property
    def annotation(self) -> Any:
        """An integer from `least` on."""
        return Annotated[int, _refuse_bool("int_type"), Field(ge=self.least)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases(Setting[tuple[str, ...]]):
    """A list of words or phrases; an empty one switches the filter off."""

    noun: str
    """What one of them is called."""
    default: tuple[str, ...] = ()
    off: tuple[str, ...] | None = ()

    @property
    def annotation(self) -> Any:
        """A tuple of texts that are not blank."""
        return tuple[_Phrase, ...]


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
"""Any of the kinds."""
