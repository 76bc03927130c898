"""What is suggested for an unknown name is what somebody may have meant, or nothing."""

import pytest

from selfinstruct.core.settings.model import Settings
from selfinstruct.core.util.did_you_mean import nearest


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("modle", "model"),
        ("filter", "filters"),
        ("max_cots", "max_cost"),
        ("concurency", "concurrency"),
        ("batches", "batches_ahead"),
        ("api_key", "api_key_env"),
    ],
)
def test_a_slip_and_a_beginning_are_near(word: str, meant: str) -> None:
    assert nearest(word, Settings.model_fields) == meant


@pytest.mark.parametrize(
    "word", ["temperature", "top_p", "max_tokens", "batch_size", "retries", "verbose", "b", "banana", ""]
)
def test_nothing_is_far_fetched(word: str) -> None:
    assert nearest(word, Settings.model_fields) is None


@pytest.mark.parametrize("word", ["skpi", "ksip", "sikp"])
def test_two_letters_that_have_changed_places_are_a_slip_in_a_short_name_too(word: str) -> None:
    assert nearest(word, ["edit", "skip", "leave"]) == "skip"


@pytest.mark.parametrize("word", ["pski", "piks", "kips"])
def test_other_letters_in_disorder_are_none(word: str) -> None:
    assert nearest(word, ["skip"]) is None


def test_another_word_that_looks_alike_is_not_meant() -> None:
    assert nearest("exit", ["edit", "leave"]) is None
