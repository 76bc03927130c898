"""Addresses of endpoints: how people write them, and what is kept of them. Pure."""

import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

_ENDINGS = ("/chat/completions", "/completions", "/embeddings", "/responses")
"""Paths of single requests, which consoles show at the end of an address."""

_LEGACY, _CHAT = "/completions", "/chat/completions"
_VERSIONS = frozenset({"api-version", "api_version", "version"})
"""Names in a query that select the API version; any other could contain a key."""
_VERSION = re.compile(r"[\w.-]{1,40}")
_API_VERSION = re.compile(r"/v\d")
_NO_ADDRESS = re.compile(r"[\s\x00-\x20\x7f-\xa0]")
_WITHOUT_SCHEME = re.compile(r"(?:[\w-]+\.)+[\w-]+(?::\d+)?(?:/\S*)?|[\w-]+:\d+(?:/\S*)?|localhost(?:/\S*)?")


def as_address(text: str) -> str:
    """Return an address in the form that settings store: without the path of a request and final slashes."""
    path, _, query = text.strip().partition("?")
    path = path.rstrip("/")
    ending = next((one for one in _ENDINGS if path.lower().endswith(one)), "")
    path = path[: len(path) - len(ending)].rstrip("/")
    return f"{path}?{query}" if query else path


def checked_address(text: str) -> str:
    """Check an address that is to be stored, and return it in the form that settings store.

    Raises:
        ValueError: It is none, or has parts that must not be stored. The message does not quote it, since it
            may be a key in the wrong place.
    """
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        usable = usable and text.strip().isprintable() and not _NO_ADDRESS.search(text.strip())
    except ValueError:
        usable = False
    if not usable:
        if _WITHOUT_SCHEME.fullmatch(text.strip()):
            raise ValueError(
                "it is not a web address such as http://localhost:8000/v1: put http:// or https:// before it"
            )
        raise ValueError("it is not a web address such as http://localhost:8000/v1")
    if parts.username or parts.password:
        raise ValueError(
            "addresses are stored, so this one must not contain a password; use api_key_env instead"
        )
    if parts.fragment or not all(
        name.lower() in _VERSIONS and _VERSION.fullmatch(value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    ):
        raise ValueError(
            "addresses are stored, so this one must not contain #, or anything after ? except api-version;"
            " use api_key_env for a key"
        )
    return as_address(text)


def api_of(address: object) -> str | None:
    """Return the API that the path of a request belongs to; None for an address without one."""
    path = address.strip().partition("?")[0].rstrip("/").lower() if isinstance(address, str) else ""
    if path.endswith(_CHAT):
        return "chat"
    return "completions" if path.endswith(_LEGACY) else None


def base_and_query(address: str) -> tuple[str, dict[str, Any]]:
    """Split an address into that without its query, and the query that goes with every request."""
    base, _, query = address.partition("?")
    return base, dict(parse_qsl(query))


def wants_azure_key(address: str) -> bool:
    """Whether an address is of a form at which Azure takes a key in the header `api-key` only."""
    base, query = base_and_query(address)
    return "api-version" in query or "/openai/deployments/" in f"{base}/"


def usual_end(address: str) -> str:
    """How the address of an API usually ends, as a clause; empty for an address that has such an end."""
    base, _ = base_and_query(address)
    if (urlsplit(address).hostname or "").endswith(".azure.com"):
        is_usual = base.endswith("/openai/v1") or "/openai/deployments/" in base
        return "" if is_usual else "it ends in /openai/v1, or in /openai/deployments/NAME?api-version=DATE"
    return "" if _API_VERSION.search(base) else "it often ends in /v1"
