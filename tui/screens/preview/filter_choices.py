"""The filters as a person changes them: a row for each setting, with what a key does to it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, assert_never

from selfinstruct.core.filtering.filters.similarity import ROUGE_L
from selfinstruct.core.filtering.registry import FILTERS
from selfinstruct.core.filtering.setting_kinds import Count, Phrases, SomeSetting, Switch, Threshold
from selfinstruct.core.filtering.settings import FilterSettings

_Number = TypeVar("_Number", int, float)

_LEAST = 0.01
_MOST = 100_000


@dataclass(frozen=True, slots=True)
class Choice:
    """One setting of a filter."""

    name: str
    """Its field in the settings."""
    label: str
    shown: Callable[[FilterSettings], str]
    moved: Callable[[FilterSettings, FilterSettings, int], Any]
    """Its value after some steps up or down; given the settings, and those where all filters are on."""
    switched: Callable[[FilterSettings, FilterSettings], Any] | None
    """Its value after it is switched on or off; None when it has no switch."""
    big_step: int

    def after(self, filters: FilterSettings, value: object) -> FilterSettings:
        """`filters` with another value of this one."""
        return filters.model_copy(update={self.name: value})


def choice_of(setting: SomeSetting) -> Choice:
    """The control of a setting, which its kind decides."""
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
        number = len(setting.of(filters))
        return f"{number} {setting.noun if number == 1 else setting.noun + 's'}" if number else "off"

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
    """A control for every setting, that of ROUGE-L first.

    Args:
        by_meaning: Whether candidates are compared by meaning, so that filters which need vectors work.
    """
    settings = (one.setting for one in FILTERS if by_meaning or not one.needs_vectors)
    own = dict.fromkeys(setting for setting in settings if setting is not None)
    return tuple(choice_of(setting) for setting in sorted(own, key=lambda one: one is not ROUGE_L))


def always_on(*, by_meaning: bool) -> tuple[str, ...]:
    """The codes of the filters that no setting switches."""
    return tuple(one.code for one in FILTERS if one.setting is None and (by_meaning or not one.needs_vectors))


def differences(before: FilterSettings, after: FilterSettings) -> list[Choice]:
    """The filters that two settings do not have in common."""
    return [
        choice
        for choice in choices(by_meaning=True)
        if getattr(before, choice.name) != getattr(after, choice.name)
    ]


def described(filters: FilterSettings, changed: list[Choice]) -> str:
    """The values of some filters in words, such as `ROUGE-L below: 0.70, keywords refused: off`."""
    return ", ".join(f"{choice.label}: {choice.shown(filters)}" for choice in changed)
