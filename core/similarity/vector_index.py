"""Exact nearest neighbours among embedding vectors, by cosine.

A fast pass in float32 or float16, whose error is bounded, finds every vector that could be in the result. The
cosine of those is recomputed in a way that does not depend on order, threads or machine, so that a verdict is
reproducible.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Protocol, cast

import numpy as np

from selfinstruct.core.errors import EndpointUnusableError
from selfinstruct.core.setting_names import setting

IN_MEMORY = 100_000
"""Vectors held as float32 and searched with NumPy; beyond this faiss is required."""

Vector = np.ndarray[tuple[int], np.dtype[np.float32]]
Matrix = np.ndarray[tuple[int, int], np.dtype[np.float32]]
_Places = np.ndarray[tuple[int], np.dtype[np.int64]]

_DIGITS = 6
"""Decimal digits that cosines are rounded to; float32 holds little more."""
_ROUNDING = 2.0**-23
"""Error bound per dimension of a float32 dot product of two unit vectors."""
_BLOCK = 16384
"""Rows per block; growing the index copies no existing row."""
_MORE = 64
"""Surplus results requested from faiss in its first search."""


class VectorsUnusableError(EndpointUnusableError):
    """More vectors than can be compared without the optional faiss."""


@dataclass(frozen=True, slots=True)
class Near:
    """A task and the cosine of its vector with the query, from -1 to 1."""

    id: int
    cosine: float


def unit(numbers: Sequence[float] | Vector) -> Vector | None:
    """Normalize to unit length, as float32; None for zero, non-finite or overflowing input."""
    exact = np.asarray(numbers, dtype=np.float64)
    largest = float(np.abs(exact).max(initial=0.0))
    if not 0.0 < largest < math.inf:
        return None
    exact = exact / largest
    found = (exact / math.sqrt(math.fsum((exact * exact).tolist()))).astype("<f4")
    return cast(Vector, found)


def from_bytes(stored: bytes) -> Vector:
    """Decode little-endian float32 bytes."""
    return np.frombuffer(stored, dtype="<f4")


def cosine(one: Vector, other: Vector) -> float:
    """Cosine of two unit vectors: products are exact in float64, and the sum is rounded once (`fsum`)."""
    products = one.astype(np.float64) * other.astype(np.float64)
    return round(math.fsum(products.tolist()), _DIGITS)


class _Rows(Protocol):
    """Dense rows of vectors, with approximate scores whose error is bounded."""

    def __len__(self) -> int: ...
    def append(self, vectors: Matrix) -> None: ...
    def remove(self, place: int) -> None: ...
    def best(self, vector: Vector, k: int) -> _Places: ...
    def at_least(self, vector: Vector, cosine: float) -> _Places: ...


class _Float32Rows:
    """Float32 rows in blocks; removal moves the last row into the gap."""

    def __init__(self, dimension: int) -> None:
        self._error = dimension * _ROUNDING
        self._dimension = dimension
        self._blocks: list[Matrix] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def row(self, place: int) -> Vector:
        """A view of one row, valid until the next removal."""
        return cast(Vector, self._blocks[place // _BLOCK][place % _BLOCK])

    def blocks(self) -> Iterator[Matrix]:
        """The occupied rows, in order."""
        for number, block in enumerate(self._blocks):
            yield block[: self._count - number * _BLOCK]

    def append(self, vectors: Matrix) -> None:
        for vector in vectors:
            if self._count == len(self._blocks) * _BLOCK:
                self._blocks.append(np.empty((_BLOCK, self._dimension), dtype=np.float32))
            self._blocks[-1][self._count % _BLOCK] = vector
            self._count += 1

    def remove(self, place: int) -> None:
        self._count -= 1
        self._blocks[place // _BLOCK][place % _BLOCK] = self.row(self._count)
        if self._count == (len(self._blocks) - 1) * _BLOCK:
            self._blocks.pop()

    def best(self, vector: Vector, k: int) -> _Places:
        scores = self._scores(vector)
        kth = np.partition(scores, len(scores) - k)[len(scores) - k]
        return np.flatnonzero(scores >= kth - 2 * self._error)

    def at_least(self, vector: Vector, cosine: float) -> _Places:
        return np.flatnonzero(self._scores(vector) >= cosine - self._error)

    def _scores(self, vector: Vector) -> Vector:
        # vecdot stays on this thread; a matrix product starts BLAS threads that stall on a busy machine.
        return cast(Vector, np.concatenate([np.vecdot(block, vector) for block in self.blocks()]))


class _Float16Rows:
    """Float16 rows in a flat faiss index: exhaustive search with half the memory.

    The quantization error of each row is measured when it is added, and widens the error bound.
    """

    def __init__(self, dimension: int) -> None:
        self._faiss = _import_faiss()
        kinds = self._faiss.ScalarQuantizer
        self._index = self._faiss.IndexScalarQuantizer(
            dimension, kinds.QT_fp16, self._faiss.METRIC_INNER_PRODUCT
        )
        self._rounding = self._error = dimension * _ROUNDING

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def append(self, vectors: Matrix) -> None:
        self._index.add(vectors)
        kept = self._index.sa_decode(self._index.sa_encode(vectors))
        off = float(np.linalg.norm(kept - vectors, axis=1).max(initial=0.0))
        self._error = max(self._error, off + self._rounding)

    def remove(self, place: int) -> None:
        """Remove a row; the rows after it move up by one."""
        self._index.remove_ids(self._faiss.IDSelectorRange(place, place + 1))

    def best(self, vector: Vector, k: int) -> _Places:
        return self._down_to(vector, k + _MORE, kth=k)

    def at_least(self, vector: Vector, cosine: float) -> _Places:
        return self._down_to(vector, _MORE, cosine=cosine)

    def _down_to(self, vector: Vector, first: int, *, kth: int = 0, cosine: float = 0.0) -> _Places:
        """Rows down to the `kth` best score, or else down to a cosine, widened by the error bound."""
        # Growing top-k searches, until the tail falls below the bound: faiss' range search is far slower.
        count = min(first, len(self))
        while True:
            scores, places = self._index.search(vector[None], count)
            least = scores[0][kth - 1] - 2 * self._error if kth else cosine - self._error
            wanted = scores[0] >= least
            if count == len(self) or not wanted[-1]:
                return np.asarray(places[0][wanted], dtype=np.int64)
            count = min(8 * count, len(self))


def require_room(count: int, in_memory: int) -> None:
    """Check that `count` vectors can be compared; up to `in_memory` need no faiss.

    Raises:
        VectorsUnusableError: faiss is needed and not installed.
    """
    if count > in_memory and find_spec("faiss") is None:
        raise VectorsUnusableError(
            f"There are more than {in_memory:,} tasks, and comparing so many by meaning requires faiss."
            " Install it from a clone: pip install '.[vectors]'; or continue without embeddings:"
            f' {setting("embeddings")} "".'
        )


def _import_faiss() -> Any:
    import faiss  # noqa: PLC0415 - an extra, and heavy

    return faiss


class VectorIndex:
    """Mutable nearest-neighbour index over unit vectors, by task.

    Args:
        dimension: Length of a vector.
        read: Reads the exact vectors of tasks, in order, once only float16 copies are held.
        in_memory: Vectors held as float32 before faiss takes over.
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
        """Add the vectors of tasks, replacing any that they have.

        Raises:
            VectorsUnusableError: faiss is needed and not installed; nothing is added.
        """
        if not task_ids:
            return
        new = np.stack(vectors)
        if isinstance(self._rows, _Float32Rows) and len(self) + len(task_ids) > self._in_memory:
            require_room(len(self) + len(task_ids), self._in_memory)
            halves = _Float16Rows(self.dimension)
            for block in self._rows.blocks():
                halves.append(block)
            self._rows = halves
        for task_id in task_ids:
            self.discard(task_id)
        self._rows.append(new)
        for task_id in task_ids:
            self._place[task_id] = len(self._ids)
            self._ids.append(task_id)

    def discard(self, task_id: int) -> None:
        """Remove the vector of a task, if it has one."""
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
        """The top `k` tasks other than `but`, best first, ties broken by id."""
        wanted = min(k + (but in self._place), len(self))
        if not wanted:
            return []
        return self._exact(vector, self._rows.best(vector, wanted), but)[:k]

    def above(self, vector: Vector, threshold: float, *, but: int | None = None) -> list[Near]:
        """All tasks other than `but` whose cosine is at least `threshold`, best first."""
        if not self._ids:
            return []
        found = self._rows.at_least(vector, threshold)
        return [near for near in self._exact(vector, found, but) if near.cosine >= threshold]

    def _exact(self, vector: Vector, places: Iterable[int], but: int | None) -> list[Near]:
        at = [int(place) for place in places if self._ids[place] != but]
        ids = [self._ids[place] for place in at]
        rows = self._rows
        vectors = [rows.row(place) for place in at] if isinstance(rows, _Float32Rows) else self._read(ids)
        found = [Near(task_id, cosine(vector, other)) for task_id, other in zip(ids, vectors, strict=True)]
        return sorted(found, key=lambda near: (-near.cosine, near.id))
