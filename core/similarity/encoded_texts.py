"""Batches of texts as token ids, and the pairs that a similarity join returns."""

from dataclasses import dataclass

import numpy as np

from selfinstruct.core.language.tokens import Codes
from selfinstruct.core.similarity.scoring import Floats
from selfinstruct.core.similarity.token_store import Ints


@dataclass(frozen=True, slots=True)
class EncodedTexts:
    """A batch of tokenized texts in flat form: concatenated token ids, and the token count of each text."""

    codes: Codes
    lengths: Ints

    def __len__(self) -> int:
        return len(self.lengths)

    def some(self, members: Ints) -> "EncodedTexts":
        """The texts at the given positions."""
        lengths = self.lengths[members]
        starts = (np.cumsum(self.lengths) - self.lengths)[members]
        places = np.repeat(starts - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
        return EncodedTexts(self.codes[places], lengths)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Matches of a similarity join, as parallel arrays in no particular order.

    `asked` holds positions in the query batch, `ids` the matching texts, `scores` their ROUGE-L F-measure.
    """

    asked: Ints
    ids: Ints
    scores: Floats
