"""The filters as a person changes them: one row each, with what a key does to it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from selfinstruct.core.settings.model import FilterSettings

_LEAST = 0.01
_MOST_WORDS = 100_000


@dataclass(frozen=True, slots=True)
class Choice:
    """One filter."""

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


def _flag(name: str, label: str) -> Choice:
    return Choice(
        name,
        label,
        shown=lambda filters: "on" if getattr(filters, name) else "off",
        moved=lambda _filters, _lists, steps: steps > 0,
        switched=lambda filters, _lists: not getattr(filters, name),
        big_step=1,
    )


def _list(name: str, label: str, what: str) -> Choice:
    def shown(filters: FilterSettings) -> str:
        number = len(getattr(filters, name))
        return f"{number} {what if number == 1 else what + 's'}" if number else "off"

    def valued(on: bool, lists: FilterSettings) -> object:
        return getattr(lists, name) if on else ()

    return Choice(
        name,
        label,
        shown=shown,
        moved=lambda _filters, lists, steps: valued(steps > 0, lists),
        switched=lambda filters, lists: valued(not getattr(filters, name), lists),
        big_step=1,
    )


def _threshold(name: str, label: str) -> Choice:
    return Choice(
        name,
        label,
        shown=lambda filters: f"{getattr(filters, name):.2f}",
        moved=lambda filters, _lists, steps: _within(
            round(round(getattr(filters, name), 2) + steps / 100, 2), _LEAST, 1.0
        ),
        switched=None,
        big_step=5,
    )


CHOICES = (
    _threshold("rouge_l", "ROUGE-L below"),
    Choice(
        "min_words",
        "length at least",
        shown=lambda filters: str(filters.min_words) if filters.min_words else "off",
        moved=lambda filters, _lists, steps: _within(filters.min_words + steps, 0, filters.max_words),
        switched=lambda filters, lists: 0 if filters.min_words else min(lists.min_words, filters.max_words),
        big_step=10,
    ),
    Choice(
        "max_words",
        "length at most",
        shown=lambda filters: str(filters.max_words),
        moved=lambda filters, _lists, steps: _within(
            filters.max_words + steps, max(1, filters.min_words), _MOST_WORDS
        ),
        switched=None,
        big_step=10,
    ),
    _list("keywords", "keywords refused", "word"),
    _list("openings", "openings refused", "opening"),
    _flag("punctuation", "punctuation refused"),
    _flag("script", "other script refused"),
)
BY_MEANING = _threshold("cosine", "cosine below")
"""The filter that there is when tasks are compared by meaning."""


def _within(value: float, least: float, most: float) -> float:
    return max(least, min(most, value))


def differences(before: FilterSettings, after: FilterSettings) -> list[Choice]:
    """The filters that two settings do not have in common."""
    return [
        choice
        for choice in (*CHOICES, BY_MEANING)
        if getattr(before, choice.name) != getattr(after, choice.name)
    ]


def described(filters: FilterSettings, choices: list[Choice]) -> str:
    """The values of some filters in words, such as `ROUGE-L below: 0.70, keywords refused: off`."""
    return ", ".join(f"{choice.label}: {choice.shown(filters)}" for choice in choices)
