"""The length filters: too few or too many words (paper, section 2.2).

They count characters in languages without spaces between words, and syllables in Korean.
"""

import operator

from selfinstruct.core.filtering.candidate import Candidate
from selfinstruct.core.filtering.filter_kinds import ThresholdFilter
from selfinstruct.core.filtering.setting_kinds import Count

MIN_WORDS = Count(
    name="min_words",
    label="length at least",
    description="Minimum length of an instruction in words (characters where words have no spaces).",
    default=4,
    off=0,
    not_above="max_words",
)
MAX_WORDS = Count(
    name="max_words",
    label="length at most",
    description="Maximum length of an instruction in words (characters where words have no spaces).",
    default=150,
    least=1,
)


def _words(candidate: Candidate) -> int:
    return candidate.words


def _counted(candidate: Candidate, count: float) -> str:
    unit = candidate.language.unit
    return f"It has {count:g} {unit if count == 1 else unit + 's'}"


TOO_SHORT = ThresholdFilter(
    "too_short",
    measure=_words,
    refuses=operator.lt,
    said=lambda candidate, count, least: f"{_counted(candidate, count)}; the minimum is {least}.",
    setting=MIN_WORDS,
)
TOO_LONG = ThresholdFilter(
    "too_long",
    measure=_words,
    refuses=operator.gt,
    said=lambda candidate, count, most: f"{_counted(candidate, count)}; the maximum is {most}.",
    setting=MAX_WORDS,
)
