"""The kinds of filters.

A filter checks a candidate and returns a reason to reject it, or None. Each filter is one module in
`core/filtering/filters`; its kind determines when it is on and how the preview evaluates it.
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
    """Returns a sentence with the evidence, or None."""
    setting: Switch | None = None
    """None means always on."""
    needs_vectors: bool = False
    """Whether it requires embeddings."""

    def check(self, candidate: Candidate, filters: "FilterSettings") -> str | None:
        """Return the reason to reject a candidate; None if it passes or the filter is off."""
        is_on = self.setting is None or self.setting.is_on(filters)
        return self.find(candidate) if is_on else None


@dataclass(frozen=True, slots=True)
class PhraseFilter:
    """A filter that looks for words or phrases."""

    code: str
    find: Callable[[Candidate, tuple[str, ...]], str | None]
    """Given the phrases, returns a sentence with the evidence, or None."""
    setting: Phrases
    needs_vectors: bool = False
    """Whether it requires embeddings."""

    def check(self, candidate: Candidate, filters: "FilterSettings") -> str | None:
        """Return the reason to reject a candidate; None if it passes or the filter is off."""
        phrases = self.setting.of(filters)
        return self.find(candidate, phrases) if phrases else None


@dataclass(frozen=True, slots=True)
class ThresholdFilter:
    """A filter that compares a measurement with its setting."""

    code: str
    measure: Callable[[Candidate], float | None]
    """Returns the measurement; None if there is none, and then the candidate passes."""
    refuses: Callable[[Any, Any], Any]
    """Compares measurement and setting, such as `operator.lt`; must accept arrays, for the preview."""
    said: Callable[[Candidate, float, Any], str]
    """Given the measurement and the value of the setting, returns the sentence."""
    setting: Count | Threshold
    needs_vectors: bool = False
    """Whether it requires embeddings."""

    def check(self, candidate: Candidate, filters: "FilterSettings") -> str | None:
        """Return the reason to reject a candidate; None if it passes or the filter is off."""
        number, limit = self.measure(candidate), self.setting.of(filters)
        if number is None or not self.refuses(number, limit) or not self.setting.is_on(filters):
            return None
        return self.said(candidate, number, limit)


Filter = RuleFilter | PhraseFilter | ThresholdFilter
"""A filter of any kind."""
