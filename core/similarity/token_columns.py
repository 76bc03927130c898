"""Assignment of tokens to the 512 bit columns of a signature."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from selfinstruct.core.language.tokens import Codes

Ints = npt.NDArray[np.int64]

_OWN = 448
"""Columns for the first occurrence of a token in a text."""
_AGAIN = 64
"""Columns for repeated occurrences, hashed: a second "the" can only match another second "the"."""
COLUMNS = _OWN + _AGAIN
NONE = COLUMNS
"""Stands for the column of a token that no indexed text contains."""


class TokenColumns:
    """Maps tokens to columns by load: frequent tokens get one almost to themselves, rare ones share."""

    def __init__(self) -> None:
        self._column_of: npt.NDArray[np.uint16] = np.zeros(0, dtype=np.uint16)
        self.load: Ints = np.zeros(COLUMNS, dtype=np.int64)
        """The number of token occurrences in each column, over all indexed texts."""

    def learn(self, codes: Codes) -> None:
        """Assign the least loaded column to each new token, most frequent tokens first."""
        self._know(codes)
        words, counts = np.unique(codes[self._column_of[codes] == NONE], return_counts=True)
        load = self.load[:_OWN].copy()
        for place in np.argsort(-counts, kind="stable"):
            column = load.argmin()
            load[column] += counts[place]
            self._column_of[words[place]] = column

    def of_text(self, codes: Sequence[int]) -> list[int]:
        """The columns of one text's tokens, one per occurrence; unseen tokens are left out."""
        turns: dict[int, int] = {}
        found = []
        known = [code for code in codes if code < len(self._column_of)]
        for code, column in zip(known, self._column_of.take(known).tolist(), strict=True):
            if column != NONE:
                turn = turns.get(code, 0)
                turns[code] = turn + 1
                found.append(_column_again(code, turn) if turn else column)
        return found

    def of_texts(self, codes: Codes, lengths: Ints) -> tuple[Ints, Ints, Ints]:
        """The columns of a batch of texts, `NONE` for unseen tokens.

        Returns, for each token occurrence, the position of its text, its column, and a 16-bit hash that tells
        it from most other tokens of that column. Occurrences of one text are contiguous.
        """
        self._know(codes)
        texts, words, turns = _turns(np.repeat(np.arange(len(lengths)), lengths), codes)
        columns = self._column_of[words].astype(np.int64)
        again = (turns > 0) & (columns != NONE)
        columns[again] = _column_again(words[again], turns[again])
        return texts, columns, (words * 0x9E3779B1 + turns * 0x85EBCA6B >> 12) & 0xFFFF

    def _know(self, codes: Codes) -> None:
        known, top = len(self._column_of), int(codes.max(initial=0)) + 1
        if top > known:
            self._column_of = np.append(self._column_of, np.full(top + top // 4 - known, NONE, np.uint16))


_Number = TypeVar("_Number", int, Ints)


def _column_again(code: _Number, turn: _Number) -> _Number:
    return _OWN + (code * 31 + turn * 17) % _AGAIN


def _turns(texts: Ints, codes: Codes) -> tuple[Ints, Ints, Ints]:
    """Text, token and repeat count of each occurrence (0 for the first one), sorted by text."""
    size = int(codes.max(initial=0)) + 1
    keys = np.sort(texts * size + codes)
    places = np.arange(len(keys))
    first = np.where(np.diff(keys, prepend=-1) != 0, places, 0)
    return keys // size, keys % size, places - np.maximum.accumulate(first)
