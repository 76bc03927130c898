"""Tokens are rouge_score's, one text at a time or many at once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score.tokenize import tokenize

from selfinstruct.core.language.tokens import Vocabulary, tokens

ODD = st.sampled_from(
    ["K", "İ", "Σ", "ΑΣ", "ß", "ſ", "\x00", "\x01", "\x85", "\u2028", "\ud800", "ÿ", "?", "_", "٣", "A1b"]
)
TEXT = st.text(max_size=40) | st.lists(ODD | st.sampled_from("aZ9 \n"), max_size=20).map("".join)


@given(TEXT)
def test_tokens_are_those_of_rouge_score(text: str) -> None:
    assert tokens(text) == tokenize(text, None)


@pytest.mark.parametrize("block", range(0, 0x110000, 0x10000))
def test_no_letter_of_any_script_is_taken_differently(block: int) -> None:
    text = "x".join(map(chr, range(block, block + 0x10000)))
    expected = tokenize(text, None)
    assert tokens(text) == expected
    vocabulary = Vocabulary()
    codes, lengths = vocabulary.encode([text])
    assert [vocabulary.words()[code - 1] for code in codes] == expected
    assert lengths.tolist() == [len(expected)]


@given(st.lists(TEXT, max_size=6), TEXT)
def test_many_texts_at_once_have_the_tokens_of_each(texts: list[str], asked: str) -> None:
    vocabulary = Vocabulary()
    codes, lengths = vocabulary.encode(texts)
    words = vocabulary.words()
    parts = np.split(codes, np.cumsum(lengths))[: len(texts)]
    assert [[words[code - 1] for code in part] for part in parts] == [tokenize(text, None) for text in texts]
    known, length = vocabulary.find(asked)
    assert [words[code - 1] for code in known] == [word for word in tokenize(asked, None) if word in words]
    assert length == len(tokenize(asked, None))


def test_a_word_keeps_its_number() -> None:
    vocabulary = Vocabulary()
    first, _ = vocabulary.encode(["name a fish"])
    again, lengths = vocabulary.encode(["fish", "", "name a red fish"])
    assert first.tolist() == [1, 2, 3]
    assert again.tolist() == [3, 1, 2, 4, 3]
    assert lengths.tolist() == [1, 0, 4]
