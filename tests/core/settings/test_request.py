"""The [request] settings: what they refuse, and what of them a workspace keeps."""

from pathlib import Path
from typing import Any

import pytest

from selfinstruct.core.errors import SettingsError
from selfinstruct.core.settings.sources import headers_warning, resolve, storable


def request(**values: Any) -> dict[str, Any]:
    return {"model": "m", "base_url": "http://h/v1", "request": values}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"body": {"model": "x"}}, "model is part of every request"),
        ({"body": {"messages": []}}, "messages is part of every request"),
        ({"body": {"n": 5}}, "n changes what a request may cost"),
        ({"body": {"max_tokens": 9}}, r"max_tokens changes .* as in \[request.propose\]"),
        ({"leave_out": ["max_tokens"]}, "max_tokens cannot be left out"),
        ({"headers": {"a b": "c"}}, "one of its names is not a header"),
        ({"headers": {"host": "x"}}, "one of its names is not a header"),
        ({"headers": {"x-a": "b\nc"}}, "one of its values has characters"),
        ({"propose": {"temperature": -1}}, "at least 0"),
        ({"propose": {"max_tokens": 0}}, "at least 1"),
        ({"header": {}}, "'request.header' is not a setting. Did you mean 'headers'"),
        ({"bodi": {}}, r"'request.bodi' is not a setting. Did you mean 'body'\?"),
        ({"tip": 1}, r"'request.tip' is not a setting. \[request\] has body, headers, leave_out, "),
        ({"propose": {"speed": 1}}, r"\[request.propose\] has model, temperature, max_tokens"),
        ({"classify": {"temprature": 1}}, "Did you mean 'temperature'"),
    ],
)
def test_what_cannot_be_sent_is_refused_in_a_sentence(values: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        resolve(request(**values))


@pytest.mark.parametrize(
    "name",
    [
        "N",
        "Max_Tokens",
        "maxTokens",
        "max-tokens",
        "MAX_TOKENS_TO_SAMPLE",
        "num_predict",
        "n_predict",
        "num_return_sequences",
        "candidateCount",
        "service_tier",
        "serviceTier",
        "models",
        "route",
        "plugins",
        "web_search_options",
        "search_parameters",
        "tools",
        "functions",
        "prediction",
    ],
)
@pytest.mark.parametrize("inside", [None, "extra_body", "options"])
def test_no_field_of_ones_own_changes_what_a_request_costs(name: str, inside: str | None) -> None:
    body = {name: 1} if inside is None else {inside: {name: 1}}
    with pytest.raises(SettingsError, match=f"{name} changes what a request may cost"):
        resolve(request(body=body))


def test_the_prompt_is_no_field_of_ones_own_in_any_spelling() -> None:
    with pytest.raises(SettingsError, match="Messages is part of every request"):
        resolve(request(body={"Messages": []}))


def test_fields_that_cost_nothing_are_sent_whatever_they_hold() -> None:
    body = {
        "reasoning": {"max_tokens": 500},
        "extra_body": {"google": {"thinking_config": {"thinking_budget": 0}}},
        "options": {"num_ctx": 8192},
        "provider": {"data_collection": "deny"},
        "logit_bias": {"50256": -100},
        "top_k": 20,
    }
    assert resolve(request(body=body)).request.body == body


def test_a_header_is_neither_stored_nor_shown() -> None:
    settings = resolve(request(headers={"x-key": "canary-1"}, leave_out=["top_p"]))
    stored = storable(settings)
    assert stored["request"] == {"leave_out": ["top_p"]}
    assert "canary" not in repr(settings)
    assert "request" not in storable(resolve(request(headers={"x-key": "canary-1"})))


@pytest.mark.parametrize("beside", ["", 'base_url = "https://mine.example/v1"\n'], ids=["none", "another"])
def test_headers_go_only_to_the_address_beside_them_also_at_the_next_start(
    tmp_path: Path, beside: str
) -> None:
    (tmp_path / "selfinstruct.toml").write_text(
        f'{beside}[request]\nheaders = {{ x-key = "canary-1" }}\nleave_out = ["top_p"]\n'
    )
    elsewhere = "https://evil.example/v1"
    first = resolve({"model": "m", "base_url": elsewhere}, folder=tmp_path)
    assert (first.address, first.request.headers) == (elsewhere, {})
    remembered = storable(first)
    again = resolve({}, stored=remembered, folder=tmp_path)
    assert again.request.leave_out == ("top_p",)
    assert again.address != elsewhere or again.request.headers == {}
    strangers = {**remembered, "request": {"headers": {"x-key": "theirs"}}}
    assert resolve({"base_url": "http://h/v1"}, stored=strangers).request.headers == {}


@pytest.mark.parametrize("base_url", [None, "https://api.openai.com/v1/"])
def test_headers_without_an_address_beside_them_are_for_openai(tmp_path: Path, base_url: str | None) -> None:
    (tmp_path / "selfinstruct.toml").write_text('[request]\nheaders = { x-title = "mine" }\n')
    settings = resolve({"model": "gpt-4o-mini", "base_url": base_url}, folder=tmp_path)
    assert settings.request.headers == {"x-title": "mine"}


def test_headers_do_not_follow_a_change_of_address(tmp_path: Path) -> None:
    (tmp_path / "selfinstruct.toml").write_text(
        'model = "m"\nbase_url = "http://h/v1"\n[request]\n'
        'headers = { x-key = "canary-1" }\nleave_out = ["top_p"]\n'
    )
    assert resolve({}, folder=tmp_path).request.headers == {"x-key": "canary-1"}
    moved = resolve({"base_url": "http://other/v1"}, folder=tmp_path).request
    assert (moved.headers, moved.leave_out) == ({}, ("top_p",))


@pytest.mark.parametrize(
    ("beside", "theirs", "why", "where"),
    [
        ("", "https://api.openai.com/v1", ", since it has no base_url", "at the top of the file"),
        ('base_url = "http://h/v1/"\n', "http://h/v1", "", "in place of the one there"),
    ],
)
@pytest.mark.parametrize(
    ("value", "allow"),
    [
        ("canary-1", ""),
        ("Bearer $MY_TOKEN", ", and start once with --base-url http://other/v1 --header-env MY_TOKEN"),
    ],
)
def test_a_warning_about_headers_says_how_to_send_them(
    tmp_path: Path, beside: str, theirs: str, why: str, where: str, value: str, allow: str
) -> None:
    text = f'{beside}model = "m"\n[request]\nheaders = {{ x-key = "{value}" }}\n'
    (tmp_path / "selfinstruct.toml").write_text(text)
    moved = resolve({"base_url": "http://other/v1"}, folder=tmp_path)
    assert headers_warning(moved, tmp_path) == (
        f"The headers in selfinstruct.toml are for {theirs}{why}, so they are not sent to"
        f' http://other/v1. To send them there, write base_url = "http://other/v1" {where}{allow}.'
    )
    for flags in ({}, {"base_url": theirs}, {"model": "offline"}):
        assert headers_warning(resolve(flags, folder=tmp_path), tmp_path) == ""
