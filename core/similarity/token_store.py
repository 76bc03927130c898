"""Storage of tokenized texts in a few flat arrays."""

import numpy as np
import numpy.typing as npt

from selfinstruct.core.language.tokens import Codes

Ints = npt.NDArray[np.int64]
_FREE = -1
_TWO_BYTES = 1 << 16
_SPARE = 4096


class TokenStore:
    """Ids and tokens by row.

    Takes 2 bytes a token (4 once the vocabulary exceeds 65,536) and about 20 bytes a row. Space of removed
    texts is reclaimed by compaction once more than half of it is garbage.
    """

    def __init__(self) -> None:
        self.ids = np.zeros(0, dtype=np.int64)
        """The id of each row's text; undefined for a free row."""
        self.lengths = np.zeros(0, dtype=np.int64)
        """The token count of each row; -1 marks a free row."""
        self._starts = np.zeros(0, dtype=np.int64)
        self._tokens: Codes = np.zeros(0, dtype=np.uint16)
        self._used = 0
        self._wasted = 0

    def put(self, rows: Ints, ids: Ints, codes: Codes, lengths: Ints) -> None:
        """Store texts in free rows; `codes` holds their tokens concatenated."""
        self._make_room(int(rows.max(initial=-1)) + 1, self._used + len(codes), int(codes.max(initial=0)))
        self._starts[rows] = self._used + np.cumsum(lengths) - lengths
        self.ids[rows] = ids
        self.lengths[rows] = lengths
        self._tokens[self._used : self._used + len(codes)] = codes
        self._used += len(codes)

    def get(self, rows: Ints) -> tuple[Codes, Ints]:
        """The tokens of the given rows, concatenated, and the token count of each."""
        lengths = self.lengths[rows]
        ends = lengths.cumsum()
        places = (self._starts[rows] - ends + lengths).repeat(lengths)
        places += np.arange(len(places))
        return self._tokens.take(places), lengths

    def drop(self, row: int) -> None:
        """Free a row."""
        self._wasted += int(self.lengths[row])
        self.lengths[row] = _FREE
        if self._wasted > self._used // 2 + _SPARE:
            rows = self.taken()
            codes, lengths = self.get(rows)
            self._used = self._wasted = 0
            self.put(rows, self.ids[rows], codes, lengths)

    def taken(self) -> Ints:
        """The occupied rows."""
        return np.flatnonzero(self.lengths != _FREE)

    def _make_room(self, rows: int, tokens: int, highest: int) -> None:
        if rows > len(self.lengths):
            more = rows + rows // 4 - len(self.lengths)
            self.ids = np.append(self.ids, np.zeros(more, dtype=np.int64))
            self._starts = np.append(self._starts, np.zeros(more, dtype=np.int64))
            self.lengths = np.append(self.lengths, np.full(more, _FREE, dtype=np.int64))
        if tokens > len(self._tokens):
            grown = np.zeros(tokens + tokens // 4, dtype=self._tokens.dtype)
            grown[: self._used] = self._tokens[: self._used]
            self._tokens = grown
        if highest >= _TWO_BYTES:
            self._tokens = self._tokens.astype(np.uint32, copy=False)
