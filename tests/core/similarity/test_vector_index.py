"""The nearest vectors: always exact, whatever order they came in and however they are held."""

import math
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfinstruct.core.similarity.vector_index import (
    Near,
    Vector,
    VectorIndex,
    VectorsUnusableError,
    cosine,
    unit,
)


def random_unit(rng: np.random.Generator, dimension: int) -> Vector:
    vector = unit(rng.standard_normal(dimension).astype(np.float32))
    assert vector is not None
    return vector


def brute_force(kept: dict[int, Vector], asked: Vector) -> list[Near]:
    found = [Near(task_id, cosine(asked, vector)) for task_id, vector in kept.items()]
    return sorted(found, key=lambda near: (-near.cosine, near.id))


@pytest.mark.parametrize("in_memory", [1000, 20], ids=["float32", "faiss"])
@given(seed=st.integers(0, 2**32 - 1), k=st.integers(1, 12))
@settings(max_examples=40, deadline=None)
def test_the_nearest_are_those_of_brute_force_after_any_changes(seed: int, k: int, in_memory: int) -> None:
    if in_memory < 1000:
        pytest.importorskip("faiss")
    rng = np.random.default_rng(seed)
    kept: dict[int, Vector] = {}
    index = VectorIndex(16, lambda ids: [kept[task_id] for task_id in ids], in_memory=in_memory)
    # Some come twice, so that there are ties.
    pool = [random_unit(rng, 16) for _ in range(12)]
    for _ in range(60):
        task_id = int(rng.integers(1, 50))
        if rng.random() < 0.25:
            kept.pop(task_id, None)
            index.discard(task_id)
        else:
            kept[task_id] = pool[rng.integers(12)] if rng.random() < 0.5 else random_unit(rng, 16)
            index.add_many([task_id], [kept[task_id]])
    asked = pool[0]
    expected = brute_force(kept, asked)
    assert len(index) == len(kept)
    assert index.nearest(asked, k) == expected[:k]
    assert index.above(asked, 0.3) == [near for near in expected if near.cosine >= 0.3]
    without = next(iter(kept), None)
    assert index.nearest(asked, k, but=without) == [n for n in expected if n.id != without][:k]


def test_a_cosine_does_not_depend_on_the_order_of_the_rows() -> None:
    rng = np.random.default_rng(5)
    rows = {task_id: random_unit(rng, 384) for task_id in range(200)}
    asked = random_unit(rng, 384)
    answers = []
    for order in (sorted(rows), sorted(rows, reverse=True)):
        index = VectorIndex(384, lambda ids: [rows[task_id] for task_id in ids])
        index.add_many(order, [rows[task_id] for task_id in order])
        answers.append(index.nearest(asked, 20))
    assert answers[0] == answers[1]


@pytest.mark.parametrize("numbers", [[], [0.0, 0.0], [1.0, math.nan], [math.inf, 1.0]])
def test_what_has_no_direction_is_no_vector(numbers: list[float]) -> None:
    assert unit(numbers) is None


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
def test_length_does_not_matter(scale: float) -> None:
    vector = unit([3 * scale, 4 * scale])
    assert vector is not None
    assert vector.tolist() == pytest.approx([0.6, 0.8])


def test_more_than_fit_in_memory_ask_for_the_extra_when_it_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    rng = np.random.default_rng(1)
    index = VectorIndex(8, lambda ids: [], in_memory=3)
    index.add_many([1, 2, 3], [random_unit(rng, 8) for _ in range(3)])
    with pytest.raises(VectorsUnusableError, match=r"from a clone: pip install '\.\[vectors\]'"):
        index.add_many([4], [random_unit(rng, 8)])
    assert len(index) == 3
