"""All texts that score a threshold or more with any of many texts at once.

`RougeIndex` answers one question quickly. Here thousands are asked together, with a threshold that is known
beforehand, so that a good deal less is done for each. Texts of about the same length stand on a shelf, and
only the shelves whose lengths leave a chance are looked at. Of the columns (`TokenColumns`) of a question, as
many as are needed are added up, the rarest first: who shares 9 of 12 tokens shares at least 4 of any 7 of
them. What is left is counted in full, and the LCS decides. docs/similarity.md has more.
"""

from collections.abc import Iterator, Sequence

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
"""The longest texts of a shelf are about so many times as long as its shortest."""
_LONGEST = 1 << 40
_ROOMY = 32
"""A column has a part for about so many tokens of a text ..."""
_MOST_PARTS = 64
"""... but no more than these."""
_CERTAIN = 9
"""So many shared tokens are asked for in the first, short sum, if the texts are long enough."""
_WORDS = 1 << 14
"""So many words of 64 texts are added up at once, so that they stay in the processor's cache."""
_LONG = 128
"""Texts of so many tokens have bits in so many columns that other texts seem to share them."""
_PAIRS = 1 << 17
"""So many pairs are scored at once."""
_LITTLE = 1e-9
"""Bounds are lower by this, for what rounding takes away."""
_ALL = np.uint64(2**64 - 1)


def _floors() -> list[int]:
    floors = [1]
    while floors[-1] < _LONGEST:
        floors.append(max(floors[-1] + 1, int(floors[-1] * _STEP)))
    return floors


_FLOORS = _floors()
"""The shortest length on each shelf, in tokens."""


class ThresholdJoin:
    """Texts by id. Texts without tokens score 0 with every other and take no room."""

    def __init__(self) -> None:
        self._columns = TokenColumns()
        self._store = TokenStore()
        self._shelves: dict[int, _Shelf] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, ids: Ints, texts: EncodedTexts) -> None:
        """Add texts; nothing is checked."""
        self._columns.learn(texts.codes)
        numbers = np.arange(self._count, self._count + len(texts))
        self._count += len(texts)
        self._store.put(numbers, ids, texts.codes, texts.lengths)
        owners, columns, parts = self._columns.of_texts(texts.codes, texts.lengths)
        self._columns.load += np.bincount(columns, minlength=COLUMNS)
        for shelf, members in _by_shelf(texts.lengths):
            mine = np.zeros(len(texts), dtype=np.bool)
            mine[members] = True
            tokens = mine[owners]
            within = np.cumsum(mine)[owners[tokens]] - 1
            if shelf not in self._shelves:
                self._shelves[shelf] = _Shelf(_FLOORS[shelf])
            self._shelves[shelf].add(numbers[members], within, columns[tokens], parts[tokens])

    def above(self, asked: EncodedTexts, threshold: float, before: Ints | None = None) -> Pairs:
        """All pairs of a text asked about and a text that is here that score `threshold`, above 0, or more.

        With `before`, an id for each text asked about, only lower ids count.
        """
        scorer = _Scorer(self._store, asked, threshold, before)
        tokens = _Rarest(self._columns, asked)
        for length in np.unique(asked.lengths[asked.lengths > 0]).tolist():
            places = np.flatnonzero(asked.lengths == length)
            columns, parts = tokens.of(places, length)
            shortest = int(np.ceil((threshold - _LITTLE) * length / (2 - threshold)))
            longest = length * (2 - threshold) / (threshold - _LITTLE)
            for number, shelf in self._shelves.items():
                floor, ceiling = max(_FLOORS[number], shortest), _FLOORS[number + 1] - 1
                if floor <= min(ceiling, longest):
                    needed = int(np.ceil((threshold - _LITTLE) * (length + floor) / 2))
                    for found, texts in shelf.sharing(columns, parts, needed):
                        scorer.add(places[found], texts)
        return scorer.pairs()


class _Shelf:
    """Texts of about the same length: one bit each in 512 columns, or in more where they are long.

    Each column is split into as many parts as keep most bits of a text unset.
    """

    def __init__(self, floor: int) -> None:
        self._split = min(_MOST_PARTS, max(1, floor // _ROOMY))
        # The last column, for `NONE`, stays empty.
        self._bits: Words = np.zeros((COLUMNS * self._split + 1, 0), dtype=np.uint64)
        self._numbers: npt.NDArray[np.int32] = np.zeros(0, dtype=np.int32)
        self._count = 0

    def add(self, numbers: Ints, texts: Ints, columns: Ints, parts: Ints) -> None:
        """Add texts by their numbers; for each token, which of them has it, its column and part."""
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
        """The columns of this shelf."""
        found: Ints = np.minimum(columns * self._split + parts % self._split, COLUMNS * self._split)
        return found

    def sharing(self, columns: Ints, parts: Ints, needed: int) -> Iterator[tuple[Ints, Ints]]:
        """The texts that may share as many tokens as needed with a text asked about.

        Args:
            columns: Those of each text asked about, the rarest first. Shape (texts, tokens).
            parts: Those of its tokens within the columns.
            needed: How many tokens, at least 1.

        Yields:
            Places among those asked about, and numbers of texts.
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
            hopeful = np.flatnonzero(_at_least(sums, few - spare))
            if few < length and len(hopeful):
                full = self._bits[some[hopeful // blocks].T, hopeful % blocks]
                words = _at_least(add_up(full), needed)
            else:
                words = _at_least(sums, few - spare)[hopeful]
            which, bits = _set_bits(words)
            hopeful = hopeful[which]
            yield start + hopeful // blocks, self._numbers[hopeful % blocks * BLOCK + bits].astype(np.int64)


class _Rarest:
    """The tokens of texts asked about, by column and part, those of the rarest columns first."""

    def __init__(self, columns: TokenColumns, asked: EncodedTexts) -> None:
        owners, found, parts = columns.of_texts(asked.codes, asked.lengths)
        load = np.append(columns.load, -1)
        assert len(load) == NONE + 1
        order = np.lexsort((load[found], owners))
        self._columns, self._parts = found[order], parts[order]
        self._starts = np.cumsum(asked.lengths) - asked.lengths

    def of(self, places: Ints, length: int) -> tuple[Ints, Ints]:
        """Those of the texts at these places, all with that many tokens. Shapes (texts, tokens)."""
        tokens = self._starts[places][:, None] + np.arange(length)
        return self._columns[tokens], self._parts[tokens]


class _Scorer:
    """Scores pairs, many at a time, and keeps those that score enough."""

    def __init__(self, store: TokenStore, asked: EncodedTexts, threshold: float, before: Ints | None) -> None:
        self._store = store
        self._threshold = threshold
        self._before = before
        self._lengths = asked.lengths
        self._own = np.unique(asked.codes)
        self._asked_marks = self._marks(asked.codes)
        self._ends = np.cumsum(asked.lengths)
        self._asked = _sequences(self._asked_marks, asked.lengths)
        self._waiting: list[tuple[Ints, Ints]] = []
        self._waiting_for = 0
        self._found: list[tuple[Ints, Ints, Floats]] = []

    def add(self, asked: Ints, texts: Ints) -> None:
        """Take in pairs."""
        if self._before is not None:
            earlier = self._store.ids[texts] < self._before[asked]
            asked, texts = asked[earlier], texts[earlier]
        for start in range(0, len(asked), _PAIRS):
            self._waiting.append((asked[start : start + _PAIRS], texts[start : start + _PAIRS]))
            self._waiting_for += len(self._waiting[-1][0])
            if self._waiting_for >= _PAIRS:
                self._score()

    def pairs(self) -> Pairs:
        """Those that score enough."""
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
        """Which pairs share enough tokens; counted for long texts, of which the columns say little."""
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
        """The tokens of a text asked about, by their marks."""
        end = self._ends[place]
        return self._asked_marks[end - self._lengths[place] : end]

    def _marks(self, codes: Codes) -> npt.NDArray[np.uint32]:
        """A number from 1 for each token that a text asked about has, 0 for others."""
        places = np.searchsorted(self._own, codes)
        places[places == len(self._own)] = 0
        known = self._own[places] == codes if len(self._own) else np.zeros(len(codes), dtype=np.bool)
        return np.where(known, places + 1, 0).astype(np.uint32)


def _sequences(marks: npt.NDArray[np.uint32], lengths: Ints) -> Sequence[str | list[int]]:
    """Texts as what RapidFuzz compares."""
    ends = np.cumsum(lengths).tolist()
    spans = zip([0, *ends], ends, strict=False)
    if int(marks.max(initial=0)) > 0x10FFFF:  # no character has such a number
        return [marks[start:end].tolist() for start, end in spans]
    text = marks.tobytes().decode("utf-32-le", "surrogatepass")
    return [text[start:end] for start, end in spans]


def _by_shelf(lengths: Ints) -> Iterator[tuple[int, Ints]]:
    """Shelves and the texts that belong there."""
    shelves = np.searchsorted(_FLOORS, lengths, side="right") - 1
    for shelf in np.unique(shelves[lengths > 0]).tolist():
        yield shelf, np.flatnonzero(shelves == shelf)


def _at_least(sums: Words, number: int) -> Words:
    """The bits at which a sum, in binary digits as `add_up` gives it, is at least `number`, above 0."""
    if number >> len(sums):
        return np.zeros(sums.shape[1], dtype=np.uint64)
    # A carry comes out of sum + ~number + 1 exactly where sum >= number.
    carry = np.full(sums.shape[1], _ALL)
    for place, digit in enumerate(sums):
        carry = carry & digit if number >> place & 1 else carry | digit
    return carry


def _set_bits(words: Words) -> tuple[Ints, Ints]:
    """Word and place of each bit that is set."""
    bits = np.flatnonzero(np.unpackbits(words.view(np.uint8), bitorder="little").view(np.bool))
    return bits // BLOCK, bits % BLOCK
