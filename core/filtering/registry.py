"""The registry of filters, in the order in which their reasons are reported.

Verdicts, settings, the Settings screen and the preview are derived from it. To add a filter, write a module
in `core/filtering/filters` and add a line here (docs/contributing.md).
"""

from typing import TYPE_CHECKING

from selfinstruct.core.filtering.candidate import Candidate
from selfinstruct.core.filtering.filter_kinds import Filter, PhraseFilter, RuleFilter, ThresholdFilter
from selfinstruct.core.filtering.filters.keyword import KEYWORD
from selfinstruct.core.filtering.filters.length import TOO_LONG, TOO_SHORT
from selfinstruct.core.filtering.filters.no_words import NO_WORDS
from selfinstruct.core.filtering.filters.opening import OPENING
from selfinstruct.core.filtering.filters.punctuation import PUNCTUATION
from selfinstruct.core.filtering.filters.script import NOT_LATIN, OTHER_SCRIPT
from selfinstruct.core.filtering.filters.similarity import NO_VECTOR, SAME_MEANING, TOO_SIMILAR
from selfinstruct.core.filtering.setting_kinds import SomeSetting
from selfinstruct.core.plugins import plugins
from selfinstruct.db.records import PASS, Reason

if TYPE_CHECKING:
    from selfinstruct.core.filtering.settings import FilterSettings

FILTERS: tuple[Filter, ...] = (
    NO_WORDS,
    TOO_SHORT,
    TOO_LONG,
    KEYWORD,
    OPENING,
    PUNCTUATION,
    NOT_LATIN,
    OTHER_SCRIPT,
    TOO_SIMILAR,
    SAME_MEANING,
    NO_VECTOR,
)
BUILT_IN = FILTERS
"""Those that need no package of somebody else."""
FILTERS += plugins(
    "selfinstruct.filters",
    (RuleFilter, PhraseFilter, ThresholdFilter),
    named=lambda one: one.code,
    taken={PASS, *(one.code for one in FILTERS)},
)

SETTINGS: tuple[SomeSetting, ...] = tuple(
    dict.fromkeys(filter_.setting for filter_ in FILTERS if filter_.setting is not None)
)
"""The settings of all filters, without duplicates: the fields of `FilterSettings`."""

VERDICTS = (*(filter_.code for filter_ in FILTERS), PASS)
"""All verdicts: the code of each filter in registry order, and `pass`."""


def check_candidate(candidate: Candidate, filters: "FilterSettings") -> list[Reason]:
    """All reasons to reject a candidate, in registry order; empty if it passes."""
    return [
        Reason(filter_.code, sentence)
        for filter_ in FILTERS
        if (sentence := filter_.check(candidate, filters)) is not None
    ]
