"""The controls of the filter settings: how each setting is shown, stepped and switched. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, assert_never

from selfinstruct.core.filtering.filters.similarity import ROUGE_L
from selfinstruct.core.filtering.registry import FILTERS
from selfinstruct.core.filtering.setting_kinds import (
    PAPER,
    RULES,
    Count,
    Phrases,
    SomeSetting,
    Switch,
    Threshold,
)
from selfinstruct.core.filtering.settings import FilterSettings

_Number = TypeVar("_Number", int, float)

_LEAST = 0.01
"""Smallest threshold that a key can set."""
_MOST = 100_000
"""Largest count that a key can set."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The control of one filter setting."""

    name: str
    """The field in the settings."""
    label: str
    shown: Callable[[FilterSettings], str]
    """Formats the value."""
    moved: Callable[[FilterSettings, FilterSettings, int], Any]
    """Returns the value some steps up or down, given the settings and those with all filters on."""
    switched: Callable[[FilterSettings, FilterSettings], Any] | None
    """Returns the value toggled on or off, given the same; None if it cannot be switched."""
    big_step: int
    """Steps of a key for larger changes."""

    def after(self, filters: FilterSettings, value: object) -> FilterSettings:
        """Return `filters` with this setting changed to `value`."""
        return filters.model_copy(update={self.name: value})


def choice_of(setting: SomeSetting) -> Choice:
    """Create the control for a setting, according to its kind."""
    match setting:
        case Threshold():
            return _threshold(setting)
        case Count():
            return _count(setting)
        case Phrases():
            return _phrases(setting)
        case Switch():
            return _switch(setting)
        case _:
            assert_never(setting)


def _switch(setting: Switch) -> Choice:
    return Choice(
        setting.name,
        setting.label,
        shown=lambda filters: "on" if setting.of(filters) else "off",
        moved=lambda _filters, _lists, steps: steps > 0,
        switched=lambda filters, _lists: not setting.of(filters),
        big_step=1,
    )


def _phrases(setting: Phrases) -> Choice:
    def shown(filters: FilterSettings) -> str:
        named = [phrase[1:] for phrase in setting.of(filters) if phrase in {RULES, PAPER}]
        number = len(setting.of(filters)) - len(named)
        own = [f"{number} {setting.noun if number == 1 else setting.noun + 's'}"] if number else []
        return " + ".join([*named, *own]) or "off"

    def valued(on: bool, lists: FilterSettings) -> tuple[str, ...]:
        return setting.of(lists) if on else ()

    return Choice(
        setting.name,
        setting.label,
        shown=shown,
        moved=lambda _filters, lists, steps: valued(steps > 0, lists),
        switched=lambda filters, lists: valued(not setting.of(filters), lists),
        big_step=1,
    )


def _threshold(setting: Threshold) -> Choice:
    return Choice(
        setting.name,
        setting.label,
        shown=lambda filters: f"{setting.of(filters):.2f}",
        moved=lambda filters, _lists, steps: _within(
            round(round(setting.of(filters), 2) + steps / 100, 2), _LEAST, 1.0
        ),
        switched=None,
        big_step=5,
    )


def _count(setting: Count) -> Choice:
    def bounds(filters: FilterSettings) -> tuple[int, int]:
        above = _counts_that(filters, lambda other: setting.not_above == other.name)
        below = _counts_that(filters, lambda other: other.not_above == setting.name)
        return max(setting.least, *below, 0), min(_MOST, *above, _MOST)

    def switched(filters: FilterSettings, lists: FilterSettings) -> int | None:
        return setting.off if setting.is_on(filters) else _within(setting.of(lists), *bounds(filters))

    return Choice(
        setting.name,
        setting.label,
        shown=lambda filters: str(setting.of(filters)) if setting.is_on(filters) else "off",
        moved=lambda filters, _lists, steps: _within(setting.of(filters) + steps, *bounds(filters)),
        switched=None if setting.off is None else switched,
        big_step=10,
    )


def _counts_that(filters: FilterSettings, is_wanted: Callable[[Count], bool]) -> list[int]:
    counts = (one.setting for one in FILTERS if isinstance(one.setting, Count))
    return [count.of(filters) for count in counts if is_wanted(count)]


def _within(value: _Number, least: _Number, most: _Number) -> _Number:
    return max(least, min(most, value))


def choices(*, by_meaning: bool) -> tuple[Choice, ...]:
    """Return the controls of all settings, ROUGE-L first.

    Args:
        by_meaning: Whether to include filters that need embeddings.
    """
    settings = (one.setting for one in FILTERS if by_meaning or not one.needs_vectors)
    own = dict.fromkeys(setting for setting in settings if setting is not None)
    return tuple(choice_of(setting) for setting in sorted(own, key=lambda one: one is not ROUGE_L))


def always_on(*, by_meaning: bool) -> tuple[str, ...]:
    """Return the codes of the filters without a setting."""
    return tuple(one.code for one in FILTERS if one.setting is None and (by_meaning or not one.needs_vectors))


def differences(before: FilterSettings, after: FilterSettings) -> list[Choice]:
    """Return the controls whose values differ between two settings."""
    return [
        choice
        for choice in choices(by_meaning=True)
        if getattr(before, choice.name) != getattr(after, choice.name)
    ]


def described(filters: FilterSettings, changed: list[Choice]) -> str:
    """Return the values of some filters as text, such as `ROUGE-L below: 0.70, keywords refused: off`."""
    return ", ".join(f"{choice.label}: {choice.shown(filters)}" for choice in changed)
