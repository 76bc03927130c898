"""Headers of one's own: what is sent, what is redacted, and that nothing of a secret is shown."""

from typing import Any

import pytest

from selfinstruct.core.endpoint.credentials import find_headers, find_key
from selfinstruct.core.endpoint.key_consent import KeyConsent, KeyUse
from selfinstruct.core.endpoint.redaction import struck_text
from selfinstruct.core.errors import EndpointUnusableError, SettingsError
from selfinstruct.core.settings.sources import resolve
from tests.conftest import OpenEngine
from tests.core.endpoint.test_client import carry_out, on
from tests.server import ModelServer, chat_answer

ADDRESS = "http://h/v1"


def headers(allowed: str = "MY_TOKEN", **values: str) -> dict[str, str]:
    """The headers that are sent, where one environment variable is allowed."""
    settings = resolve({"model": "m", "base_url": ADDRESS, "request": {"headers": values}})
    return find_headers(settings, KeyConsent([KeyUse(allowed, "http://h")]))


async def test_an_answer_with_the_text_of_a_header_is_stored_as_it_came(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    said = '{"instructions": ["Name a plain-title of a river."]}'
    server.faults.append(chat_answer(said))
    request = {"headers": {"X-Title": "plain-title", "HTTP-Referer": "instructions"}}
    async with engine_on(**on(server, request=request)) as engine:
        asked = await carry_out(engine)
        stored = engine.workspace.requests.answer(asked.id)
    assert stored is not None
    assert stored.body == chat_answer(said).body
    assert server.received[0].headers["x-title"] == "plain-title"


@pytest.mark.parametrize(
    ("name", "value", "echoed"),
    [
        ("Authorization", "Bearer canary-literal-1", "canary-literal-1"),
        ("Proxy-Authorization", "Basic canary-literal-2", "Basic canary-literal-2"),
        ("X-Api-Key", "canary-literal-3", "canary-literal-3"),
        ("apikey", "canary-literal-4", "canary-literal-4"),
        ("X-Auth", "canary-literal-5", "canary-literal-5"),
        ("X-Access-Token", "canary-literal-6", "canary-literal-6"),
        ("CF-Access-Client-Secret", "canary-literal-7", "canary-literal-7"),
        ("Cookie", "lang=en; sid=canary-literal-8", "canary-literal-8"),
    ],
)
def test_a_credential_written_into_a_header_is_redacted(name: str, value: str, echoed: str) -> None:
    headers(**{name: value})
    assert struck_text(f"You sent {echoed}.") == f"You sent {'X' * len(echoed)}."


def test_what_comes_from_the_environment_is_redacted_whatever_the_header(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MY_TOKEN", "canary-of-environment")
    assert headers(**{"X-Title": "of $MY_TOKEN"}) == {"x-title": "of canary-of-environment"}
    assert "canary" not in struck_text("You sent canary-of-environment.")


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("$MY_TOKEN", "t0ken"),
        ("${MY_TOKEN}", "t0ken"),
        ("Bearer $MY_TOKEN", "Bearer t0ken"),
        ("Two $MY_TOKEN ${MY_TOKEN}", "Two t0ken t0ken"),
        ("pa$sw0rd9", "pa$sw0rd9"),
        ("pa$MY_TOKEN", "pa$MY_TOKEN"),
        ("pa$$word", "pa$$word"),
        ("$$MY_TOKEN", "$MY_TOKEN"),
        ("costs $$5", "costs $5"),
        (" framed by spaces ", "framed by spaces"),
    ],
)
def test_a_variable_is_a_word_of_its_own_and_any_other_dollar_sign_is_text(
    monkeypatch: pytest.MonkeyPatch, value: str, sent: str
) -> None:
    monkeypatch.setenv("MY_TOKEN", "t0ken")
    assert headers(**{"X-A": value}) == {"x-a": sent}


@pytest.mark.parametrize("value", ["$ecret9", "Bearer $ecret9", "$", "${MY_TOKEN", "$MY_TOKEN;secret9"])
def test_a_dollar_sign_that_could_mean_either_is_refused_and_not_repeated(value: str) -> None:
    with pytest.raises(SettingsError, match=r"is wrong: .* write \$\$ for a literal") as told:
        headers(**{"X-A": value})
    assert "ecret9" not in str(told.value)


@pytest.mark.parametrize("bad", ["\0", "\ud800", "\n", "é"])
@pytest.mark.parametrize("where", ["flags", "workspace"])
def test_no_sentence_repeats_the_value_of_a_header(bad: str, where: str) -> None:
    values: dict[str, Any] = {"model": "m", "base_url": ADDRESS}
    values["request"] = {"headers": {"X-A": f"canary{bad}literal"}}
    with pytest.raises(SettingsError) as told:
        resolve(values if where == "flags" else {}, stored=None if where == "flags" else values)
    assert "canary" not in str(told.value)
    assert "header" in str(told.value)


def test_the_built_in_model_needs_no_headers() -> None:
    settings = resolve({"request": {"headers": {"X-Token": "$NOT_SET_VAR", "X-Title": "mine"}}})
    assert settings.is_offline
    assert find_headers(settings, KeyConsent()) == {}


def test_a_variable_with_characters_that_no_header_can_have_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MY_TOKEN", "canary\nX-Other: 1")
    with pytest.raises(EndpointUnusableError, match="value of MY_TOKEN has characters") as told:
        headers(**{"X-A": "$MY_TOKEN"})
    assert "canary" not in str(told.value)


def key_of(monkeypatch: pytest.MonkeyPatch, key: str, *, address: str = ADDRESS) -> str | None:
    """The key that is sent, where its variable is allowed."""
    monkeypatch.setenv("MY_KEY", key)
    settings = resolve({"model": "m", "base_url": address, "api_key_env": "MY_KEY"})
    names = ("--model", "--base-url", "--api-key-env")
    return find_key(settings, KeyConsent([KeyUse("MY_KEY", "http://h")]), names=names)


@pytest.mark.parametrize("key", ["sk-\u00e9", "sk-\x07a", "sk a", "sk-\x7f", "s\u200bk"])
def test_a_key_with_characters_that_no_key_has_is_refused_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    with pytest.raises(EndpointUnusableError, match="key in MY_KEY has characters that are invalid") as told:
        key_of(monkeypatch, key)
    assert key not in str(told.value)


def test_a_key_is_sent_without_the_spaces_around_it_and_redacted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert key_of(monkeypatch, "  canary-key-77\n") == "canary-key-77"
    assert "canary" not in struck_text("You sent canary-key-77.")
    with pytest.raises(EndpointUnusableError, match="needs a key, and MY_KEY is not set"):
        key_of(monkeypatch, "  ")
