"""Addresses as consoles and manuals show them."""

import pytest

from selfinstruct.core.errors import SettingsError
from selfinstruct.core.settings.addresses import as_address, base_and_query, usual_end
from selfinstruct.core.settings.sources import resolve

AZURE = "https://r.openai.azure.com/openai/deployments/d"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("http://h/v1", "http://h/v1"),
        (" http://h/v1// ", "http://h/v1"),
        ("http://h/v1/chat/completions", "http://h/v1"),
        ("http://h/v1/chat/completions/", "http://h/v1"),
        ("http://h/v1/completions", "http://h/v1"),
        ("http://h/v1/responses", "http://h/v1"),
        ("http://h/v1/chat/completions?api-version=1", "http://h/v1?api-version=1"),
        (f"{AZURE}/chat/completions?api-version=2024-10-21", f"{AZURE}?api-version=2024-10-21"),
        (f"{AZURE}?api-version=2024-10-21", f"{AZURE}?api-version=2024-10-21"),
        ("https://r.services.ai.azure.com/models/chat/completions", "https://r.services.ai.azure.com/models"),
        ("http://h/v1?", "http://h/v1"),
    ],
)
def test_the_path_of_a_request_is_cut_from_an_address_and_its_version_kept(typed: str, kept: str) -> None:
    settings = resolve({"model": "m", "base_url": typed})
    assert settings.base_url == kept
    assert as_address(kept) == kept


@pytest.mark.parametrize(
    ("typed", "api"),
    [
        ("http://h/v1", "chat"),
        ("http://h/v1/chat/completions", "chat"),
        ("http://h/v1/completions", "completions"),
    ],
)
def test_the_path_of_a_request_says_which_api_it_is(typed: str, api: str) -> None:
    assert resolve({"model": "m", "base_url": typed}).api == api


def test_a_path_of_another_api_than_the_one_that_is_set_says_what_to_cut() -> None:
    with pytest.raises(SettingsError, match=r"path of the completions API, and api is 'chat'; cut"):
        resolve({"model": "m", "base_url": "http://h/v1/completions", "api": "chat"})


def test_an_embeddings_address_may_end_in_the_path_of_a_request() -> None:
    settings = resolve({"embeddings": "e", "embeddings_url": "http://h/v1/embeddings"})
    assert settings.embeddings_url == "http://h/v1"


@pytest.mark.parametrize(
    "query", ["key=sk-1", "api-version=1&api-key=sk-1", "api-version=a/b", "sk-1", "version="]
)
def test_a_query_that_could_contain_a_key_is_not_stored(query: str) -> None:
    with pytest.raises(SettingsError, match="anything after . except api-version") as caught:
        resolve({"model": "m", "base_url": f"http://h/v1?{query}"})
    assert "sk-1" not in str(caught.value)


@pytest.mark.parametrize("typed", ["127.0.0.1:8000/v1", "localhost:8000", "api.example.com/v1"])
def test_an_address_without_a_scheme_says_what_is_missing(typed: str) -> None:
    with pytest.raises(SettingsError, match="put http:// or https:// before it"):
        resolve({"model": "m", "base_url": typed})


def test_the_same_address_written_in_full_keeps_its_key() -> None:
    stored = {"model": "m", "base_url": "http://h/v1", "api_key_env": "H_KEY"}
    assert resolve({"base_url": "http://h/v1/chat/completions"}, stored=stored).api_key_env == "H_KEY"
    assert resolve({"base_url": "http://other/v1"}, stored=stored).api_key_env is None


def test_the_query_goes_with_every_request() -> None:
    assert base_and_query("http://h/v1?api-version=1") == ("http://h/v1", {"api-version": "1"})


@pytest.mark.parametrize(
    ("address", "end"),
    [
        ("http://h:8000", "it often ends in /v1"),
        ("http://h/api", "it often ends in /v1"),
        ("http://127.0.0.1:18923/v1", ""),
        ("https://h/v1beta/openai", ""),
        ("https://h/api/paas/v4", ""),
        (AZURE, ""),
        ("https://r.openai.azure.com/openai/v1", ""),
        (
            "https://r.openai.azure.com?api-version=2024-10-21",
            "it ends in /openai/v1, or in /openai/deployments/NAME?api-version=DATE",
        ),
    ],
)
def test_how_an_address_usually_ends_is_not_said_of_one_that_ends_so(address: str, end: str) -> None:
    assert usual_end(address) == end
