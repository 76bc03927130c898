"""Settings as text that a person fills in: what they become, and what is said of each."""

from typing import Any

import pytest

from selfinstruct.core.filtering.settings import FilterSettings
from selfinstruct.core.settings.model import Price, Settings
from selfinstruct.core.settings.sources import resolve, storable
from selfinstruct.tui.screens.settings.form import (
    FIELDS,
    faults_of,
    field_of,
    text_of,
    texts_of,
    values_of,
)


def settings(texts: dict[str, str], base: Settings | None = None) -> Settings:
    base = base or Settings()
    return Settings.model_validate(values_of(texts_of(base) | texts, base))


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"model": "m", "base_url": "http://localhost/v1", "max_cost": 0.5, "timeout_s": 7.25},
        {"model": "m", "prices": {"m": {"input": 0.15, "output": 1e-7}, "other": {"input": 1, "output": 2}}},
        {"filters": {"openings": ['Say "x, y"', "Plot"], "keywords": [], "script": False, "rouge_l": 0.65}},
        {"theme": "high-contrast", "keys": {"accept": "f5", "reject": '"\x1b'}, "clf_only": True},
    ],
)
def test_what_nobody_touches_stays_as_it_is(values: dict[str, Any]) -> None:
    base = resolve(values)
    assert settings({}, base) == base


def test_every_setting_has_a_line_with_its_help() -> None:
    known = {*Settings.model_fields} - {"filters", "prices", "request", "words"}
    known |= {f"filters.{name}" for name in FilterSettings.model_fields}
    known |= {f"price.{name}" for name in Price.model_fields}
    assert set(FIELDS) == known
    assert all(field.help.endswith(".") for field in FIELDS.values())


def test_an_empty_text_is_the_default_and_an_empty_list_is_empty() -> None:
    base = resolve({"concurrency": 9, "max_cost": 2.0})
    changed = settings({"concurrency": "", "max_cost": " ", "filters.keywords": ""}, base)
    assert changed.concurrency == Settings().concurrency
    assert changed.max_cost is None
    assert changed.filters.keywords == ()


def test_a_price_belongs_to_the_model_that_stands_beside_it() -> None:
    base = resolve({"model": "a", "prices": {"a": {"input": 1, "output": 2}}})
    changed = settings({"model": "b", "price.input": "3", "price.output": "4"}, base)
    assert changed.prices == {"a": Price(input=1, output=2), "b": Price(input=3, output=4)}
    assert text_of(changed, "price.input") == "3"
    assert text_of(changed, "price.input", model="c") == ""
    assert "a" not in settings({"price.input": "", "price.output": ""}, base).prices


@pytest.mark.parametrize(
    ("texts", "name", "said"),
    [
        ({"concurrency": "many"}, "concurrency", "It must be a whole number."),
        ({"filters.min_words": "200"}, "filters.min_words", "exceeds max_words"),
        ({"filters.keywords": "a,,b"}, "filters.keywords", "at least 1 character"),
        (
            {"filters.openings": "@rule, Imagine"},
            "filters.openings",
            "'@rule' is not a list of phrases",
        ),
        ({"api": "completions", "answers": "json"}, "answers", "or api to chat"),
        ({"price.input": "1"}, "price.output", "lacks output"),
        ({"price.output": "1"}, "price.input", "It needs a value."),
        ({"price.input": "x", "price.output": "1"}, "price.input", "It must be a number."),
        (
            {"base_url": "http://localhost/v1"},
            "model",
            "Name another model with model, or leave base_url out.",
        ),
        ({"keys": "accept f5"}, "keys", 'as in accept = "f5"'),
        ({"keys": "accept = 5"}, "keys", 'as in accept = "f5"'),
        ({"keys": 'acept = "f5"'}, "keys", "Did you mean 'accept'?"),
        ({"keys": 'accept = "r"'}, "keys", "r is assigned to both accept and reject"),
        ({"keys": 'accept = "F5"'}, "keys", "Did you mean 'f5'?"),
        ({"keys": 'accept = ""'}, "keys", "accept has an empty key"),
    ],
)
def test_what_is_wrong_stands_under_the_field_at_fault(texts: dict[str, str], name: str, said: str) -> None:
    base = Settings()
    found = faults_of(texts_of(base) | texts, base)
    assert list(found) == [name]
    assert said in found[name]


def test_wrong_keys_hide_no_other_fault() -> None:
    base = Settings()
    assert set(faults_of({"keys": "?", "rng_seed": "x"}, base)) == {"keys", "rng_seed"}


def test_a_key_that_the_terminal_would_obey_is_shown_as_what_it_is() -> None:
    assert text_of(Settings(keys={"accept": "\x1b"}), "keys") == 'accept = "\\U0000001b"'


def test_a_key_does_not_follow_to_another_address() -> None:
    base = resolve({"model": "m", "base_url": "https://one.example/v1", "api_key_env": "ONE_KEY"})
    moved = values_of({"base_url": "https://two.example/v1", "api_key_env": "ONE_KEY"}, base)
    assert moved["api_key_env"] is None
    named = values_of({"base_url": "https://two.example/v1", "api_key_env": "TWO_KEY"}, base)
    assert named["api_key_env"] == "TWO_KEY"
    assert values_of({"base_url": "https://one.example/v1"}, base)["api_key_env"] == "ONE_KEY"


def test_the_defaults_of_the_filters_are_those_of_the_language() -> None:
    base = resolve({"language": "ja", "filters": {"min_words": 20}})
    assert text_of(base, "filters.min_words") == "20"
    assert field_of("filters.min_words", base).default == "8"
    assert field_of("filters.keywords", base).default == "@rules"
    assert field_of("filters.rouge_l", base).default == "0.7"
    emptied = Settings.model_validate(values_of({"filters.min_words": ""}, base))
    assert emptied.filters.min_words == 8
    assert storable(emptied) == {"language": "ja"}
