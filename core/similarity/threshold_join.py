"""Similarity join: all pairs of a batch of queries and indexed texts that reach a ROUGE-L threshold.

`RougeIndex` answers one query at a time. A join knows its threshold beforehand and takes thousands of queries
together, so it prunes harder. A length filter limits a query to the length buckets where the threshold is
reachable. A prefix filter sums only its rarest columns (`TokenColumns`): a text that shares 9 of 12 tokens
shares at least 4 of any 7. Survivors are counted in full, and the LCS decides. See docs/similarity.md.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
from rapidfuzz import process
from rapidfuzz.distance import LCSseq

from selfinstruct.core.language.tokens import Codes
from selfinstruct.core.similarity.encoded_texts import EncodedTexts, Pairs
from selfinstruct.core.similarity.overlap_bounds import BLOCK, Words, add_up
from selfinstruct.core.similarity.scoring import Floats, f_measure
from selfinstruct.core.similarity.token_columns import COLUMNS, NONE, TokenColumns
from selfinstruct.core.similarity.token_store import Ints, TokenStore

_STEP = 1.15
"""Ratio of the longest to the shortest text of a length bucket."""
_LONGEST = 1 << 40
"""Tokens; beyond any text."""
_ROOMY = 32
"""Columns are split into one part per this many tokens of a text ..."""
_MOST_PARTS = 64
"""... up to this many parts."""
_CERTAIN = 9
"""Shared tokens that the prefix filter asks for, where texts are long enough."""
_WORDS = 1 << 14
"""64-bit words summed at once, so that a batch stays in the processor's cache."""
_LONG = 128
"""Tokens; signatures of longer texts are too dense to prune, so their overlap is counted exactly."""
_PAIRS = 1 << 17
"""Pairs scored in one batch."""
_LITTLE = 1e-9
"""Slack subtracted from bounds, to absorb rounding."""
_ALL = np.uint64(2**64 - 1)


def _floors() -> list[int]:
    floors = [1]
    while floors[-1] < _LONGEST:
        floors.append(max(floors[-1] + 1, int(floors[-1] * _STEP)))
    return floors


_FLOORS = _floors()
"""The minimum length of each bucket, in tokens."""


class ThresholdJoin:
    """Texts by id, bucketed by length. Texts without tokens score 0 with every other and take no room."""

    def __init__(self) -> None:
        self._columns = TokenColumns()
        self._store = TokenStore()
        self._buckets: dict[int, _Bucket] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, ids: Ints, texts: EncodedTexts) -> None:
        """Add a batch of texts, unchecked."""
        self._columns.learn(texts.codes)
        numbers = np.arange(self._count, self._count + len(texts))
        self._count += len(texts)
        self._store.put(numbers, ids, texts.codes, texts.lengths)
        owners, columns, parts = self._columns.of_texts(texts.codes, texts.lengths)
        self._columns.load += np.bincount(columns, minlength=COLUMNS)
        for bucket, members in _by_bucket(texts.lengths):
            mine = np.zeros(len(texts), dtype=np.bool)
            mine[members] = True
            tokens = mine[owners]
            within = np.cumsum(mine)[owners[tokens]] - 1
            if bucket not in self._buckets:
                self._buckets[bucket] = _Bucket(_FLOORS[bucket])
            self._buckets[bucket].add(numbers[members], within, columns[tokens], parts[tokens])

    def above(
        self,
        asked: EncodedTexts,
        threshold: float,
        before: Ints | None = None,
        skip: Callable[[Ints, Ints], npt.NDArray[np.bool]] | None = None,
    ) -> Pairs:
        """All pairs of a query and an indexed text that score at least `threshold`, which is positive.

        With `before`, one id per query, only texts with a lower id match. With `skip`, neither do the pairs
        that it marks, given the positions of the queries and the ids of the texts.
        """
        scorer = _Scorer(self._store, asked, threshold, before, skip)
        tokens = _Rarest(self._columns, asked)
        for length in np.unique(asked.lengths[asked.lengths > 0]).tolist():
            places = np.flatnonzero(asked.lengths == length)
            columns, parts = tokens.of(places, length)
            shortest = int(np.ceil((threshold - _LITTLE) * length / (2 - threshold)))
            longest = length * (2 - threshold) / (threshold - _LITTLE)
            for number, bucket in self._buckets.items():
                floor, ceiling = max(_FLOORS[number], shortest), _FLOORS[number + 1] - 1
                if floor <= min(ceiling, longest):
                    needed = int(np.ceil((threshold - _LITTLE) * (length + floor) / 2))
                    for found, texts in bucket.sharing(columns, parts, needed):
                        scorer.add(places[found], texts)
        return scorer.pairs()


class _Bucket:
    """A length bucket: a bit matrix with one bit per text and column.

    For long texts each column is split into parts by a hash of the token, so that signatures stay sparse.
    """

    def __init__(self, floor: int) -> None:
        self._split = min(_MOST_PARTS, max(1, floor // _ROOMY))
        # The last column, for `NONE`, stays empty.
        self._bits: Words = np.zeros((COLUMNS * self._split + 1, 0), dtype=np.uint64)
        self._numbers: npt.NDArray[np.int32] = np.zeros(0, dtype=np.int32)
        self._count = 0

    def add(self, numbers: Ints, texts: Ints, columns: Ints, parts: Ints) -> None:
        """Add texts by number, with the text, column and part of each token occurrence."""
        first, self._count = self._count, self._count + len(numbers)
        room = self._bits.shape[1]
        if self._count > room * BLOCK:
            more = np.zeros((len(self._bits), -(-self._count // BLOCK) + room // 4), dtype=np.uint64)
            more[:, :room] = self._bits
            self._bits = more
            self._numbers = np.append(self._numbers, np.zeros((more.shape[1] - room) * BLOCK, dtype=np.int32))
        self._numbers[first : self._count] = numbers
        places = first + texts
        flat = self._of(columns, parts) * self._bits.shape[1] + places // BLOCK
        bits = np.uint64(1) << (places % BLOCK).view(np.uint64)
        np.bitwise_or.at(self._bits.reshape(-1), flat, bits)

    def _of(self, columns: Ints, parts: Ints) -> Ints:
        """Positions among the split columns of this bucket."""
        found: Ints = np.minimum(columns * self._split + parts % self._split, COLUMNS * self._split)
        return found

    def sharing(self, columns: Ints, parts: Ints, needed: int) -> Iterator[tuple[Ints, Ints]]:
        """Texts whose overlap with a query may reach `needed` tokens: a superset, by the prefix filter.

        Args:
            columns: The columns of each query, rarest first. Shape (queries, tokens).
            parts: The parts of those columns. Same shape.
            needed: The minimum overlap in tokens, at least 1.

        Yields:
            Parallel arrays of query positions and text numbers.
        """
        length = columns.shape[1]
        spare = length - needed
        if spare < 0:
            return
        few = min(length, spare + _CERTAIN)
        blocks = -(-self._count // BLOCK)
        asked = self._of(columns, parts)
        at_once = max(1, _WORDS // blocks)
        for start in range(0, len(asked), at_once):
            some = asked[start : start + at_once]
            sums = add_up(self._bits[some[:, :few].T, :blocks].reshape(few, -1))
            survivors = np.flatnonzero(_at_least(sums, few - spare))
            if few < length and len(survivors):
                full = self._bits[some[survivors // blocks].T, survivors % blocks]
                words = _at_least(add_up(full), needed)
            else:
                words = _at_least(sums, few - spare)[survivors]
            which, bits = _set_bits(words)
            survivors = survivors[which]
            yield (
                start + survivors // blocks,
                self._numbers[survivors % blocks * BLOCK + bits].astype(np.int64),
            )


class _Rarest:
    """The tokens of a batch of queries as columns and parts, sorted by rarity of the column."""

    def __init__(self, columns: TokenColumns, asked: EncodedTexts) -> None:
        owners, found, parts = columns.of_texts(asked.codes, asked.lengths)
        load = np.append(columns.load, -1)
        assert len(load) == NONE + 1
        order = np.lexsort((load[found], owners))
        self._columns, self._parts = found[order], parts[order]
        self._starts = np.cumsum(asked.lengths) - asked.lengths

    def of(self, places: Ints, length: int) -> tuple[Ints, Ints]:
        """Columns and parts of queries that all have `length` tokens. Shapes (queries, tokens)."""
        tokens = self._starts[places][:, None] + np.arange(length)
        return self._columns[tokens], self._parts[tokens]


class _Scorer:
    """Scores candidate pairs in batches and keeps those that reach the threshold."""

    def __init__(
        self,
        store: TokenStore,
        asked: EncodedTexts,
        threshold: float,
        before: Ints | None,
        skip: Callable[[Ints, Ints], npt.NDArray[np.bool]] | None,
    ) -> None:
        self._store = store
        self._threshold = threshold
        self._before = before
        self._skip = skip
        self._lengths = asked.lengths
        self._own = np.unique(asked.codes)
        self._asked_marks = self._marks(asked.codes)
        self._ends = np.cumsum(asked.lengths)
        self._asked = _sequences(self._asked_marks, asked.lengths)
        self._waiting: list[tuple[Ints, Ints]] = []
        self._waiting_for = 0
        self._found: list[tuple[Ints, Ints, Floats]] = []

    def add(self, asked: Ints, texts: Ints) -> None:
        """Queue candidate pairs."""
        if self._before is not None:
            earlier = self._store.ids[texts] < self._before[asked]
            asked, texts = asked[earlier], texts[earlier]
        if self._skip is not None:
            wanted = ~self._skip(asked, self._store.ids[texts])
            asked, texts = asked[wanted], texts[wanted]
        for start in range(0, len(asked), _PAIRS):
            self._waiting.append((asked[start : start + _PAIRS], texts[start : start + _PAIRS]))
            self._waiting_for += len(self._waiting[-1][0])
            if self._waiting_for >= _PAIRS:
                self._score()

    def pairs(self) -> Pairs:
        """The pairs that reach the threshold."""
        self._score()
        nothing = (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0))
        asked, ids, scores = zip(nothing, *self._found, strict=True)
        return Pairs(np.concatenate(asked), np.concatenate(ids), np.concatenate(scores))

    def _score(self) -> None:
        if not self._waiting:
            return
        asked, texts = (np.concatenate(part) for part in zip(*self._waiting, strict=True))
        self._waiting, self._waiting_for = [], 0
        numbers, which = np.unique(texts, return_inverse=True)
        codes, lengths = self._store.get(numbers)
        marks = self._marks(codes)
        enough = self._enough(asked, which, marks, lengths)
        asked, texts, which = asked[enough], texts[enough], which[enough]
        others = _sequences(marks, lengths)
        shared = process.cpdist(
            [self._asked[place] for place in asked.tolist()],
            [others[place] for place in which.tolist()],
            scorer=LCSseq.similarity,
            dtype=np.int64,
        )
        scores = f_measure(shared, self._lengths[asked] + lengths[which])
        good = scores >= self._threshold
        self._found.append((asked[good], self._store.ids[texts[good]], scores[good]))

    def _enough(
        self, asked: Ints, which: Ints, marks: npt.NDArray[np.uint32], lengths: Ints
    ) -> npt.NDArray[np.bool]:
        """A mask of pairs whose exact token overlap suffices; counted for long queries only."""
        enough = np.ones(len(asked), dtype=np.bool)
        long = np.flatnonzero(self._lengths[asked] >= _LONG)
        if not len(long):
            return enough
        ends = np.cumsum(lengths)
        mine = np.zeros(len(self._own) + 1, dtype=np.int64)
        bags: dict[int, tuple[Ints, Ints]] = {}
        long = long[np.argsort(asked[long], kind="stable")]
        places, starts = np.unique(asked[long], return_index=True)
        for place, pairs in zip(places.tolist(), np.split(long, starts[1:]), strict=True):
            words, counts = np.unique(self._marks_of(place), return_counts=True)
            mine[words] = counts
            for pair in pairs.tolist():
                text = int(which[pair])
                if text not in bags:
                    bag = marks[ends[text] - lengths[text] : ends[text]]
                    bags[text] = np.unique(bag[bag > 0], return_counts=True)
                shared = np.minimum(mine[bags[text][0]], bags[text][1]).sum()
                size = self._lengths[place] + lengths[text]
                enough[pair] = 2 * shared >= (self._threshold - _LITTLE) * size
            mine[words] = 0
        return enough

    def _marks_of(self, place: int) -> npt.NDArray[np.uint32]:
        """The tokens of a query, in the alphabet of `_marks`."""
        end = self._ends[place]
        return self._asked_marks[end - self._lengths[place] : end]

    def _marks(self, codes: Codes) -> npt.NDArray[np.uint32]:
        """Tokens in the alphabet of the query batch: 1 and up for a query's tokens, 0 for others."""
        places = np.searchsorted(self._own, codes)
        places[places == len(self._own)] = 0
        known = self._own[places] == codes if len(self._own) else np.zeros(len(codes), dtype=np.bool)
        return np.where(known, places + 1, 0).astype(np.uint32)


def _sequences(marks: npt.NDArray[np.uint32], lengths: Ints) -> Sequence[str | list[int]]:
    """The representation that RapidFuzz compares: strings, or lists of integers for a huge alphabet."""
    ends = np.cumsum(lengths).tolist()
    spans = zip([0, *ends], ends, strict=False)
    if int(marks.max(initial=0)) > 0x10FFFF:  # no character has such a number
        return [marks[start:end].tolist() for start, end in spans]
    text = marks.tobytes().decode("utf-32-le", "surrogatepass")
    return [text[start:end] for start, end in spans]


def _by_bucket(lengths: Ints) -> Iterator[tuple[int, Ints]]:
    """Bucket numbers, each with the positions of its texts."""
    buckets = np.searchsorted(_FLOORS, lengths, side="right") - 1
    for bucket in np.unique(buckets[lengths > 0]).tolist():
        yield bucket, np.flatnonzero(buckets == bucket)


def _at_least(sums: Words, number: int) -> Words:
    """A bit mask of the bit-sliced sums that are at least `number`, which is positive."""
    if number >> len(sums):
        return np.zeros(sums.shape[1], dtype=np.uint64)
    # A carry comes out of sum + ~number + 1 exactly where sum >= number.
    carry = np.full(sums.shape[1], _ALL)
    for place, digit in enumerate(sums):
        carry = carry & digit if number >> place & 1 else carry | digit
    return carry


def _set_bits(words: Words) -> tuple[Ints, Ints]:
    """Word index and bit index of each set bit."""
    bits = np.flatnonzero(np.unpackbits(words.view(np.uint8), bitorder="little").view(np.bool))
    return bits // BLOCK, bits % BLOCK
