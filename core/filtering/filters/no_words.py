"""The filter for texts without tokens, which would score 0 with everything and always pass."""

import re

from selfinstruct.core.filtering.candidate import Candidate
from selfinstruct.core.filtering.filter_kinds import RuleFilter

_ENGLISH_LETTER = re.compile("[a-z0-9]")
"""What the tokenizer of `rouge_score` keeps."""


def _find(candidate: Candidate) -> str | None:
    english = candidate.language.is_english
    if _ENGLISH_LETTER.search(candidate.text.lower()) if english else candidate.words:
        return None
    missing = "letters from a to z and no digits" if english else "letters and no numbers"
    return f"It has no {missing}, so it cannot be compared: {candidate.quoted}."


NO_WORDS = RuleFilter("no_words", _find)
