"""The score that a check compares with is rouge_score's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score import rouge_scorer

from selfinstruct.core.similarity.reference_score import rouge_l
from tests.similarity import rouge_l as scored_by_the_index

ROUGE = rouge_scorer.RougeScorer(["rougeL"])
WORDS = st.lists(
    st.sampled_from(["name", "a", "fish,", "Fish!", "name's", "of", "3", "naïve", "цвет"]), max_size=25
)


@given(WORDS.map(" ".join), WORDS.map(" ".join))
def test_it_is_what_rouge_scorer_gives_and_what_the_index_gives(first: str, second: str) -> None:
    score = rouge_l(first, second)
    assert score == ROUGE.score(first, second)["rougeL"].fmeasure
    assert score == pytest.approx(scored_by_the_index(first, second), abs=1e-8)
