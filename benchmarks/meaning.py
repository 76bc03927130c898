"""How long it takes to find the nearest by meaning, and how much memory the vectors take.

    python -m benchmarks.meaning [--vectors 100000] [--dimension 1024]

The vectors are random; those asked about are near one of them. More than 100,000 take
`pip install '.[vectors]'`.
"""

import argparse
import resource
import statistics
import time
from collections.abc import Callable, Sequence

import numpy as np

from selfinstruct.core.similarity.vector_index import Vector, VectorIndex, unit

_QUESTIONS = 50
_AT_ONCE = 1024
_NOISE = 0.3
"""Against numbers of about 1: such a neighbour has a cosine of some 0.96."""


def made(task_ids: Sequence[int], dimension: int, noise: float = 0.0) -> list[Vector]:
    """The vectors of tasks, always the same; they stand for those that a workspace keeps."""
    vectors = []
    for task_id in task_ids:
        rng = np.random.default_rng(task_id)
        numbers = rng.standard_normal(dimension, dtype=np.float32)
        vector = unit(numbers + noise * rng.standard_normal(dimension, dtype=np.float32))
        assert vector is not None
        vectors.append(vector)
    return vectors


def milliseconds(ask: Callable[[Vector], object], questions: Sequence[Vector]) -> str:
    """How long a question takes."""
    taken = []
    for vector in questions:
        begun = time.perf_counter()
        ask(vector)
        taken.append((time.perf_counter() - begun) * 1000)
    return f"median {statistics.median(taken):7.1f} ms   mean {statistics.fmean(taken):7.1f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--vectors", type=int, default=100_000)
    parser.add_argument("--dimension", type=int, default=1024)
    wanted = parser.parse_args()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    index = VectorIndex(wanted.dimension, lambda task_ids: made(task_ids, wanted.dimension))
    for start in range(1, wanted.vectors + 1, _AT_ONCE):
        task_ids = range(start, min(start + _AT_ONCE, wanted.vectors + 1))
        index.add_many(task_ids, made(task_ids, wanted.dimension))
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"{len(index):,} vectors of {wanted.dimension:,} numbers: {more:,.0f} MB at the most")
    near = [number * 7919 % wanted.vectors + 1 for number in range(_QUESTIONS)]
    questions = made(near, wanted.dimension, _NOISE)
    assert [index.nearest(vector, 1)[0].id for vector in questions] == near
    print("the nearest        ", milliseconds(lambda vector: index.nearest(vector, 1), questions))
    print("the ten nearest    ", milliseconds(lambda vector: index.nearest(vector, 10), questions))
    print("all at 0.9 or more ", milliseconds(lambda vector: index.above(vector, 0.9), questions))


if __name__ == "__main__":
    main()
