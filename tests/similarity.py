"""ROUGE-L of two texts, for tests."""

import numpy as np
from rapidfuzz.distance import Indel
from rouge_score.tokenize import tokenize


def rouge_l(first: str, second: str) -> float:
    """ROUGE-L F-measure of two texts, 0 to 1, to 12 digits; found without the index."""
    one, other = tokenize(first, None), tokenize(second, None)
    if not one and not other:
        return 0.0
    return float(np.round(Indel.normalized_similarity(one, other), 12))
