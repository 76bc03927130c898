"""Many texts at once as numbers, and pairs of them that are alike."""

from dataclasses import dataclass

import numpy as np

from selfinstruct.core.language.tokens import Codes
from selfinstruct.core.similarity.scoring import Floats
from selfinstruct.core.similarity.token_store import Ints


@dataclass(frozen=True, slots=True)
class EncodedTexts:
    """Texts as the numbers of their tokens: one text's after the other's, and how many each has."""

    codes: Codes
    lengths: Ints

    def __len__(self) -> int:
        return len(self.lengths)

    def some(self, members: Ints) -> "EncodedTexts":
        """The texts at these places."""
        lengths = self.lengths[members]
        starts = (np.cumsum(self.lengths) - self.lengths)[members]
        places = np.repeat(starts - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
        return EncodedTexts(self.codes[places], lengths)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Texts asked about, by their places, ids that score enough with them, and the scores, in some order."""

    asked: Ints
    ids: Ints
    scores: Floats
