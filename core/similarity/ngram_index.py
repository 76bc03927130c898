"""An index of the token n-grams of some texts, which finds those that other texts share with them."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from selfinstruct.core.language.tokens import Codes
from selfinstruct.core.similarity.encoded_texts import EncodedTexts
from selfinstruct.core.similarity.token_store import Ints

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xBF58476D1CE4E5B9)


class Shared(NamedTuple):
    """A run of tokens that a text shares with an indexed one."""

    text: int
    """Position of the text among those that were looked up."""
    indexed: int
    """Position of the indexed text."""
    codes: Codes
    """The tokens: n or more."""


class NgramIndex:
    """The n-grams of a batch of texts, by a 64-bit hash; every match is compared token by token.

    Takes 28 bytes for each token of the texts. Texts of fewer than `n` tokens have no n-gram.
    """

    def __init__(self, texts: EncodedTexts, n: int) -> None:
        self._n = n
        self._codes = texts.codes
        self._ends: Ints = np.cumsum(texts.lengths)
        hashes, starts = _ngrams(texts, n)
        self._hashes, first = np.unique(hashes, return_index=True)
        self._starts = starts[first]

    def first_shared(self, texts: EncodedTexts) -> Iterator[Shared]:
        """Yield the first n-gram that each text shares with an indexed one, as far as the two go on alike.

        Of several indexed texts with that n-gram it is the first. Texts that share none are left out.
        """
        hashes, starts = _ngrams(texts, self._n)
        if not len(self._hashes) or not len(hashes):
            return
        places = np.minimum(np.searchsorted(self._hashes, hashes), len(self._hashes) - 1)
        found = self._hashes[places] == hashes
        starts, places = starts[found], places[found]
        ends = np.cumsum(texts.lengths)
        owners = np.searchsorted(ends, starts, side="right")
        last = -1
        for owner, start, other in zip(
            owners.tolist(), starts.tolist(), self._starts[places].tolist(), strict=True
        ):
            if owner == last:
                continue
            indexed = int(np.searchsorted(self._ends, other, side="right"))
            most = min(int(ends[owner]) - start, int(self._ends[indexed]) - other)
            equal = texts.codes[start : start + most] == self._codes[other : other + most]
            length = most if equal.all() else int(equal.argmin())
            if length >= self._n:
                last = owner
                yield Shared(owner, indexed, texts.codes[start : start + length])


def _ngrams(texts: EncodedTexts, n: int) -> tuple[npt.NDArray[np.uint64], Ints]:
    """The hash of each n-gram that lies within a text, and the position of its first token."""
    count = len(texts.codes) - n + 1
    if count < 1:
        return np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.int64)
    mixed = (texts.codes.astype(np.uint64) + np.uint64(1)) * _MULTIPLIER
    mixed = (mixed ^ (mixed >> np.uint64(29))) * _MIX
    hashes = np.zeros(count, dtype=np.uint64)
    for place in range(n):
        hashes = hashes * _MULTIPLIER + mixed[place : place + count]
    ends = np.repeat(np.cumsum(texts.lengths), texts.lengths)[:count]
    starts = np.flatnonzero(ends - np.arange(count) >= n)
    return hashes[starts], starts
