"""The near-duplicate filters: ROUGE-L (paper, section 2.2), and cosine similarity of embeddings."""

import operator

from selfinstruct.core.filtering.candidate import Candidate, Closest
from selfinstruct.core.filtering.filter_kinds import RuleFilter, ThresholdFilter
from selfinstruct.core.filtering.setting_kinds import Threshold

ROUGE_L = Threshold(
    name="rouge_l",
    label="ROUGE-L below",
    description="ROUGE-L (F-measure) with every task of the pool must be below this.",
    default=0.7,
)
COSINE = Threshold(
    name="cosine",
    label="cosine below",
    description="With embeddings: cosine with every task of the pool must be below this.",
    default=0.9,
)


def rouge_l(candidate: Candidate) -> float | None:
    """ROUGE-L F-measure with the nearest task of the pool."""
    return None if candidate.nearest is None else candidate.nearest.score


def cosine(candidate: Candidate) -> float | None:
    """Cosine similarity with the nearest task of the pool by embeddings."""
    return None if candidate.nearest_by_meaning is None else candidate.nearest_by_meaning.score


def _said(what: str, closest: Closest | None, limit: float) -> str:
    assert closest is not None  # it has a score
    return f"{what} {closest.score:.2f} with {closest.named()}; it must be below {limit:g}."


def _refused(candidate: Candidate) -> str | None:
    if candidate.refusal is None:
        return None
    return f"The embedding model refused it; see request {candidate.refusal} for the reason."


TOO_SIMILAR = ThresholdFilter(
    "too_similar",
    measure=rouge_l,
    refuses=operator.ge,
    said=lambda candidate, _, limit: _said("ROUGE-L", candidate.nearest, limit),
    setting=ROUGE_L,
)
SAME_MEANING = ThresholdFilter(
    "same_meaning",
    measure=cosine,
    refuses=operator.ge,
    said=lambda candidate, _, limit: _said("Cosine", candidate.nearest_by_meaning, limit),
    setting=COSINE,
    needs_vectors=True,
)
NO_VECTOR = RuleFilter("no_vector", _refused, needs_vectors=True)
