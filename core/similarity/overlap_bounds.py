"""Upper bounds on token overlap, from bit-sliced signatures.

Every indexed text has one bit in each column, and texts of similar length are grouped in blocks of 64, so one
64-bit word of a column covers a block. A query adds up the columns of its tokens, 64 texts per machine word,
with carry-save adders whose binary digits lie across words ("bit-slicing"). The sum is the token overlap of
each text with the query, or slightly more where tokens share a column: an upper bound, never less. A column
that several tokens of the query share counts only once where the text cannot have several tokens in it.
docs/similarity.md has the derivation.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from selfinstruct.core.language.tokens import Codes
from selfinstruct.core.similarity.token_columns import COLUMNS, TokenColumns

Rows = npt.NDArray[np.int64]
"""Row numbers: 64 * block + bit."""
Words = npt.NDArray[np.uint64]

BLOCK = 64

_EXACT = 64
FLOORS = np.array([*range(_EXACT), *(int(_EXACT * 2 ** (step / 8)) for step in range(200))], dtype=np.int64)
"""The minimum length of each length class, in tokens. A block holds texts of one class only."""
_FLOORS: list[int] = FLOORS.tolist()

_BITS = np.uint64(1) << np.arange(BLOCK, dtype=np.uint64)


class OverlapBounds:
    """A mutable bit matrix of shape (columns, texts) that bounds the token overlap with a query."""

    def __init__(self) -> None:
        self._bits: Words = np.zeros((COLUMNS, 0), dtype=np.uint64)
        self._classes: npt.NDArray[np.intp] = np.zeros(0, dtype=np.intp)
        self._highest = 0
        self._filled: npt.NDArray[np.int16] = np.zeros(0, dtype=np.int16)
        self._blocks = 0
        self._free: dict[int, list[int]] = defaultdict(list)
        self._columns = TokenColumns()

    @property
    def rows(self) -> int:
        """The number of rows, occupied or free."""
        return self._blocks * BLOCK

    def add(self, codes: Codes) -> int:
        """Add a text, given as token ids, and return its row."""
        row = self._take(_class_of(len(codes)), 1)[0]
        self._columns.learn(codes)
        columns = self.columns(codes.tolist())
        self._bits[columns, row // BLOCK] |= _BITS[row % BLOCK]
        self._columns.load[columns] += 1
        self._filled[row] = len(set(columns))
        return row

    def add_many(self, codes: Codes, lengths: npt.NDArray[np.int64]) -> Rows:
        """Add a batch of texts, given as concatenated token ids, and return their rows."""
        rows = np.empty(len(lengths), dtype=np.int64)
        classes = np.searchsorted(FLOORS, lengths, side="right") - 1
        for number in np.unique(classes).tolist():
            members = np.flatnonzero(classes == number)
            rows[members] = self._take(number, len(members))
        self._columns.learn(codes)
        texts, columns, _ = self._columns.of_texts(codes, lengths)
        places = rows[texts]
        flat = columns * self._bits.shape[1] + places // BLOCK
        np.bitwise_or.at(self._bits.reshape(-1), flat, _BITS[places % BLOCK])
        self._columns.load += np.bincount(columns, minlength=COLUMNS)
        blocks, at = np.unique(rows // BLOCK, return_inverse=True)
        self._filled[rows] = _numbers(add_up(self._bits[:, blocks]), at * BLOCK + rows % BLOCK)
        return rows

    def remove(self, row: int, length: int) -> None:
        """Clear the row of a text of `length` tokens; another text of its length class will reuse it."""
        self._bits[:, row // BLOCK] &= ~_BITS[row % BLOCK]
        self._free[_class_of(length)].append(row)

    def columns(self, codes: Sequence[int]) -> list[int]:
        """The columns of a text's tokens, one per occurrence; unseen tokens are left out."""
        return self._columns.of_text(codes)

    def sums(self, columns: Sequence[int]) -> "Sums":
        """For each row, the number of given columns in which its bit is set."""
        once = set(columns)
        again = list((Counter(columns) - Counter(once)).elements()) if len(once) < len(columns) else []
        return Sums(
            add_up(self._bits[columns, : self._blocks]),
            add_up(self._bits[again, : self._blocks]),
            self._classes[: self._blocks],
            FLOORS[: self._highest + 1],
            self._filled,
        )

    def _take(self, number: int, count: int) -> Sequence[int]:
        """Allocate rows for `count` texts of a length class."""
        free = self._free[number]
        if len(free) < count:
            blocks = -(-(count - len(free)) // BLOCK)
            first, self._blocks = self._blocks, self._blocks + blocks
            self._make_room(first)
            self._highest = max(self._highest, number)
            self._classes[first : self._blocks] = number
            free[:0] = range(self.rows - 1, first * BLOCK - 1, -1)
        taken = free[-count:]
        del free[-count:]
        return taken

    def _make_room(self, used: int) -> None:
        if self._blocks > len(self._classes):
            room = self._blocks + self._blocks // 4
            bits = np.zeros((COLUMNS, room), dtype=np.uint64)
            bits[:, :used] = self._bits[:, :used]
            self._bits, self._classes = bits, np.resize(self._classes, room)
            self._filled = np.resize(self._filled, room * BLOCK)


@dataclass(frozen=True, slots=True)
class Sums:
    """One bit-sliced integer per row: bit r of word b of digit d belongs to row 64 b + r."""

    digits: Words
    """Shape (digits, blocks), least significant digit first."""
    again: Words
    """The part of the sum that comes from columns given before. Same shape, but for the number of digits."""
    classes: npt.NDArray[np.intp]
    """The length class of each block."""
    floors: Rows
    """The minimum length of each class."""
    filled: npt.NDArray[np.int16]
    """The number of columns that each row has set."""

    def at_least(self, wanted: npt.NDArray[np.int64]) -> Words:
        """Mark the rows whose number reaches `wanted`, a positive minimum per length class.

        A minimum beyond what the digits can hold counts as the most that they can, so that a few rows may be
        marked that fall short. Returns one bit per row, shape (blocks,).
        """
        if not len(self.digits):
            return np.zeros(len(self.classes), dtype=np.uint64)
        places = np.arange(len(self.digits))[:, None]
        least = np.minimum(wanted, (1 << len(self.digits)) - 1)
        unset = ((least >> places & 1) - 1).view(np.uint64).take(self.classes, axis=1)
        # A carry comes out of number + ~least + 1 exactly where number >= least.
        carry: Words = self.digits[0] | unset[0]
        for digit, zero in zip(self.digits[1:], unset[1:], strict=True):
            either = digit | carry
            either &= zero
            carry &= digit
            carry |= either
        return carry

    def bounds(self, rows: Rows, lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The most tokens that texts of these rows and lengths can share with the query."""
        found = _numbers(self.digits, rows)
        most = np.minimum(found, lengths)
        if len(self.again):
            # So many of the text's tokens lie in a column that another of its tokens has set.
            spare = lengths - self.filled[rows]
            most = np.minimum(most, found - _numbers(self.again, rows) + spare)
        return most


def _numbers(digits: Words, rows: Rows) -> npt.NDArray[np.int64]:
    """Some bit-sliced numbers as ordinary integers."""
    bits = digits.take(rows // BLOCK, axis=1)
    bits >>= (rows % BLOCK).view(np.uint64)
    bits &= np.uint64(1)
    weights = 1 << np.arange(len(digits), dtype=np.int64)
    return weights @ bits.view(np.int64)


def rows_of(marks: Words) -> Rows:
    """The rows that are marked, ascending; one bit per row."""
    blocks = marks.nonzero()[0]
    bits = np.unpackbits(marks[blocks].view(np.uint8), bitorder="little").view(np.bool).nonzero()[0]
    found: Rows = (blocks * BLOCK).take(bits // BLOCK)
    found += bits % BLOCK
    return found


def add_up(bits: Words) -> Words:
    """Sum `bits`, of shape (terms, words), over the terms, separately for each of the 64 bits of a word.

    A tree of carry-save adders, which works in the memory of `bits` and leaves it undefined. Returns
    bit-sliced sums of shape (digits, words), least significant digit first.
    """
    digits = []
    while len(bits):
        carries = []
        while len(bits) > 1:
            third = len(bits) // 3
            if third:
                first, second, last = bits[:third], bits[third : 2 * third], bits[2 * third : 3 * third]
                both = first ^ second
                first &= second
                np.bitwise_and(both, last, out=second)
                first |= second
                last ^= both
                carries.append(first)
                bits = bits[2 * third :]
            else:
                carries.append(bits[:1] & bits[1:])
                bits = bits[:1] ^ bits[1:]
        digits.append(bits)
        bits = np.concatenate(carries) if carries else bits[:0]
    return np.concatenate(digits) if digits else bits


def _class_of(length: int) -> int:
    return bisect_right(_FLOORS, length) - 1
