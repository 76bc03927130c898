"""Credentials: the key and the headers of an endpoint, from the environment, as far as the user allows."""

import os
import re
import shlex
from collections.abc import Iterator

from selfinstruct.core.endpoint.key_consent import (
    OWN_TABLE,
    KeyConsent,
    KeyUse,
    header_uses,
    key_use,
    own_settings_path,
)
from selfinstruct.core.endpoint.redaction import remember
from selfinstruct.core.errors import EndpointUnusableError
from selfinstruct.core.setting_names import as_flags, flag_of
from selfinstruct.core.settings.header_values import HEADER_FLAG, filled
from selfinstruct.core.settings.model import Settings

Names = tuple[str, str, str]
"""References to the settings of model, address and key variable, for messages."""

_OF_CREDENTIALS = re.compile(
    r"(?<![a-z])auth(?![a-z])|authoriz|authentic|key(?![a-z])|token|secret|passw|credential|cookie|signature",
    re.IGNORECASE,
)
"""Parts of the names of headers whose values are credentials."""


def find_key(settings: Settings, consent: KeyConsent, *, names: Names) -> str | None:
    """Return the key of an endpoint, redacted from now on; None if it has none.

    Raises:
        EndpointUnusableError: The key is not set or invalid, or the user has not allowed it for the endpoint.
    """
    model, url, _ = names
    use = key_use(settings)
    if use is None:
        return None
    key = os.environ.get(use.variable, "").strip()
    if not key:
        raise EndpointUnusableError(
            f"{settings.address} needs a key, and {use.variable} is not set. Set it, choose another endpoint"
            f" with {url}, or try the built-in model with {model} offline."
        )
    if not consent.covers(use):
        raise EndpointUnusableError(_not_allowed(use, settings, names))
    if not key.isascii() or not key.isprintable() or " " in key:
        raise EndpointUnusableError(
            f"The key in {use.variable} has characters that are invalid in a key. Set it again."
        )
    remember(key)
    return key


def find_headers(settings: Settings, consent: KeyConsent) -> dict[str, str]:
    """Return the headers of the `[request]` settings; none for the built-in model, which sends nothing.

    What comes from the environment is redacted from now on, and so are the values of headers that hold
    credentials by their names. Those of others are ordinary text, which an answer may well contain.

    Raises:
        EndpointUnusableError: A variable is not set or invalid, or the user has not allowed it for the
            endpoint.
    """
    if settings.is_offline:
        return {}
    variables = {use.variable: _variable(use, settings, consent) for use in header_uses(settings)}
    headers = settings.request.headers
    for secret in variables.values():
        remember(secret)
    for name, value in headers.items():
        if _OF_CREDENTIALS.search(name):
            for secret in _parts(filled(value, variables)):
                remember(secret)
    return {name.lower(): filled(value, variables) for name, value in headers.items()}


def _variable(use: KeyUse, settings: Settings, consent: KeyConsent) -> str:
    """Return the value of an environment variable that a header names."""
    value = os.environ.get(use.variable, "").strip()
    if not value:
        raise EndpointUnusableError(
            f"A header in [request] needs the environment variable {use.variable}, which is not set."
        )
    if not consent.covers(use):
        raise EndpointUnusableError(
            f"A header in [request] would send {use.variable} to {use.origin}, which you have not allowed"
            f" on this machine. To allow it, start once with {flag_of('base_url')}"
            f" {shlex.quote(settings.address)} {HEADER_FLAG} {use.variable}, or write {use.variable} ="
            f' ["{use.origin}"] below [{OWN_TABLE}] in {own_settings_path()}.'
        )
    if not value.isascii() or not value.isprintable():
        raise EndpointUnusableError(
            f"The value of {use.variable} has characters that are invalid in a header."
        )
    return value


def _parts(value: str) -> Iterator[str]:
    """Yield a credential as sent, without its scheme, and the value of each cookie: a server may echo any."""
    yield value
    yield value.partition(" ")[2].strip()
    for cookie in value.split(";"):
        yield cookie.partition("=")[2].strip()


def _not_allowed(use: KeyUse, settings: Settings, names: Names) -> str:
    model, url, variable = names
    if not use.can_be_told:
        return (
            f"{settings.address} gets no key: its host name may be misleading. Write the host in plain"
            f" ASCII in {url}, as in https://xn--bcher-kva.example/v1."
        )
    # Named as they are typed wherever this is shown: a program allows a key only at its start.
    address = f"{url} {shlex.quote(settings.address)}"
    options = as_flags(f"{model} {shlex.quote(settings.model)} {address} {variable} {use.variable}")
    return (
        f"The key in {use.variable} was not sent: you have not allowed it for {use.origin} on this"
        f" machine. Start with {options} to allow it."
    )
