"""The registry of filters: verdicts, settings and the controls of the preview all follow from it."""

import pytest
from pydantic import ValidationError

from selfinstruct.core.filtering.candidate import Candidate, Closest
from selfinstruct.core.filtering.filter_kinds import Filter
from selfinstruct.core.filtering.registry import FILTERS, SETTINGS, VERDICTS, check_candidate
from selfinstruct.core.filtering.setting_kinds import Count, Phrases, SomeSetting, Switch, Threshold
from selfinstruct.core.filtering.settings import FilterSettings, filter_defaults, switched_on
from selfinstruct.core.language.registry import known, language

EN = language("en")
EVERY_FAULT = Candidate(
    "(…)",
    EN,
    nearest=Closest(1.0),
    nearest_by_meaning=Closest(1.0),
    refusal=7,
)


def test_reasons_stand_in_the_order_of_the_verdicts() -> None:
    codes = [reason.code for reason in check_candidate(EVERY_FAULT, FilterSettings())]
    assert codes == sorted(codes, key=VERDICTS.index)
    assert codes == [
        "no_words",
        "too_short",
        "punctuation",
        "not_latin",
        "too_similar",
        "same_meaning",
        "no_vector",
    ]


@pytest.mark.parametrize(
    ("one", "setting"),
    [
        pytest.param(one, one.setting, id=one.code)
        for one in FILTERS
        if one.setting is not None and one.setting.off is not None
    ],
)
def test_a_filter_that_is_off_objects_to_nothing(one: Filter, setting: SomeSetting) -> None:
    filters = FilterSettings().model_copy(update={setting.name: setting.off})
    for text in ("(…)", "Draw", "Write a program", "猫"):
        assert one.check(Candidate(text, EN), filters) is None


def test_a_candidate_without_neighbours_is_no_near_duplicate() -> None:
    assert (
        check_candidate(Candidate("Name four red fish.", EN), FilterSettings(rouge_l=0.01, cosine=0.01)) == []
    )


def test_the_text_of_a_neighbour_is_only_read_when_a_filter_objects() -> None:
    read: list[str] = []

    def named() -> str:
        read.append("read")
        return "task 7"

    near = Candidate("Name four red fish.", EN, nearest=Closest(0.7, named))
    assert check_candidate(near, FilterSettings(rouge_l=0.71)) == []
    assert read == []
    (reason,) = check_candidate(near, FilterSettings(rouge_l=0.7))
    assert reason.sentence == "ROUGE-L 0.70 with task 7; it must be below 0.7."


def test_a_setting_of_two_filters_is_one_field() -> None:
    assert list(FilterSettings.model_fields) == [setting.name for setting in SETTINGS]
    assert len({setting.name for setting in SETTINGS}) == len(SETTINGS) < len(FILTERS)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_values_that_a_kind_of_setting_cannot_have_are_refused(
    setting: SomeSetting,
) -> None:
    wrong: dict[type, list[object]] = {
        Count: [True, -1, 1.5, "many", None],
        Threshold: [False, 0, 1.01, float("nan"), None],
        Phrases: ["image", ["  "], [1], None],
        Switch: [2, "perhaps", None],
    }
    for value in wrong[type(setting)]:
        with pytest.raises(ValidationError):
            FilterSettings(**{setting.name: value})


@pytest.mark.parametrize("code", known())
def test_a_language_has_values_of_settings_that_there_are(code: str) -> None:
    own = language(code).filters
    assert set(own) <= {setting.name for setting in SETTINGS}
    assert filter_defaults(code).model_dump(include=set(own)) == dict(own)
    assert filter_defaults(code).rouge_l == 0.7, "what it leaves out has the default of the filter"


def test_what_a_language_leaves_out_is_not_taken_from_english() -> None:
    assert "keywords" not in language("other").filters
    assert filter_defaults("other").keywords == ()
    assert filter_defaults("en").keywords != ()


def test_switching_all_on_leaves_what_is_on_and_finds_the_rest_in_the_usual_ones() -> None:
    off = FilterSettings(min_words=0, keywords=(), openings=("Imagine",), punctuation=False, rouge_l=0.5)
    usual = filter_defaults("en").model_copy(update={"punctuation": False})
    on = switched_on(off, usual)
    assert (on.min_words, on.keywords, on.openings) == (4, usual.keywords, ("Imagine",))
    assert (on.punctuation, on.rouge_l) == (True, 0.5)
