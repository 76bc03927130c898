"""What a key does to a filter on the preview."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.core.filtering.registry import FILTERS, VERDICTS
from selfinstruct.core.filtering.settings import FilterSettings
from selfinstruct.tui.screens.preview.filter_choices import always_on, choices, described, differences
from selfinstruct.tui.text.safe_text import verdict_word

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


@pytest.mark.parametrize("by_meaning", [False, True])
def test_every_filter_has_a_control_on_the_preview_or_is_said_to_be_always_on(by_meaning: bool) -> None:
    controls = {choice.name for choice in choices(by_meaning=by_meaning)}
    said = always_on(by_meaning=by_meaning)
    for one in FILTERS:
        if one.needs_vectors and not by_meaning:
            assert one.code not in said
        elif one.setting is None:
            assert one.code in said
        else:
            assert one.setting.name in controls
    assert max(len(choice.label) for choice in choices(by_meaning=by_meaning)) <= 21


def test_people_read_another_word_for_every_verdict() -> None:
    assert len({verdict_word(verdict) for verdict in VERDICTS}) == len(VERDICTS)


def test_a_count_stays_within_the_one_that_limits_it() -> None:
    assert moved(DEFAULT, "min_words", 1000).min_words == DEFAULT.max_words
    assert moved(DEFAULT, "max_words", -1000).max_words == DEFAULT.min_words
    short = moved(switched(DEFAULT, "min_words"), "max_words", -148)
    assert (short.min_words, short.max_words) == (0, 2)
    assert switched(short, "min_words").min_words == 2


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
    assert described(DEFAULT, changed) == "ROUGE-L below: 0.70, keywords refused: rules"
    assert differences(DEFAULT, DEFAULT) == []
