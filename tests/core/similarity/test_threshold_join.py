"""Asked together, texts find all that a comparison with each of them would find."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfinstruct.core.language.tokens import Vocabulary
from selfinstruct.core.similarity.encoded_texts import EncodedTexts
from selfinstruct.core.similarity.threshold_join import ThresholdJoin
from tests.similarity import rouge_l

WORD = st.sampled_from([*"abcdefg", "the", "of", "name", "猫"])
TEXT = st.lists(WORD, max_size=14).map(" ".join) | st.text("abc ", max_size=60)
TEXTS = st.lists(TEXT, max_size=20)


def coded(vocabulary: Vocabulary, texts: list[str]) -> EncodedTexts:
    return EncodedTexts(*vocabulary.encode(texts))


@pytest.mark.parametrize("long", [1, 128])
@settings(deadline=None)
@given(TEXTS, TEXTS, TEXTS, st.sampled_from([0.05, 0.3, 0.5, 0.7, 0.9, 1.0]))
def test_all_pairs_that_score_enough_are_found(
    long: int, first: list[str], second: list[str], asked: list[str], threshold: float
) -> None:
    vocabulary, shelves = Vocabulary(), ThresholdJoin()
    there = dict(zip(range(100, 300, 3), [*first, *second], strict=False))
    ids = np.array(list(there), dtype=np.int64)
    shelves.add(ids[: len(first)], coded(vocabulary, first))
    shelves.add(ids[len(first) :], coded(vocabulary, second))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("selfinstruct.core.similarity.threshold_join._LONG", long)
        found = shelves.above(coded(vocabulary, asked), threshold)
    expected = {
        (place, task_id, rouge_l(text, other))
        for place, text in enumerate(asked)
        for task_id, other in there.items()
        if rouge_l(text, other) >= threshold
    }
    pairs = list(zip(found.asked.tolist(), found.ids.tolist(), found.scores.tolist(), strict=True))
    assert set(pairs) == expected
    assert len(pairs) == len(expected), "each once"


@given(TEXTS, st.integers(1, 5))
def test_with_before_only_lower_ids_are_found(texts: list[str], step: int) -> None:
    shelves, block = ThresholdJoin(), coded(Vocabulary(), texts)
    ids = np.arange(0, step * len(texts), step)
    shelves.add(ids, block)
    everything, earlier = shelves.above(block, 0.5), shelves.above(block, 0.5, before=ids)
    wanted = everything.ids < everything.asked * step
    assert sorted(zip(everything.asked[wanted], everything.ids[wanted], strict=True)) == sorted(
        zip(earlier.asked, earlier.ids, strict=True)
    )


@pytest.mark.parametrize("words", [63, 64, 65, 700, 5_000])
def test_long_texts_and_more_than_a_block_of_them_are_found(words: int) -> None:
    rng = np.random.default_rng(words)
    texts = [" ".join(f"w{number}" for number in rng.integers(0, 4 * words, words)) for _ in range(70)]
    shorter = [" ".join(text.split()[: int(0.8 * words)]) for text in texts]
    vocabulary, shelves = Vocabulary(), ThresholdJoin()
    shelves.add(np.arange(70), coded(vocabulary, texts))
    found = shelves.above(coded(vocabulary, shorter), 0.7)
    assert sorted(found.asked.tolist()) == sorted(found.ids.tolist()) == list(range(70))
    assert (found.asked == found.ids).all()


def test_more_different_words_than_there_are_characters_are_told_apart() -> None:
    many = 1_200_000
    codes = np.arange(1, many + 1, dtype=np.uint32)
    shelves = ThresholdJoin()
    shelves.add(np.array([7]), EncodedTexts(codes[-20:], np.array([20])))
    asked = EncodedTexts(np.append(codes, codes[-20:]), np.array([many, 20]))
    found = shelves.above(asked, 0.7)
    assert (found.asked.tolist(), found.ids.tolist(), found.scores.tolist()) == ([1], [7], [1.0])


def test_some_texts_of_many_come_in_the_order_asked_for() -> None:
    texts = coded(Vocabulary(), ["a b c", "", "a", "c d"])
    some = texts.some(np.array([3, 1, 0]))
    assert some.codes.tolist() == [3, 4, 1, 2, 3]
    assert some.lengths.tolist() == [2, 0, 3]
