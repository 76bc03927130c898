"""The filter for instructions that begin with punctuation (the paper's released pipeline)."""

import unicodedata

from selfinstruct.core.filtering.candidate import Candidate
from selfinstruct.core.filtering.filter_kinds import RuleFilter
from selfinstruct.core.filtering.setting_kinds import Switch

STARTS_WITH_PUNCTUATION = Switch(
    name="punctuation",
    label="punctuation refused",
    description="Reject instructions that begin with punctuation.",
)


def _find(candidate: Candidate) -> str | None:
    first = candidate.text[:1]
    if first and unicodedata.category(first)[0] in "PS" and first not in candidate.language.allowed_first:
        return f'It begins with the punctuation mark "{first}".'
    return None


PUNCTUATION = RuleFilter("punctuation", _find, STARTS_WITH_PUNCTUATION)
