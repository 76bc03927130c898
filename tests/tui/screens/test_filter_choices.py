"""What a key does to a filter on the preview."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.core.filtering.settings import FilterSettings
from selfinstruct.tui.screens.preview.filter_choices import choices, described, differences

DEFAULT = FilterSettings()
BY_NAME = {choice.name: choice for choice in choices(by_meaning=True)}


def moved(filters: FilterSettings, name: str, steps: int) -> FilterSettings:
    choice = BY_NAME[name]
    return choice.after(filters, choice.moved(filters, DEFAULT, steps))


def switched(filters: FilterSettings, name: str) -> FilterSettings:
    choice = BY_NAME[name]
    assert choice.switched is not None
    return choice.after(filters, choice.switched(filters, DEFAULT))


def test_every_filter_that_looks_at_words_can_be_changed() -> None:
    assert set(BY_NAME) == set(FilterSettings.model_fields)


def test_the_threshold_moves_by_a_hundredth_without_drifting() -> None:
    filters = DEFAULT
    for _ in range(13):
        filters = moved(filters, "rouge_l", 1)
    assert filters.rouge_l == 0.83
    for _ in range(100):
        filters = moved(filters, "rouge_l", -1)
    assert filters.rouge_l == 0.01


@given(st.lists(st.tuples(st.sampled_from(sorted(BY_NAME)), st.integers(-200, 200)), max_size=12))
def test_no_key_leads_to_filters_that_cannot_be(steps: list[tuple[str, int]]) -> None:
    filters = DEFAULT
    for name, number in steps:
        filters = moved(filters, name, number)
        assert FilterSettings.model_validate(filters.model_dump()) == filters
        if BY_NAME[name].switched is not None:
            filters = switched(filters, name)
            assert FilterSettings.model_validate(filters.model_dump()) == filters


@pytest.mark.parametrize("name", ["min_words", "keywords", "openings", "punctuation", "script"])
def test_a_filter_switched_off_and_on_again_is_as_it_was(name: str) -> None:
    off = switched(DEFAULT, name)
    assert BY_NAME[name].shown(off) == "off"
    assert switched(off, name) == DEFAULT
    assert moved(moved(DEFAULT, name, -5), name, 5).model_dump(include={name}) is not None
    assert not getattr(moved(DEFAULT, name, -5), name)


def test_only_what_differs_is_described() -> None:
    other = switched(moved(DEFAULT, "rouge_l", -5), "keywords")
    changed = differences(DEFAULT, other)
    assert described(other, changed) == "ROUGE-L below: 0.65, keywords refused: off"
    assert described(DEFAULT, changed) == "ROUGE-L below: 0.70, keywords refused: 19 words"
    assert differences(DEFAULT, DEFAULT) == []
