"""Texts without a token: they score 0 with everything, and would always pass."""

import re

from selfinstruct.core.filtering.candidate import Candidate
from selfinstruct.core.filtering.filter_kinds import RuleFilter

_ENGLISH_LETTER = re.compile("[a-z0-9]")
"""What `rouge_score` sees."""


def _find(candidate: Candidate) -> str | None:
    english = candidate.language.is_english
    if _ENGLISH_LETTER.search(candidate.text.lower()) if english else candidate.words:
        return None
    wanted = "letter from a to z and no digit" if english else "letter and no number"
    return f"It has no {wanted}, so that it cannot be compared: {candidate.quoted}."


NO_WORDS = RuleFilter("no_words", _find)
