"""Vectors by task, and the nearest of them by cosine. Exact, however many there are.

A quick pass of 32 or 16 bits finds all vectors that could be among the nearest, since it is known how far
off it can be. The cosine of those is then computed anew in a way that does not depend on order, threads or
machine, so that a verdict comes out the same whenever it is taken.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import numpy as np

from selfinstruct.core.errors import EndpointUnusableError

IN_MEMORY = 100_000
"""Up to so many vectors are held as float32 and searched with NumPy; more take faiss."""

Vector = np.ndarray[tuple[int], np.dtype[np.float32]]
Matrix = np.ndarray[tuple[int, int], np.dtype[np.float32]]
_Places = np.ndarray[tuple[int], np.dtype[np.int64]]

_DIGITS = 6
"""Cosines are rounded to so many: float32 holds hardly more."""
_ROUNDING = 2.0**-23
"""So much for each number: a sum of float32 products of two vectors of length 1 is never farther off."""
_FIRST_ROWS = 1024


class VectorsUnusableError(EndpointUnusableError):
    """There are more vectors than can be compared without the extra library."""


@dataclass(frozen=True, slots=True)
class Near:
    """A task and the cosine of its vector, -1 to 1, with the one asked about."""

    id: int
    cosine: float


def unit(numbers: Sequence[float] | Vector) -> Vector | None:
    """A vector of length 1 in the same direction, as float32; None when there is no such vector.

    There is none for zeros, for what is not finite, and for what is too large to be float32.
    """
    exact = np.asarray(numbers, dtype=np.float64)
    largest = float(np.abs(exact).max(initial=0.0))
    if not 0.0 < largest < math.inf:
        return None
    exact = exact / largest
    found = (exact / math.sqrt(math.fsum((exact * exact).tolist()))).astype("<f4")
    return cast(Vector, found)


def from_bytes(stored: bytes) -> Vector:
    """A vector from float32 bytes, the lowest byte first."""
    return np.frombuffer(stored, dtype="<f4")


def cosine(one: Vector, other: Vector) -> float:
    """The cosine of two vectors of length 1: the products are exact in float64, the sum is rounded once."""
    products = one.astype(np.float64) * other.astype(np.float64)
    return round(math.fsum(products.tolist()), _DIGITS)


class _Rows(Protocol):
    """Vectors in rows without a gap."""

    error: float
    """How far a score can be from the cosine."""

    def __len__(self) -> int: ...
    def append(self, vectors: Matrix) -> None: ...
    def remove(self, place: int) -> None: ...
    def at_least(self, vector: Vector, score: float) -> _Places: ...
    def kth_score(self, vector: Vector, k: int) -> float: ...


class _Float32Rows:
    """Rows of float32 in one matrix that grows by half; a row that goes is replaced by the last one."""

    def __init__(self, dimension: int) -> None:
        self.error = dimension * _ROUNDING
        self._matrix: Matrix = np.empty((_FIRST_ROWS, dimension), dtype=np.float32)
        self._count = 0
        self._asked: tuple[Vector, Vector] | None = None

    def __len__(self) -> int:
        return self._count

    @property
    def matrix(self) -> Matrix:
        """The rows that are taken."""
        return self._matrix[: self._count]

    def append(self, vectors: Matrix) -> None:
        wanted = self._count + len(vectors)
        if wanted > len(self._matrix):
            grown = np.empty((max(wanted, len(self._matrix) * 3 // 2), vectors.shape[1]), dtype=np.float32)
            grown[: self._count] = self.matrix
            self._matrix = grown
        self._matrix[self._count : wanted] = vectors
        self._count, self._asked = wanted, None

    def remove(self, place: int) -> None:
        self._count -= 1
        self._matrix[place] = self._matrix[self._count]
        self._asked = None

    def at_least(self, vector: Vector, score: float) -> _Places:
        return np.flatnonzero(self._scores(vector) >= score)

    def kth_score(self, vector: Vector, k: int) -> float:
        scores = self._scores(vector)
        return float(np.partition(scores, len(scores) - k)[len(scores) - k])

    def _scores(self, vector: Vector) -> Vector:
        # Both questions about one vector are asked one after the other.
        if self._asked is None or self._asked[0] is not vector:
            self._asked = (vector, self.matrix @ vector)
        return self._asked[1]


class _Float16Rows:
    """Rows of float16 in a flat index of faiss, which looks at all of them: half the memory, and as exact.

    How far a row is from its vector is measured when it is added.
    """

    def __init__(self, dimension: int) -> None:
        self._faiss = _import_faiss()
        kinds = self._faiss.ScalarQuantizer
        self._index = self._faiss.IndexScalarQuantizer(
            dimension, kinds.QT_fp16, self._faiss.METRIC_INNER_PRODUCT
        )
        self._rounding = dimension * _ROUNDING
        self.error = self._rounding

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def append(self, vectors: Matrix) -> None:
        self._index.add(vectors)
        kept = self._index.sa_decode(self._index.sa_encode(vectors))
        off = float(np.linalg.norm(kept - vectors, axis=1).max(initial=0.0))
        self.error = max(self.error, off + self._rounding)

    def remove(self, place: int) -> None:
        """Rows behind it move up by one."""
        self._index.remove_ids(self._faiss.IDSelectorRange(place, place + 1))

    def at_least(self, vector: Vector, score: float) -> _Places:
        _, _, places = self._index.range_search(vector[None], score)
        return np.asarray(places, dtype=np.int64)

    def kth_score(self, vector: Vector, k: int) -> float:
        scores, _ = self._index.search(vector[None], k)
        return float(scores[0, -1])


def _import_faiss() -> Any:
    try:
        import faiss  # noqa: PLC0415 - an extra, and heavy
    except ImportError:
        raise VectorsUnusableError(
            f"There are more than {IN_MEMORY:,} vectors, and comparing so many takes faiss: install it with"
            " pip install '.[vectors]', or go on without embeddings."
        ) from None
    return faiss


class VectorIndex:
    """Vectors of length 1 by task.

    Args:
        dimension: How many numbers a vector has.
        read: Reads the vectors of tasks, in their order, where only an image of them is held.
        in_memory: How many are held as they are.
    """

    def __init__(
        self,
        dimension: int,
        read: Callable[[Sequence[int]], Sequence[Vector]],
        *,
        in_memory: int = IN_MEMORY,
    ) -> None:
        self.dimension = dimension
        self._read = read
        self._in_memory = in_memory
        self._rows: _Rows = _Float32Rows(dimension)
        self._ids: list[int] = []
        self._place: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, task_id: int) -> bool:
        return task_id in self._place

    def add_many(self, task_ids: Sequence[int], vectors: Sequence[Vector]) -> None:
        """Add the vectors of tasks; those that are there already are replaced.

        Raises:
            VectorsUnusableError: so many take faiss, which is not installed; nothing is added then.
        """
        if not task_ids:
            return
        new = np.stack(vectors)
        if isinstance(self._rows, _Float32Rows) and len(self) + len(task_ids) > self._in_memory:
            halves = _Float16Rows(self.dimension)
            halves.append(self._rows.matrix)
            self._rows = halves
        for task_id in task_ids:
            self.discard(task_id)
        self._rows.append(new)
        for task_id in task_ids:
            self._place[task_id] = len(self._ids)
            self._ids.append(task_id)

    def discard(self, task_id: int) -> None:
        """Remove the vector of a task, if it is there."""
        place = self._place.pop(task_id, None)
        if place is None:
            return
        self._rows.remove(place)
        if isinstance(self._rows, _Float32Rows):
            last = self._ids.pop()
            if last != task_id:
                self._ids[place] = last
                self._place[last] = place
        else:
            del self._ids[place]
            self._place = {found: at for at, found in enumerate(self._ids)}

    def nearest(self, vector: Vector, k: int, *, but: int | None = None) -> list[Near]:
        """The `k` nearest tasks other than `but`, the best first, ties by id."""
        wanted = min(k + (but in self._place), len(self))
        if not wanted:
            return []
        # What could be among the best k by the exact cosine is not off by more than twice the error.
        least = self._rows.kth_score(vector, wanted) - 2 * self._rows.error
        return self._exact(vector, self._rows.at_least(vector, least), but)[:k]

    def above(self, vector: Vector, threshold: float, *, but: int | None = None) -> list[Near]:
        """All tasks other than `but` whose cosine is `threshold` or more, the best first."""
        if not self._ids:
            return []
        found = self._rows.at_least(vector, threshold - self._rows.error)
        return [near for near in self._exact(vector, found, but) if near.cosine >= threshold]

    def _exact(self, vector: Vector, places: Iterable[int], but: int | None) -> list[Near]:
        at = [int(place) for place in places if self._ids[place] != but]
        ids = [self._ids[place] for place in at]
        rows = self._rows
        vectors = [rows.matrix[place] for place in at] if isinstance(rows, _Float32Rows) else self._read(ids)
        found = [Near(task_id, cosine(vector, other)) for task_id, other in zip(ids, vectors, strict=True)]
        return sorted(found, key=lambda near: (-near.cosine, near.id))
