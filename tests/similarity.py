"""ROUGE-L of two texts, for tests."""

from selfinstruct.core.similarity import RougeIndex


def rouge_l(first: str, second: str) -> float:
    """ROUGE-L F-measure of two texts, 0 to 1, as the index gives it."""
    index = RougeIndex()
    index.add(1, second)
    return index.nearest(first, 1)[0].score
