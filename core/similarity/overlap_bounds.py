"""Upper bounds on token overlap, from bit-sliced signatures.

Every indexed text has one bit in each column, and texts of similar length are grouped in blocks of 64, so one
64-bit word of a column covers a block. A query adds up the columns of its tokens, 64 texts per machine word,
with carry-save adders whose binary digits lie across words ("bit-slicing"). The sum is the token overlap of
each text with the query, or slightly more where tokens share a column: an upper bound, never less.
docs/similarity.md has the derivation.
"""

from bisect import bisect_right
from collections import defaultdict
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

_ALL = np.uint64(2**64 - 1)
_BITS = np.uint64(1) << np.arange(BLOCK, dtype=np.uint64)


class OverlapBounds:
    """A mutable bit matrix of shape (columns, texts) that bounds the token overlap with a query."""

    def __init__(self) -> None:
        self._bits: Words = np.zeros((COLUMNS, 0), dtype=np.uint64)
        self._classes: npt.NDArray[np.int16] = np.zeros(0, dtype=np.int16)
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
        return Sums(add_up(self._bits[columns, : self._blocks]), self._classes[: self._blocks])

    def _take(self, number: int, count: int) -> Sequence[int]:
        """Allocate rows for `count` texts of a length class."""
        free = self._free[number]
        if len(free) < count:
            blocks = -(-(count - len(free)) // BLOCK)
            first, self._blocks = self._blocks, self._blocks + blocks
            self._make_room(first)
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


@dataclass(frozen=True, slots=True)
class Sums:
    """One bit-sliced integer per row: bit r of word b of digit d belongs to row 64 b + r."""

    digits: Words
    """Shape (digits, blocks), least significant digit first."""
    classes: npt.NDArray[np.int16]
    """The length class of each block, an index into `FLOORS`."""

    def at_least(self, wanted: npt.NDArray[np.int64]) -> Rows:
        """The rows whose number reaches `wanted`, a positive minimum per length class."""
        places = np.arange(len(self.digits))[:, None]
        unset = ((wanted >> places & 1) - 1).view(np.uint64).take(self.classes, axis=1)
        possible = np.where(wanted >> len(self.digits) == 0, _ALL, np.uint64(0)).take(self.classes)
        # A carry comes out of number + ~wanted + 1 exactly where number >= wanted.
        carry = np.full_like(possible, _ALL)
        for digit, zero in zip(self.digits, unset, strict=True):
            either = digit | carry
            either &= zero
            carry &= digit
            carry |= either
        carry &= possible
        blocks = np.flatnonzero(carry)
        bits = np.flatnonzero(np.unpackbits(carry[blocks].view(np.uint8), bitorder="little"))
        return blocks[bits // BLOCK] * BLOCK + bits % BLOCK

    def of(self, rows: Rows) -> npt.NDArray[np.int64]:
        """The numbers of the given rows, as ordinary integers."""
        bits = self.digits[:, rows // BLOCK] >> (rows % BLOCK).view(np.uint64) & np.uint64(1)
        weights = 1 << np.arange(len(self.digits), dtype=np.int64)
        return weights @ bits.view(np.int64)


def add_up(bits: Words) -> Words:
    """Sum `bits`, of shape (terms, words), over the terms, separately for each of the 64 bits of a word.

    A tree of carry-save adders. Returns bit-sliced sums of shape (digits, words), least significant digit
    first.
    """
    digits = []
    while len(bits):
        carries = []
        while len(bits) > 1:
            third = len(bits) // 3
            if third:
                first, second, last = bits[:third], bits[third : 2 * third], bits[2 * third : 3 * third]
                both = first ^ second
                carries.append(first & second | both & last)
                bits = np.concatenate((both ^ last, bits[3 * third :]))
            else:
                carries.append(bits[:1] & bits[1:])
                bits = bits[:1] ^ bits[1:]
        digits.append(bits)
        bits = np.concatenate(carries) if carries else bits[:0]
    return np.concatenate(digits) if digits else bits


def _class_of(length: int) -> int:
    return bisect_right(_FLOORS, length) - 1
