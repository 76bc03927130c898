"""Near-duplicates of the pool, by ROUGE-L (paper, section 2.2) and by the cosine of embeddings."""

import operator

from selfinstruct.core.filtering.candidate import Candidate, Closest
from selfinstruct.core.filtering.filter_kinds import RuleFilter, ThresholdFilter
from selfinstruct.core.filtering.setting_kinds import Threshold

ROUGE_L = Threshold(
    name="rouge_l",
    label="ROUGE-L below",
    description="ROUGE-L (F-measure) with every task of the pool must be less than this.",
    default=0.7,
)
COSINE = Threshold(
    name="cosine",
    label="cosine below",
    description="With embeddings: the cosine with every task of the pool must be less than this.",
    default=0.9,
)


def rouge_l(candidate: Candidate) -> float | None:
    """ROUGE-L with the nearest task of the pool."""
    return None if candidate.nearest is None else candidate.nearest.score


def cosine(candidate: Candidate) -> float | None:
    """Cosine with the task of the pool that is nearest by meaning."""
    return None if candidate.nearest_by_meaning is None else candidate.nearest_by_meaning.score


def _said(what: str, closest: Closest | None, limit: float) -> str:
    assert closest is not None  # it has a score
    return f"{what} {closest.score:.2f} with {closest.named()}; less than {limit:g} is wanted."


def _refused(candidate: Candidate) -> str | None:
    if candidate.refusal is None:
        return None
    return f"The model for embeddings makes no vector of it; request {candidate.refusal} says why."


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
