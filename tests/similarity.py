"""ROUGE-L of two texts, for tests."""

import numpy as np
from rapidfuzz.distance import Indel
from rouge_score.tokenize import tokenize

from selfinstruct.core.language.tokens import tokens


def rouge_l(first: str, second: str, language: str = "en") -> float:
    """ROUGE-L F-measure of two texts, 0 to 1, to 12 digits; found without the index."""
    one, other = (
        tokenize(text, None) if language == "en" else tokens(text, language) for text in (first, second)
    )
    if not one and not other:
        return 0.0
    return float(np.round(Indel.normalized_similarity(one, other), 12))
