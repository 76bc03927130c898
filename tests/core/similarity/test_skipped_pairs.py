"""A similarity join leaves out the pairs that it is told to skip, and no others."""

import numpy as np
import numpy.typing as npt

from selfinstruct.core.language.tokens import Vocabulary
from selfinstruct.core.similarity.encoded_texts import EncodedTexts
from selfinstruct.core.similarity.threshold_join import ThresholdJoin
from selfinstruct.core.similarity.token_store import Ints


def test_skipped_pairs_are_left_out_and_all_others_found() -> None:
    texts = ["name a river in asia", "name a river in africa", "name a large river in asia"]
    encoded = EncodedTexts(*Vocabulary().encode(texts))
    join = ThresholdJoin()
    join.add(np.array([10, 11, 12]), encoded)
    asked: list[int] = []

    def skip(places: Ints, ids: Ints) -> npt.NDArray[np.bool]:
        asked.extend(ids.tolist())
        own: npt.NDArray[np.bool] = ids == 10 + places
        return own

    pairs = join.above(encoded, 0.7, skip=skip)
    found = set(zip(pairs.asked.tolist(), pairs.ids.tolist(), strict=True))
    assert found == {(0, 11), (0, 12), (1, 10), (1, 12), (2, 10), (2, 11)}
    assert set(asked) == {10, 11, 12}
