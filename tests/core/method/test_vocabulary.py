"""The names of fields as patterns: the longest first, and whole words where a script has spaces."""

import re

import pytest

from selfinstruct.core.method.vocabulary import any_of, whole_words


def test_of_names_that_begin_alike_the_longest_is_found() -> None:
    found = re.match(any_of(["in", "input text", "input", "in"]), "input text: cod")
    assert found is not None
    assert found[0] == "input text"
    assert any_of(["a.b"]) == r"a\.b"


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("Write a poem.", True),
        ("Writers wrote.", False),
        ("書く人", True),
        ("書かない", False),
        ("Ab書くか", False),
        ("说明这个词", True),
    ],
)
def test_a_word_is_whole_where_words_have_spaces_around_them(text: str, is_found: bool) -> None:
    pattern = whole_words(["Write", "書く", "说明"])
    assert (re.match(pattern, text) is not None) == is_found


def test_names_of_one_kind_make_a_pattern_by_themselves() -> None:
    assert re.match(whole_words(["Write"]), "Write!") is not None
    assert re.match(whole_words(["書く"]), "書く人") is not None
