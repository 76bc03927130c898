"""How near what was accepted is to the seeds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.core.engine import Engine
from selfinstruct.core.stats.seed_distance import SeedScores, _Seeds, score_bins
from selfinstruct.core.util.time_slices import at_once
from tests.conftest import OpenEngine
from tests.similarity import rouge_l

pytestmark = pytest.mark.long


@pytest.fixture
def engine(engine_on: OpenEngine) -> Engine:
    return engine_on()


def accept(engine: Engine, *instructions: str) -> list[int]:
    ids = [engine.workspace.tasks.add(text, origin="model", at="now", held=True) for text in instructions]
    engine.assessor.catch_up()
    for task_id in ids:
        reasons = engine.assessor.assess(engine.workspace.tasks.get(task_id).instruction).reasons
        engine.decisions.accept(task_id, despite=reasons)
    return ids


def histogram(scores: SeedScores) -> list[int]:
    at_once(scores.catch_up())
    return scores.histogram()


def bin_of(engine: Engine, instruction: str) -> int:
    best = max(rouge_l(instruction, seed.instruction) for seed in engine.workspace.tasks.seeds())
    return min(9, int(best * 10 + 1e-9))


RAIN = "Describe the smell of rain on warm stone."
COLD = "Describe the smell of rain on cold stone."


def test_a_task_is_compared_with_the_seeds_and_not_with_its_like(engine: Engine) -> None:
    scores = SeedScores(engine.workspace, "en")
    assert histogram(scores) == [0] * 10
    accept(engine, RAIN, COLD)
    expected = [0] * 10
    expected[bin_of(engine, RAIN)] += 1
    expected[bin_of(engine, COLD)] += 1
    assert histogram(scores) == expected
    assert expected[8] == expected[9] == 0, "they are 0.88 like each other"


def test_a_seed_accepted_again_is_in_the_last_tenth(engine: Engine) -> None:
    accept(engine, engine.workspace.tasks.seeds()[5].instruction)
    assert histogram(SeedScores(engine.workspace, "en")) == [0] * 9 + [1]


def test_decisions_since_the_last_time_are_taken_in(engine: Engine) -> None:
    scores = SeedScores(engine.workspace, "en")
    (task_id,) = accept(engine, RAIN)
    assert sum(histogram(scores)) == 1
    engine.decisions.undo()
    assert sum(histogram(scores)) == 0
    copy = engine.workspace.tasks.seeds()[0].instruction
    engine.decisions.edit(task_id, copy)
    assert sum(histogram(scores)) == 0
    engine.decisions.accept(task_id, despite=engine.assessor.assess(copy).reasons)
    assert histogram(scores) == [0] * 9 + [1]


def test_work_left_halfway_is_gone_on_with(engine: Engine) -> None:
    accept(engine, *(f"Name {number} rivers of the land number {number}." for number in range(60)))
    scores = SeedScores(engine.workspace, "en")
    half = scores.catch_up()
    for done in half:
        if done > 0.9:
            break
    assert 0 < sum(scores.histogram()) < 60
    assert sum(histogram(scores)) == 60


@pytest.mark.parametrize("tenth", range(10))
def test_a_score_on_the_border_of_two_tenths_belongs_to_the_higher(tenth: int) -> None:
    counts = score_bins(np.array([tenth / 10, np.nan]), 10)
    assert counts[tenth] == sum(counts) == 1
    assert score_bins(np.array([1.0]), 10) == [0] * 9 + [1]


def test_a_task_without_tokens_is_near_to_no_seed(engine: Engine) -> None:
    accept(engine, "魚の名前を四つ挙げてください")
    assert histogram(SeedScores(engine.workspace, "en")) == [1] + [0] * 9


WORDS = st.lists(st.sampled_from(["name", "a", "Fish", "of", "the", "sea", "猫", "42"]), max_size=8).map(
    " ".join
)


@given(st.lists(WORDS, max_size=5), st.lists(WORDS, min_size=1, max_size=5))
def test_the_scores_are_those_of_a_comparison_with_every_seed(seeds: list[str], asked: list[str]) -> None:
    expected = [max((rouge_l(text, seed) for seed in seeds), default=0.0) for text in asked]
    assert _Seeds(seeds, "en").nearest(asked).tolist() == expected
