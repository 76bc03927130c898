"""Two readings of one answer: which text of one is which of the other."""

import random

import pytest

from selfinstruct.core.reparsing.matching import match

SEA, RAIN, TOWN = (
    "Write a poem about the sea in winter.",
    "Describe the smell of rain on warm stone.",
    "Plan a walk through an old town.",
)


def test_equal_texts_match_whatever_their_order() -> None:
    assert match([SEA, RAIN, TOWN], [TOWN, SEA, RAIN]) == {0: 1, 1: 2, 2: 0}


def test_a_text_that_is_there_twice_matches_twice() -> None:
    assert match([SEA, SEA], [SEA, RAIN, SEA]) == {0: 0, 1: 2}
    assert match([SEA, SEA], [SEA]) == {0: 0}


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(f"**Title:** {SEA}", id="a title before it"),
        pytest.param(f"{SEA} Output: {'waves and foam, ' * 40}", id="a long answer below it"),
        pytest.param(SEA.removesuffix(" in winter."), id="its end is missing"),
        pytest.param(SEA.upper(), id="in capitals"),
    ],
)
def test_another_reading_of_a_text_matches_it(before: str) -> None:
    assert match([before, RAIN], [RAIN, SEA]) == {1: 0, 0: 1}


def test_another_text_does_not_match() -> None:
    assert match(["I hope these help you!", "Rivers"], [SEA, TOWN]) == {}


def test_the_most_similar_texts_match_first() -> None:
    stone, glass = "Describe the smell of rain on cold stone.", "Describe the smell of rain on cold glass."
    assert match([f"Rain: {glass}", f"Rain: {stone}"], [stone, glass]) == {0: 1, 1: 0}


def test_a_text_that_was_given_up_comes_back_only_unchanged_and_if_no_other_is_it() -> None:
    assert match([f"Title: {SEA}"], [SEA], exact_only={0}) == {}
    assert match([SEA], [SEA], exact_only={0}) == {0: 0}
    assert match([SEA, SEA], [SEA], exact_only={0}) == {1: 0}


@pytest.mark.parametrize("seed", range(50))
def test_what_is_left_after_some_changes_are_applied_matches_as_before(seed: int) -> None:
    rng = random.Random(seed)
    words = ["sea", "rain", "town", "poem", "walk", "stone", "write", "describe", "plan", "the", "of"]
    texts = [" ".join(rng.choices(words, k=rng.randint(2, 9))) for _ in range(12)]
    before, after = texts[:6], texts[6:]
    matched = match(before, after)
    for old, new in rng.sample(sorted(matched.items()), len(matched) // 2):
        before[old] = after[new]
    assert match(before, after) == matched


@pytest.mark.parametrize(("short", "is_matched"), [("Sing now", True), ("Sing no", False)])
def test_a_text_inside_another_is_the_same_from_a_few_characters_on(short: str, is_matched: bool) -> None:
    long = f"{short}, {'and again, ' * 20}"
    assert (match([long], [short]) == {0: 0}) == is_matched
