"""ROUGE-L as the package rouge_score defines it, for checking the scores of the index against."""

from collections.abc import Sequence


def rouge_l(first: str, second: str) -> float:
    """ROUGE-L F-measure of two English texts, 0 to 1: rouge_score's tokens and its F-measure.

    The longest common subsequence between them is found in the plain table, O(m n): `rouge_scorer`, where the
    package has its own, imports nltk. What the tests compare with is `rouge_scorer`.
    """
    from rouge_score.scoring import fmeasure  # noqa: PLC0415 - only a check scores this way
    from rouge_score.tokenize import tokenize  # noqa: PLC0415 - as above

    ours, theirs = tokenize(first, None), tokenize(second, None)
    if not ours or not theirs:
        return 0.0
    shared = _longest_common_subsequence(ours, theirs)
    return float(fmeasure(shared / len(theirs), shared / len(ours)))


def _longest_common_subsequence(first: Sequence[str], second: Sequence[str]) -> int:
    before = [0] * (len(second) + 1)
    for token in first:
        row = [0]
        for column, other in enumerate(second):
            row.append(before[column] + 1 if token == other else max(row[-1], before[column + 1]))
        before = row
    return before[-1]
