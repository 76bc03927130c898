"""What is wrong with settings while they are being filled in."""

from pathlib import Path
from typing import Any

import pytest

from selfinstruct.core.settings_check import faults


def test_settings_that_can_be_used_have_no_faults() -> None:
    assert faults({}) == {}
    assert faults({"concurrency": "8", "filters": {"rouge_l": "0.65"}}) == {}


@pytest.mark.parametrize(
    ("values", "name", "said"),
    [
        ({"concurrency": "x"}, "concurrency", "It must be a whole number."),
        ({"concurrency": "0"}, "concurrency", "It must be at least 1."),
        ({"concurrency": "2000"}, "concurrency", "It must be at most 1024."),
        ({"timeout_s": "0"}, "timeout_s", "It must be more than 0."),
        ({"timeout_s": "soon"}, "timeout_s", "It must be a number."),
        ({"max_cost": "inf"}, "max_cost", "It must be a number."),
        ({"filters": {"rouge_l": "1.5"}}, "filters.rouge_l", "It must be at most 1."),
        ({"filters": {"min_words": "9", "max_words": "5"}}, "filters", "exceeds max_words"),
        ({"base_url": "localhost:80", "model": "m"}, "base_url", "is not a web address"),
        ({"base_url": "http://localhost/v1"}, "model", "needs the name of a model"),
        ({"model": "m", "max_cost": "5"}, "max_cost", "The price of 'm' is not known"),
        ({"model": "m", "prices": {"m": {"input": "1"}}}, "prices.m.output", "lacks output"),
        (
            {
                "model": "m",
                "request": {"classify": {"model": "n"}},
                "prices": {"m": {"input": "1", "output": "1"}, "n": {"input": "1"}},
            },
            "prices.n.output",
            "price of 'n' lacks output",
        ),
        ({"prompts": "no-such-file"}, "prompts", "cannot be read"),
    ],
)
def test_each_fault_is_said_where_it_is(values: dict[str, Any], name: str, said: str) -> None:
    found = faults(values)
    assert list(found) == [name]
    assert said in found[name]


def test_all_faults_are_said_at_once() -> None:
    assert set(faults({"concurrency": "0", "rng_seed": "x"})) == {"concurrency", "rng_seed"}


def test_prompt_templates_are_read_as_they_would_be_used(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text("[propose]\nnonsense = 1")
    assert "propose.nonsense" in faults({"prompts": str(path)})["prompts"]


def test_a_key_in_the_place_of_its_name_is_refused_and_not_repeated() -> None:
    (sentence,) = faults({"api_key_env": "sk-abc-123"}).values()
    assert "never the key itself" in sentence
    assert "abc" not in sentence
