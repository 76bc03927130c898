"""The kinds of filters.

A filter gives a reason against a candidate, or none. What it looks for is in one module of
`core/filtering/filters`; whether it is on, and what the preview needs of it, follows from its kind.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from selfinstruct.core.filtering.candidate import Candidate
from selfinstruct.core.filtering.setting_kinds import Count, Phrases, Switch, Threshold

if TYPE_CHECKING:
    from selfinstruct.core.filtering.settings import FilterSettings


@dataclass(frozen=True, slots=True)
class RuleFilter:
    """A filter that depends on the candidate alone."""

    code: str
    find: Callable[[Candidate], str | None]
    """A sentence with the evidence, or None."""
    setting: Switch | None = None
    """None: it is always on."""
    needs_vectors: bool = False
    """Whether it works with embeddings only."""

    def check(self, candidate: Candidate, filters: "FilterSettings") -> str | None:
        """Why it objects to a candidate; None when it does not, or is off."""
        is_on = self.setting is None or self.setting.is_on(filters)
        return self.find(candidate) if is_on else None


@dataclass(frozen=True, slots=True)
class PhraseFilter:
    """A filter that looks for words or phrases."""

    code: str
    find: Callable[[Candidate, tuple[str, ...]], str | None]
    """A sentence with the evidence, or None; given the phrases."""
    setting: Phrases
    needs_vectors: bool = False
    """Whether it works with embeddings only."""

    def check(self, candidate: Candidate, filters: "FilterSettings") -> str | None:
        """Why it objects to a candidate; None when it does not, or is off."""
        phrases = self.setting.of(filters)
        return self.find(candidate, phrases) if phrases else None


@dataclass(frozen=True, slots=True)
class ThresholdFilter:
    """A filter that compares a number with its setting."""

    code: str
    measure: Callable[[Candidate], float | None]
    """The number; None when there is none, and then it does not object."""
    refuses: Callable[[Any, Any], Any]
    """Compares number and setting, such as `operator.lt`; the preview gives it arrays."""
    said: Callable[[Candidate, float, Any], str]
    """The sentence; given the number and the value of the setting."""
    setting: Count | Threshold
    needs_vectors: bool = False
    """Whether it works with embeddings only."""

    def check(self, candidate: Candidate, filters: "FilterSettings") -> str | None:
        """Why it objects to a candidate; None when it does not, or is off."""
        number, limit = self.measure(candidate), self.setting.of(filters)
        if number is None or not self.refuses(number, limit) or not self.setting.is_on(filters):
            return None
        return self.said(candidate, number, limit)


Filter = RuleFilter | PhraseFilter | ThresholdFilter
"""Any of the kinds."""
