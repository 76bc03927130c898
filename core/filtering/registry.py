"""The registry of filters: all that there are, in the order in which they give their reasons.

Verdicts, settings, the settings screen and the preview are made from it. To add a filter, write a module in
`core/filtering/filters` and add a line here (docs/contributing.md).
"""

from typing import TYPE_CHECKING

from selfinstruct.core.filtering.candidate import Candidate
from selfinstruct.core.filtering.filter_kinds import Filter
from selfinstruct.core.filtering.filters.keyword import KEYWORD
from selfinstruct.core.filtering.filters.length import TOO_LONG, TOO_SHORT
from selfinstruct.core.filtering.filters.no_words import NO_WORDS
from selfinstruct.core.filtering.filters.opening import OPENING
from selfinstruct.core.filtering.filters.punctuation import PUNCTUATION
from selfinstruct.core.filtering.filters.script import NOT_LATIN, OTHER_SCRIPT
from selfinstruct.core.filtering.filters.similarity import NO_VECTOR, SAME_MEANING, TOO_SIMILAR
from selfinstruct.core.filtering.setting_kinds import SomeSetting
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

SETTINGS: tuple[SomeSetting, ...] = tuple(
    dict.fromkeys(filter_.setting for filter_ in FILTERS if filter_.setting is not None)
)
"""Every setting of a filter once: the fields of `FilterSettings`."""

VERDICTS = (*(filter_.code for filter_ in FILTERS), PASS)
"""Every verdict: the codes of all reasons in the order in which they are given, and `pass`."""


def check_candidate(candidate: Candidate, filters: "FilterSettings") -> list[Reason]:
    """All reasons against a candidate, in the order of the registry."""
    return [
        Reason(filter_.code, sentence)
        for filter_ in FILTERS
        if (sentence := filter_.check(candidate, filters)) is not None
    ]
