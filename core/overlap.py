"""How many tokens a text shares, at most, with each of a great many others: one bit for each.

Texts of about the same length stand in blocks of 64. A column has one bit a text, so a block is one
64-bit word of it. The common tokens have a column of their own each; the rarer ones share the other
columns. A text asked about adds up the columns of its tokens, 64 texts at once, in binary digits that
lie across the words ("bit-sliced"): the sum is the shared tokens of each text, or a few more where
tokens share a column, and never fewer. docs/similarity.md tells the whole story.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from selfinstruct.core.tokens import Codes

Rows = npt.NDArray[np.int64]
"""Places of texts in the columns: 64 times the block, plus the bit."""
Words = npt.NDArray[np.uint64]

BLOCK = 64
_OWN = 448
"""Columns for tokens that a text has for the first time."""
_AGAIN = 64
"""Columns for tokens that it has had before: the second "the" is shared only with another second one."""
_COLUMNS = _OWN + _AGAIN
_NONE = _COLUMNS
"""The column of a token that no text has had."""

_EXACT = 64
FLOORS = np.array([*range(_EXACT), *(int(_EXACT * 2 ** (step / 8)) for step in range(200))], dtype=np.int64)
"""The shortest length of each class, in tokens. A block holds texts of one class."""
_FLOORS: list[int] = FLOORS.tolist()

_ALL = np.uint64(2**64 - 1)
_BITS = np.uint64(1) << np.arange(BLOCK, dtype=np.uint64)


class Overlap:
    """Columns of bits for texts that come and go; each text has a row while it is there."""

    def __init__(self) -> None:
        self._bits: Words = np.zeros((_COLUMNS, 0), dtype=np.uint64)
        self._classes: npt.NDArray[np.int16] = np.zeros(0, dtype=np.int16)
        self._blocks = 0
        self._free: dict[int, list[int]] = defaultdict(list)
        self._column_of: npt.NDArray[np.uint16] = np.zeros(0, dtype=np.uint16)
        self._load = np.zeros(_COLUMNS, dtype=np.int64)

    @property
    def rows(self) -> int:
        """How many rows there are, taken or free."""
        return self._blocks * BLOCK

    def add(self, codes: Codes) -> int:
        """Enter a text, given as the numbers of its tokens; returns its row."""
        row = self._take(_class_of(len(codes)), 1)[0]
        self._learn(codes)
        columns = self.columns(codes.tolist())
        self._bits[columns, row // BLOCK] |= _BITS[row % BLOCK]
        self._load[columns] += 1
        return row

    def add_many(self, codes: Codes, lengths: npt.NDArray[np.int64]) -> Rows:
        """Enter texts, one's numbers after the other's; returns their rows."""
        rows = np.empty(len(lengths), dtype=np.int64)
        classes = np.searchsorted(FLOORS, lengths, side="right") - 1
        for number in np.unique(classes).tolist():
            members = np.flatnonzero(classes == number)
            rows[members] = self._take(number, len(members))
        self._learn(codes)
        texts, words, turns = _turns(np.repeat(np.arange(len(rows)), lengths), codes)
        columns = np.where(turns == 0, self._column_of[words], _column_again(words, turns))
        places = rows[texts]
        flat = columns * self._bits.shape[1] + places // BLOCK
        np.bitwise_or.at(self._bits.reshape(-1), flat, _BITS[places % BLOCK])
        self._load += np.bincount(columns, minlength=_COLUMNS)
        return rows

    def remove(self, row: int, length: int) -> None:
        """Clear the row of a text with that many tokens, for another of about its length."""
        self._bits[:, row // BLOCK] &= ~_BITS[row % BLOCK]
        self._free[_class_of(length)].append(row)

    def columns(self, codes: Sequence[int]) -> list[int]:
        """The columns of a text's tokens, one each; tokens that no text has had are left out."""
        turns: Counter[int] = Counter()
        found = []
        known = len(self._column_of)
        for code in codes:
            column = int(self._column_of[code]) if code < known else _NONE
            if column != _NONE:
                turn = turns[code]
                turns[code] = turn + 1
                found.append(_column_again(code, turn) if turn else column)
        return found

    def sums(self, columns: Sequence[int]) -> "Sums":
        """For each row, how many of these columns have its bit set."""
        return Sums(add_up(self._bits[columns, : self._blocks]), self._classes[: self._blocks])

    def _take(self, number: int, count: int) -> Sequence[int]:
        """Rows for `count` texts of a class."""
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
            bits = np.zeros((_COLUMNS, room), dtype=np.uint64)
            bits[:, :used] = self._bits[:, :used]
            self._bits, self._classes = bits, np.resize(self._classes, room)

    def _learn(self, codes: Codes) -> None:
        """Give each new token the emptiest column; the commonest choose first."""
        known, top = len(self._column_of), int(codes.max(initial=0)) + 1
        if top > known:
            self._column_of = np.append(self._column_of, np.full(top + top // 4 - known, _NONE, np.uint16))
        words, counts = np.unique(codes[self._column_of[codes] == _NONE], return_counts=True)
        load = self._load[:_OWN].copy()
        for place in np.argsort(-counts, kind="stable"):
            column = load.argmin()
            load[column] += counts[place]
            self._column_of[words[place]] = column


@dataclass(frozen=True, slots=True)
class Sums:
    """A number for each row, in binary digits: bit r of word b of digit d belongs to row 64 b + r."""

    digits: Words
    """Shape (digits, blocks); the digit of 1 first."""
    classes: npt.NDArray[np.int16]
    """The class of each block's texts, which numbers `FLOORS`."""

    def at_least(self, wanted: npt.NDArray[np.int64]) -> Rows:
        """The rows whose number is at least what is wanted, above 0, of their class."""
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
        """The numbers of these rows."""
        bits = self.digits[:, rows // BLOCK] >> (rows % BLOCK).view(np.uint64) & np.uint64(1)
        weights = 1 << np.arange(len(self.digits), dtype=np.int64)
        return weights @ bits.view(np.int64)


def add_up(bits: Words) -> Words:
    """Add 0s and 1s down the columns of `bits`, of shape (terms, words), at each of the 64 bits of a word.

    Returns the sums in binary digits, of shape (digits, words), the digit of 1 first.
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


_Number = TypeVar("_Number", int, Rows)


def _column_again(code: _Number, turn: _Number) -> _Number:
    return _OWN + (code * 31 + turn * 17) % _AGAIN


def _turns(texts: Rows, codes: Codes) -> tuple[Rows, Rows, Rows]:
    """Text, token and turn of each token: how many times the text has had it before. In some order."""
    size = int(codes.max(initial=0)) + 1
    keys = np.sort(texts * size + codes)
    places = np.arange(len(keys))
    first = np.where(np.diff(keys, prepend=-1) != 0, places, 0)
    return keys // size, keys % size, places - np.maximum.accumulate(first)
