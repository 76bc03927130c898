"""An endpoint: an address, its own key, its API kind. Sends one request once and returns its bytes."""

import asyncio
import json
import logging
import os
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC
from email.utils import parsedate_to_datetime
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from selfinstruct.core.endpoint.connection_errors import (
    connection_error,
    not_connected_within,
    sentence_case,
    wants_password,
    why,
)
from selfinstruct.core.endpoint.key_consent import KeyConsent, KeyUse, key_use, key_variable
from selfinstruct.core.endpoint.open_files import room_for
from selfinstruct.core.endpoint.redaction import longest_form, remember, remember_proxies, struck, struck_text
from selfinstruct.core.endpoint.responses import error_field, error_message, read_models
from selfinstruct.core.endpoint.route import Route, RouteError, client_options, route_to
from selfinstruct.core.endpoint.send_error import SendError
from selfinstruct.core.endpoint.throttle import Throttle
from selfinstruct.core.errors import EndpointUnusableError
from selfinstruct.core.setting_names import setting
from selfinstruct.core.settings.model import Settings, is_openai, origin_of
from selfinstruct.db.records import Parameters, Prompt

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI

MAX_BODY_BYTES = 16 * 1024 * 1024
"""An answer longer than this, unpacked, is not one to any request of ours."""

_BYTES_BESIDES = 1024 * 1024
_BYTES_A_TOKEN = 256
"""More than a token takes that is told twice, escaped."""

# The client finds out by the last one that the bytes themselves are wanted.
_OUR_HEADERS = frozenset(
    {
        "host",
        "accept",
        "accept-encoding",
        "connection",
        "content-type",
        "content-length",
        "user-agent",
        "x-stainless-raw-response",
    }
)
_OPENAI_HEADERS = frozenset({"openai-organization", "openai-project"})

MAX_KEPT_BYTES = 64 * 1024
"""How much is kept of what is no full answer with status 200."""

_CONNECT_TIMEOUT_S = 10.0
_ERROR_TIMEOUT_S = 10.0
"""How long the body of an error may take: its status has said the most."""

_TRANSIENT = frozenset({408, 409, 425, 429})
_NOTHING_THERE = frozenset({404, 405, 410, 501})
_TOO_LONG = frozenset({"context_length_exceeded", "string_above_max_length"})
_NOT_PAID = frozenset({"insufficient_quota", "billing_hard_limit_reached"})
_SHORTER = (
    f"Shorter examples in {setting('seeds')} or {setting('prompts')}, or a model with a larger context, may"
    " help."
)
_PAY = "Add credit, or use another key."
_LONGEST_WAIT_S = 120.0
_LONGEST_QUOTED = 200


class Endpoint:
    """One model at one address, reached through the openai client.

    Args:
        settings: Where it is, and which key it gets.
        consent: What the user has said about keys.
        learned: Parameters that this model is known to have under another name, or (None) to refuse.

    Raises:
        EndpointUnusableError: it needs a key, and there is none, or nobody has said that it may have it.
    """

    _MODEL, _URL, _KEY = setting("model"), setting("base_url"), setting("api_key_env")
    """The settings that its sentences name."""

    def __init__(
        self,
        settings: Settings,
        *,
        consent: KeyConsent | None = None,
        learned: Mapping[str, str | None] = MappingProxyType({}),
    ) -> None:
        self.model = settings.model
        self.address = settings.address
        self.learned: dict[str, str | None] = dict(learned)
        """Parameters that this model knows by another name, or (None) refuses."""
        self.is_free = settings.is_free
        self.throttle = Throttle(room_for(settings.concurrency, endpoints=self._endpoints(settings)))
        """The slots for requests on their way."""
        self._settings = settings
        self._key = self._find_key(KeyConsent() if consent is None else consent)
        self._client: AsyncOpenAI | None = None
        self._route = Route("", is_encrypted=False)

    @staticmethod
    def _endpoints(settings: Settings) -> int:
        """How many endpoints share what connections there are."""
        return 1 if settings.embeddings is None else 2

    def adapt(self, parameters: Parameters) -> Parameters:
        """The parameters under the names that this model knows, without those that it refuses."""
        adapted: Parameters = {}
        for name, value in parameters.items():
            known_as = self.learned.get(name, name)
            if known_as is not None:
                adapted[known_as] = value
        return adapted

    async def send(self, prompt: Prompt, parameters: Parameters) -> bytes:
        """Send a request once; returns the bytes of the full answer with status 200.

        Raises:
            SendError: there was no full answer with status 200.
        """
        client = await self._open()
        return await self._receive(self._call(client, prompt, parameters), _longest(parameters))

    def _call(self, client: "AsyncOpenAI", prompt: Prompt, parameters: Parameters) -> Any:
        # extra_body, because servers of the same kind know parameters that OpenAI's own does not. The prompt
        # goes there, too: given by its name, the client would look at every piece of it for its type.
        create: Any
        asked: dict[str, Any]
        if self._settings.api == "chat":
            create, asked = client.chat.completions.with_streaming_response.create, {"messages": []}
        else:
            create, asked = client.completions.with_streaming_response.create, {"prompt": ""}
        return create(model=self.model, **asked, extra_body={**dict.fromkeys(asked, prompt), **parameters})

    async def models(self) -> list[str]:
        """The names of the models at this address; none when the server does not tell.

        Raises:
            SendError: there was no full answer with status 200.
        """
        client = await self._open()
        return read_models(await self._receive(client.models.with_streaming_response.list(), MAX_BODY_BYTES))

    async def _receive(self, call: Any, longest: int) -> bytes:
        """Read what is answered to a call, which may take as long as the settings say.

        What came of an answer that is not full, or longer than `longest` bytes, is in the error.
        """
        from openai import APIConnectionError, APITimeoutError  # noqa: PLC0415 - 0.5 s

        timeout_s = self._settings.timeout_s
        body = bytearray()
        try:
            async with asyncio.timeout(timeout_s), call as response:
                async for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > longest:
                        sentence = f"The answer is longer than any to this request: {longest:,} bytes."
                        raise SendError(sentence, 200, _kept(body))
        except (TimeoutError, APITimeoutError, _http_module().TimeoutException) as error:
            if type(error.__cause__).__name__ == "ConnectTimeout":
                raise not_connected_within(self._connect_timeout_s, self._route) from None
            sentence = f"No full answer came within {timeout_s:g} seconds."
            raise SendError(sentence, _status(body), _kept(body), transient=True) from None
        except _http_module().HTTPError as error:
            sentence = f"The connection broke inside the answer: {why(error)}."
            raise SendError(sentence, 200, _kept(body), transient=True) from None
        except APIConnectionError as error:
            raise connection_error(error.__cause__ or error, self._route) from None
        return struck(bytes(body))

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def _open(self) -> "AsyncOpenAI":
        if self._client is None:
            # In a thread: a person who types meanwhile is not kept waiting.
            await asyncio.to_thread(import_module, "openai")
        if self._client is None:
            from openai import AsyncOpenAI, DefaultAsyncHttpx2Client, Timeout  # noqa: PLC0415 - 0.5 s

            _keep_quiet()
            http_client = DefaultAsyncHttpx2Client(
                follow_redirects=False,
                event_hooks={"request": [self._clean_headers], "response": [self._raise_for_status]},
                **self._client_options(),
            )
            try:
                self._client = AsyncOpenAI(
                    api_key=self._key or "none",
                    base_url=self.address,
                    max_retries=0,
                    timeout=Timeout(self._settings.timeout_s, connect=self._connect_timeout_s),
                    http_client=http_client,
                )
            except _http_module().InvalidURL as error:
                await http_client.aclose()
                sentence = f"{self.address} is no web address: {why(error)}. Give another with {self._URL}."
                raise SendError(sentence, free=True, unusable=True) from None
        return self._client

    @property
    def _connect_timeout_s(self) -> float:
        return min(_CONNECT_TIMEOUT_S, self._settings.timeout_s)

    def _client_options(self) -> dict[str, Any]:
        """Who answers: the built-in model, or whom the route leads to."""
        if self._settings.is_offline:
            from selfinstruct.core.offline.transport import OfflineTransport  # noqa: PLC0415 - only this model needs it

            transport = OfflineTransport(self._settings.rng_seed, self._settings.language)
            return {"trust_env": False, "transport": transport}
        remember_proxies()
        try:
            self._route = route_to(self.address)
            return client_options(self._route)
        except RouteError as error:
            raise SendError(struck_text(str(error)), free=True, unusable=True) from None

    async def _clean_headers(self, request: "httpx2.Request") -> None:
        """Let nothing from the environment through to a host that it was not meant for."""
        allowed = _OUR_HEADERS | (_OPENAI_HEADERS if is_openai(self.address) else frozenset())
        for name in set(request.headers.keys()) - allowed:
            del request.headers[name]
        # The client reads addresses with a parser of its own.
        if self._key and origin_of(str(request.url)) == origin_of(self.address):
            request.headers["authorization"] = f"Bearer {self._key}"

    async def _raise_for_status(self, response: "httpx2.Response") -> None:
        """Raise for all but a full answer, and read no more of an error than is worth keeping."""
        if response.status_code == 200:
            return
        body = bytearray()
        # A key that the end of what is kept would cut in two is to be known for what it is.
        most = MAX_KEPT_BYTES + longest_form()
        # Its status and what has come of it count, however it ends.
        with suppress(TimeoutError, _http_module().HTTPError):
            async with asyncio.timeout(_ERROR_TIMEOUT_S):
                async for chunk in response.aiter_bytes():
                    body += chunk[: most - len(body)]
                    if len(body) >= most:
                        break
        kept = struck(bytes(body))[:MAX_KEPT_BYTES]
        raise self._status_error(response.status_code, response.headers, kept)

    def _status_error(self, status: int, headers: Mapping[str, str], body: bytes) -> SendError:
        said = error_message(body)
        told = f": {said}" if said else ""
        told += "" if told.endswith((".", "!", "?")) else "."
        codes = {error_field(body, "code"), error_field(body, "type")}
        # What a gateway answers in the place of a server (5xx) says nothing of what the server has done, and
        # an answer that was made (2xx) may be charged.
        failed = SendError(
            f"The endpoint answered with status {status}{told}", status, body, free=300 <= status < 500
        )
        if 300 <= status < 400:
            failed.unusable = True
            location = struck_text(headers.get("location", ""))
            failed.sentence = f"{self.address} {self._redirection(location)}"
        elif status == 407 and self._route.proxy is not None:
            failed.unusable = True
            failed.sentence = wants_password(self._route)
            return failed
        elif codes & _NOT_PAID:
            failed.unusable = True
            failed.sentence = f"The quota of this key is used up{told} {_PAY}"
        elif status == 402:
            failed.unusable = True
            failed.sentence = f"{self.address} wants to be paid (status 402){told} {_PAY}"
        elif status == 401:
            failed.unusable = True
            what = "refuses the key" if self._key else "wants a key"
            failed.sentence = f"{self.address} {what} (status {status}){told} {self._key_advice()}"
        elif status == 403:
            failed.unusable = True
            failed.sentence = (
                f"The request to {self.address} was refused (status 403){told} {self._about_403()}"
            )
        elif status in _NOTHING_THERE:
            failed.unusable = True
            failed.sentence = self._unknown(status, told)
        elif codes & _TOO_LONG:
            failed.sentence = f"The prompt is too long for this endpoint (status {status}){told} {_SHORTER}"
        elif status == 413:
            failed.sentence = f"The request is larger than is taken there (status 413){told} {_SHORTER}"
        elif status in _TRANSIENT or status >= 500:
            failed.transient = True
            failed.retry_after_s = _retry_after(headers)
            if failed.retry_after_s is not None and failed.retry_after_s > _LONGEST_WAIT_S:
                failed.unusable = True
                failed.sentence += (
                    f" It asks to wait for {failed.retry_after_s:.0f} seconds; start again then."
                )
        if self._route.may_answer:
            failed.sentence += f" {sentence_case(self._route.proxy_shown)} may have answered in its place."
        return failed

    def _unknown(self, status: int, told: str) -> str:
        api = self._settings.api
        return (
            f"{self.address} knows no model '{self.model}', or has no {api} API (status {status}){told}"
            f" Check {self._MODEL}, {self._URL} (it often ends in /v1) and {setting('api')}."
        )

    def _redirection(self, location: str) -> str:
        """Where an answer redirects to, as an address for this endpoint."""
        try:
            parts = urlsplit(urljoin(f"{self.address}/", location))
            host = parts.netloc.rpartition("@")[2]
        except ValueError:
            host = ""
        if not location or not host or len(location) > _LONGEST_QUOTED:
            return f"redirects elsewhere. Check {self._URL}."
        path = parts.path.removesuffix("/completions").removesuffix("/chat").rstrip("/")
        return f"redirects to {parts.scheme}://{host}{path}. Give that address with {self._URL}."

    def advice(self, error: SendError) -> str:
        """The sentences for an error after which no other request will fare better."""
        if error.throttles and not error.unusable:
            return (
                f"{error.sentence} It has refused {self.throttle.refused_in_a_row} attempts in a row. Start"
                f" again later, perhaps with a lower {setting('concurrency')}."
            )
        if not error.unreachable:
            return error.sentence
        return f"{self.address} cannot be reached. {error.sentence} {error.advice or self._reach_advice()}"

    def _reach_advice(self) -> str:
        return (
            f"Check that the server runs and that {self._URL} is its address, or try the built-in model with"
            f" {self._MODEL} offline."
        )

    def _about_403(self) -> str:
        """What may be behind a refusal that need not be about the key."""
        name = key_variable(self._settings)
        key = (
            f"the key in {name} may not allow it" if name else f"a key may be wanted, which {self._KEY} names"
        )
        return (
            f"That can have several causes: {key}, or something on the way, such as a firewall, forbids it."
        )

    def _key_advice(self) -> str:
        name = key_variable(self._settings)
        return (
            f"Check the key in {name}." if name else f"Name the variable that holds its key with {self._KEY}."
        )

    def _find_key(self, consent: KeyConsent) -> str | None:
        use = key_use(self._settings)
        if use is None:
            return None
        key = os.environ.get(use.variable, "").strip()
        if not key:
            raise EndpointUnusableError(
                f"{self.address} needs a key, and {use.variable} is not set. Set it, name another endpoint"
                f" with {self._URL}, or try the built-in model with {self._MODEL} offline."
            )
        if not consent.covers(use):
            raise EndpointUnusableError(self._not_allowed(use))
        if not key.isascii() or not key.isprintable() or " " in key:
            raise EndpointUnusableError(
                f"The key in {use.variable} has characters that no key has. Set it again."
            )
        remember(key)
        return key

    def _not_allowed(self, use: KeyUse) -> str:
        if not use.can_be_told:
            return (
                f"{self.address} gets no key: its host may not be what it looks like. Write the host in plain"
                f" ASCII in {self._URL}, as in https://xn--bcher-kva.example/v1."
            )
        return (
            f"The key in {use.variable} was not sent: you have not said on this machine that it may go to"
            f" {use.origin}. If it may, name them together: {self._MODEL} {self.model} {self._URL}"
            f" {self.address} {self._KEY} {use.variable}"
        )

    def learn(self, error: SendError, sent: Parameters) -> dict[str, str | None]:
        """What an error taught about the parameters, so that sending again may help; empty: nothing."""
        if error.http_status not in {400, 422}:
            return {}
        said, named = error_message(error.body), error_field(error.body, "param")
        if "max_tokens" in sent and "max_completion_tokens" in said:
            return self._note({"max_tokens": "max_completion_tokens"})
        droppable = [name for name in sent if name not in {"max_tokens", "max_completion_tokens"}]
        refused = [
            name
            for name in droppable
            if name == named or (not named and re.search(f"['\"`]{name}['\"`]", said))
        ]
        return self._note(dict.fromkeys(refused))

    def _note(self, learned: dict[str, str | None]) -> dict[str, str | None]:
        self.learned |= learned
        return learned


def _longest(parameters: Parameters) -> int:
    """More bytes than the answer to a request with these parameters can have."""
    tokens = parameters.get("max_tokens", parameters.get("max_completion_tokens"))
    if not isinstance(tokens, int):
        return MAX_BODY_BYTES
    return min(MAX_BODY_BYTES, _BYTES_BESIDES + _BYTES_A_TOKEN * tokens)


def _kept(body: bytearray) -> bytes:
    return struck(bytes(body[: MAX_KEPT_BYTES + longest_form()]))[:MAX_KEPT_BYTES]


def _status(body: bytearray) -> int | None:
    """The status of an answer of which this much has come; only one with status 200 is read that far."""
    return 200 if body else None


def _keep_quiet() -> None:
    """Have no library log what it sends and gets, whatever OPENAI_LOG says: a server may repeat a key."""
    for name in ("openai", "httpx2", "httpcore2"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, which a server gives as such or as a date."""
    told = headers.get("retry-after", "")
    try:
        seconds = float(told)
    except ValueError:
        try:
            date = parsedate_to_datetime(told)
            # A date without a zone is in that of HTTP.
            date = date if date.tzinfo else date.replace(tzinfo=UTC)
            seconds = max(0.0, date.timestamp() - time.time())
        except (ValueError, OverflowError):
            return None
    return seconds if 0 <= seconds < float("inf") else None


def _http_module() -> Any:
    import httpx2  # noqa: PLC0415 - comes with openai, and is as heavy

    return httpx2


def prompt_bytes(prompt: Prompt) -> int:
    """The length of a prompt as it is sent, in bytes."""
    return len(json.dumps(prompt, ensure_ascii=False).encode())
