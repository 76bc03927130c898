"""What the error statuses of an endpoint mean, as errors with a sentence for the user."""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

from selfinstruct.core.endpoint.connection_errors import sentence_case, wants_password
from selfinstruct.core.endpoint.context_limit import is_too_long
from selfinstruct.core.endpoint.credentials import Names
from selfinstruct.core.endpoint.error_bodies import ToldError
from selfinstruct.core.endpoint.key_consent import key_variable
from selfinstruct.core.endpoint.redaction import struck_text
from selfinstruct.core.endpoint.refusals import is_failed_generation, is_moderation, is_refusal
from selfinstruct.core.endpoint.route import Route
from selfinstruct.core.endpoint.send_error import SendError
from selfinstruct.core.settings.addresses import as_address, base_and_query
from selfinstruct.core.settings.model import Settings

# 413 is here for a rate limit: a request that is too long has been recognized before.
_TRANSIENT = frozenset({408, 409, 413, 425, 429})
NOTHING_THERE = frozenset({404, 405, 410, 501})
"""Statuses of an address where there is not what was asked for."""
_NOT_PAID = frozenset({"insufficient_quota", "billing_hard_limit_reached"})
_BAD_KEY = re.compile(
    r"\b(?:api|access)[ _-]?(?:key|token)\b.{0,30}\b(?:not valid|invalid|incorrect|expired)"
    r"|\b(?:invalid|incorrect|expired) (?:api|access)[ _-]?(?:key|token)",
    re.IGNORECASE,
)
_PAY = "Add credit, or use another key."
_LONGEST_WAIT_S = 120.0
_LONGEST_QUOTED = 200


@dataclass(frozen=True, slots=True)
class StatusErrors:
    """The errors for the statuses of one endpoint."""

    settings: Settings
    names: Names
    has_key: bool
    unknown: Callable[[int, str], str]
    """Returns the sentence for a status that says that there is no such model or API, and what was told."""

    def error(
        self, status: int, headers: Mapping[str, str], body: bytes, error: ToldError, route: Route
    ) -> SendError:
        """Return the error for a status, which may have been named in a response with status 200.

        Args:
            status: The status.
            headers: The headers of the response.
            body: As much of its body as is kept.
            error: The error in its body.
            route: The way that the request took; a proxy may have answered.
        """
        address = self.settings.address
        told = ended(f": {error.message}" if error.message else "")
        # A 5xx may come from a gateway while the server completes the request, and a 2xx may be billed.
        failed = SendError(
            f"The endpoint answered with status {status}{told}",
            status,
            body,
            free=300 <= status < 500,
            refused=is_refusal(status, error),
        )
        if 300 <= status < 400:
            failed.unusable = True
            failed.sentence = f"{address} {self._redirection(struck_text(headers.get('location', '')))}"
        elif status == 407 and route.proxy is not None:
            failed.unusable = True
            failed.sentence = wants_password(route)
            return failed
        elif _NOT_PAID & set(error.codes):
            failed.unusable = True
            failed.sentence = f"The quota of this key is used up{told} {_PAY}"
        elif status == 402:
            failed.unusable = True
            failed.sentence = f"{address} requires payment (status 402){told} {_PAY}"
        elif status == 401 or (status == 400 and _BAD_KEY.search(error.message)):
            failed.unusable = True
            what = "rejects the key" if self.has_key else "requires a key"
            failed.sentence = f"{address} {what} (status {status}){told} {self._key_advice()}"
        elif status == 403 and is_moderation(error):
            failed.sentence = f"What the request contains was refused by a moderation (status 403){told}"
        elif status == 403:
            failed.unusable = True
            failed.sentence = (
                f"The request to {address} was refused (status 403){told} {self._about_403(route)}"
            )
            return failed
        elif status in NOTHING_THERE:
            failed.unusable = True
            failed.sentence = self._no_provider(told) if failed.refused else self.unknown(status, told)
        elif is_failed_generation(status, error):
            # The tokens that were generated in vain may be billed.
            failed.transient, failed.free = True, False
        elif is_too_long(status, error):
            failed.too_long = True
        elif status in _TRANSIENT or status >= 500:
            failed.transient = True
            _note_wait(failed, headers)
        if route.may_answer:
            failed.sentence += f" {sentence_case(route.proxy_shown)} may have answered in its place."
        return failed

    def _no_provider(self, told: str) -> str:
        return (
            f"No provider of '{self.settings.model}' at {self.settings.address} takes such a request, even"
            f" with as few parameters as possible (status 404){told} Check body in [request] of"
            f" selfinstruct.toml, or choose another model with {self.names[0]}."
        )

    def _redirection(self, location: str) -> str:
        """Describe a redirect, with its target as a base URL for this endpoint where possible."""
        _, url, _ = self.names
        try:
            parts = urlsplit(urljoin(f"{base_and_query(self.settings.address)[0]}/", location))
            host = parts.netloc.rpartition("@")[2]
        except ValueError:
            host = ""
        if not location or not host or len(location) > _LONGEST_QUOTED:
            return f"redirects elsewhere. Check {url}."
        path = as_address(parts.path)
        return f"redirects to {parts.scheme}://{host}{path}. Set {url} to that address."

    def _about_403(self, route: Route) -> str:
        """List the possible causes of a 403, the likeliest first; it need not be the key."""
        name = key_variable(self.settings)
        key = (
            f"the key in {name} may not allow it"
            if name
            else f"it may require a key; {self.names[2]} names it"
        )
        if route.may_answer:
            proxy = sentence_case(route.proxy_shown)
            return (
                f"{proxy} may have answered in its place and not allow the host: allow it there, or"
                f" {route.without_proxy}. Otherwise, {key}."
            )
        return f"Possible causes: {key}, or something in between, such as a firewall, blocks the request."

    def _key_advice(self) -> str:
        name = key_variable(self.settings)
        return (
            f"Check the key in {name}."
            if name
            else f"Name the variable that holds its key with {self.names[2]}."
        )


def ended(said: str) -> str:
    """End a sentence that a server may have ended already."""
    return said if said.endswith((".", "!", "?")) else f"{said}."


def _note_wait(failed: SendError, headers: Mapping[str, str]) -> None:
    failed.retry_after_s = _retry_after(headers)
    if failed.retry_after_s is not None and failed.retry_after_s > _LONGEST_WAIT_S:
        failed.unusable = True
        failed.sentence += f" It asks to wait for {failed.retry_after_s:.0f} seconds; start again then."


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Parse Retry-After, a number of seconds or a date, into seconds; None if missing or invalid."""
    told = headers.get("retry-after", "")
    try:
        seconds = float(told)
    except ValueError:
        try:
            date = parsedate_to_datetime(told)
            # HTTP dates are in UTC.
            date = date if date.tzinfo else date.replace(tzinfo=UTC)
            seconds = max(0.0, date.timestamp() - time.time())
        except (ValueError, OverflowError):
            return None
    return seconds if 0 <= seconds < float("inf") else None
