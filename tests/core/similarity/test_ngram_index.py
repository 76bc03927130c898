"""An index of n-grams finds what comparing all n-grams finds, within texts and never across their ends."""

import random

import numpy as np
import pytest

from selfinstruct.core.language.tokens import Vocabulary
from selfinstruct.core.similarity import ngram_index
from selfinstruct.core.similarity.encoded_texts import EncodedTexts
from selfinstruct.core.similarity.ngram_index import NgramIndex

EMPTY = EncodedTexts(np.zeros(0, dtype=np.uint32), np.zeros(0, dtype=np.int64))


def texts_at_random(rng: random.Random, count: int) -> list[str]:
    return [" ".join(rng.choice("abcd") for _ in range(rng.randint(0, 15))) for _ in range(count)]


def ngrams(text: str, n: int) -> list[tuple[str, ...]]:
    words = text.split()
    return [tuple(words[start : start + n]) for start in range(len(words) - n + 1)]


@pytest.mark.parametrize("n", [1, 2, 5, 8, 16])
@pytest.mark.parametrize("same_hash", [False, True])
def test_each_text_is_found_by_its_first_ngram_that_an_indexed_one_has(
    n: int, same_hash: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if same_hash:
        # All n-grams then have one hash; what differs is still never reported.
        monkeypatch.setattr(ngram_index, "_MULTIPLIER", np.uint64(0))
    rng = random.Random(n)
    indexed, asked = texts_at_random(rng, 20), texts_at_random(rng, 200)
    vocabulary = Vocabulary()
    index = NgramIndex(EncodedTexts(*vocabulary.encode(indexed)), n)
    found = {one.text: one for one in index.first_shared(EncodedTexts(*vocabulary.encode(asked)))}
    names = ["", *vocabulary.words()]
    for place, text in enumerate(asked):
        known = [gram for gram in ngrams(text, n) if any(gram in ngrams(other, n) for other in indexed)]
        if place in found:
            words = " ".join(names[code] for code in found[place].codes)
            assert words in text
            assert words in indexed[found[place].indexed]
            assert same_hash or words.split()[:n] == list(known[0])
        else:
            assert same_hash or not known


def test_nothing_is_found_in_nothing() -> None:
    some = EncodedTexts(*Vocabulary().encode(["a b c"]))
    assert list(NgramIndex(EMPTY, 2).first_shared(some)) == []
    assert list(NgramIndex(some, 2).first_shared(EMPTY)) == []
