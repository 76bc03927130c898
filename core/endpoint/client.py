"""The HTTP client of an endpoint: an address, its key and its API. Sends a request once, without retries."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from selfinstruct.core.answer_schemas import RESPONSE_FORMAT
from selfinstruct.core.endpoint.answer_forms import FORM, AnswerForms
from selfinstruct.core.endpoint.connection_errors import (
    connection_error,
    not_connected_within,
    why,
)
from selfinstruct.core.endpoint.context_limit import context_limit, is_about_rate, smaller, too_long
from selfinstruct.core.endpoint.credentials import find_headers, find_key
from selfinstruct.core.endpoint.deadline import deadline
from selfinstruct.core.endpoint.json_post import posted
from selfinstruct.core.endpoint.key_consent import KeyConsent
from selfinstruct.core.endpoint.open_files import room_for
from selfinstruct.core.endpoint.redaction import longest_form, remember_proxies, struck, struck_text
from selfinstruct.core.endpoint.refusals import NO_PROVIDER
from selfinstruct.core.endpoint.refused_parameters import Lessons, adapted, concerning, lessons, without_one
from selfinstruct.core.endpoint.responses import error_in_answer, read_error, read_models, read_told
from selfinstruct.core.endpoint.route import Route, RouteError, client_options, route_to
from selfinstruct.core.endpoint.send_error import SendError
from selfinstruct.core.endpoint.status_errors import StatusErrors, ended
from selfinstruct.core.endpoint.throttle import Throttle
from selfinstruct.core.setting_names import setting
from selfinstruct.core.settings.addresses import base_and_query, usual_end, wants_azure_key
from selfinstruct.core.settings.model import Settings, is_openai, origin_of
from selfinstruct.db.records import Parameters, Prompt, Stage

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI

MAX_BODY_BYTES = 16 * 1024 * 1024
"""Upper bound on the decompressed size of any response, in bytes."""

_BYTES_BESIDES = 1024 * 1024
_BYTES_A_TOKEN = 256
_BYTES_A_CHUNK = 2048
"""Upper bounds on the bytes per token, in a whole answer and in a streamed one.

They allow for JSON escapes and for text that is sent twice.
"""

# The openai client reads the last header to know that the caller wants raw bytes.
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
"""Maximum bytes stored of an error body or an incomplete response."""

_CONNECT_TIMEOUT_S = 10.0
_ERROR_TIMEOUT_S = 10.0
"""Seconds to wait for the body of an error; the status already says most of it."""

_BYTES_A_SECOND = 100_000
"""How slow an upload may be."""

_MOST_LESSONS = 32
"""Upper bound on what is learned, so that a server cannot keep a request going with ever new wishes."""
_SHORTER = f"Use shorter examples in {setting('seeds')} or {setting('prompts')}"


class Endpoint:
    """A model at an address, called through the openai client.

    Args:
        settings: Model, address, API and key variable.
        consent: Which hosts the user allows to get which key.
        learned: What is known about its parameters (`core/endpoint/refused_parameters.py`).

    Raises:
        EndpointUnusableError: It needs a key that is not set, or that the user has not allowed for it.
    """

    _MODEL, _URL, _KEY = setting("model"), setting("base_url"), setting("api_key_env")
    """References to the settings that messages name."""

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
        """What is known about its parameters."""
        self.has_warned = False
        """Whether the person has been told that requests are too long for this model."""
        self._unconfirmed: Lessons = {}
        self._forms = AnswerForms(
            settings.answers, self.learned, is_set=RESPONSE_FORMAT in settings.request.body
        )
        self.is_free = settings.is_free
        self.throttle = Throttle(room_for(settings.concurrency, endpoints=self._endpoints(settings)))
        """Limits the number of requests in flight."""
        self._settings = settings
        consent = KeyConsent() if consent is None else consent
        names = (self._MODEL, self._URL, self._KEY)
        self._key = find_key(settings, consent, names=names)
        self._headers = find_headers(settings, consent)
        self._client: AsyncOpenAI | None = None
        self._allowed = _OUR_HEADERS | (_OPENAI_HEADERS if is_openai(self.address) else frozenset())
        self._ours: dict[str, bool] = {}
        """The URLs that requests were sent to, and whether each leads to the endpoint's host."""
        self._route = Route("", is_encrypted=False)
        self._errors = StatusErrors(settings, names, bool(self._key), self._unknown)

    @staticmethod
    def _endpoints(settings: Settings) -> int:
        """Return the number of endpoints that share the available connections."""
        return 1 if settings.embeddings is None else 2

    def adapt(self, parameters: Parameters) -> Parameters:
        """Apply the settings and what is known about this model: rename, leave out, bound, add parameters."""
        request = self._settings.request
        known = adapted(self._forms.apply(parameters), {**self.learned, **dict.fromkeys(request.leave_out)})
        return {**known, **request.body}

    async def send(self, prompt: Prompt, parameters: Parameters) -> bytes:
        """Send a request once; returns the body of the complete response with status 200.

        Raises:
            SendError: There was no complete response with status 200.
        """
        client = await self._open()
        try:
            call = self._call(client, prompt, parameters)
            body, headers = await self._receive(call, _longest(parameters))
            self._raise_for_error(body, headers)
        except SendError as error:
            self._explain(error, parameters)
            raise
        return body

    def body_of(self, prompt: Prompt, parameters: Parameters) -> dict[str, Any]:
        """Return the JSON body of a request, as `send` sends it."""
        return {"model": self.model, self._prompt_field: prompt, **parameters}

    def error_in(self, status: int, body: bytes, parameters: Parameters) -> SendError | None:
        """Return the error of a response that came in a file, with its status; None if it has none.

        Args:
            status: The status that it would have had by itself.
            body: Its body.
            parameters: The parameters of its request, as sent.
        """
        try:
            if status == 200:
                self._raise_for_error(body, {})
                return None
            kept = body[:MAX_KEPT_BYTES]
            raise self._errors.error(status, {}, kept, read_error(kept), self._route)
        except SendError as error:
            self._explain(error, parameters)
            return error

    def _explain(self, error: SendError, parameters: Parameters) -> None:
        """Say what to do about an error that depends on the parameters as they were sent."""
        if error.too_long:
            self._name_the_limit(error, parameters)
        elif self._has_refused_json(error, parameters) and self._forms.simpler(parameters) is None:
            error.unusable = True
            error.sentence += f" It accepts no request for JSON: set {setting('answers')} to auto or text."

    def _name_the_limit(self, error: SendError, parameters: Parameters) -> None:
        """Say of a request that is too long what was asked for, and what could be lowered."""
        told, thinking = read_error(error.body), self._settings.thinking_tokens
        said = f" The endpoint says: {ended(told.message)}" if told.message else ""
        lower = "Lower thinking_tokens in selfinstruct.toml, or" if thinking else f"{_SHORTER}, or"
        if is_about_rate(told):
            what, other = "The request is larger than a rate limit of the endpoint allows", "raise that limit"
        else:
            what = too_long(told, parameters, thinking_tokens=thinking)
            other = "use a model with a larger context"
        error.sentence = f"{what} (status {error.http_status}). {lower} {other}.{said}"

    def with_less(self, error: SendError, sent: Parameters, stage: Stage) -> Parameters | None:
        """Return parameters for a request that was too long, for fewer tokens; None if none fit."""
        if not error.too_long:
            return None
        limit, thinking = context_limit(read_error(error.body)), self._settings.thinking_tokens
        return smaller(sent, limit, stage=stage, thinking_tokens=thinking)

    def _raise_for_error(self, body: bytes, headers: Mapping[str, str]) -> None:
        """Raise for a response with status 200 whose body reports an error with a status of its own."""
        error = error_in_answer(body)
        if error is None or error.status is None:
            return
        failed = self._errors.error(error.status, headers, body[:MAX_KEPT_BYTES], error, self._route)
        # An answer that was begun, or counted, may be billed all the same.
        failed.free = failed.free and read_told(body).completion_tokens in {None, 0}
        raise failed

    def _call(self, client: "AsyncOpenAI", prompt: Prompt, parameters: Parameters) -> Any:
        path = "/chat/completions" if self._settings.api == "chat" else "/completions"
        return posted(client, path, self.body_of(prompt, parameters))

    @property
    def _prompt_field(self) -> str:
        return "messages" if self._settings.api == "chat" else "prompt"

    async def models(self) -> list[str]:
        """List the names of the models at this address; empty if the response is no list of models.

        Raises:
            SendError: There was no complete response with status 200.
        """
        return read_models(await self.call(lambda client: client.models.with_streaming_response.list()))

    async def call(self, make: "Callable[[AsyncOpenAI], Any]", *, bytes_to_send: int = 0) -> bytes:
        """Make another call of the API than `send`; returns the body of its response with status 200.

        Args:
            make: Makes the call with the client, for a streaming response.
            bytes_to_send: The size of what it uploads, which may take longer than the timeout.

        Raises:
            SendError: There was no complete response with status 200.
        """
        client = await self._open()
        more_s = bytes_to_send / _BYTES_A_SECOND
        body, _ = await self._receive(make(client), MAX_BODY_BYTES, more_s=more_s)
        return body

    async def download(self, make: "Callable[[AsyncOpenAI], Any]") -> AsyncGenerator[bytes]:
        """Make a call of the API whose response is a file of any size; yields its complete lines.

        What comes after the last line break counts as a line too. The timeout of the settings is that of
        each piece.

        Raises:
            SendError: There was no response with status 200, or it broke off.
        """
        client, rest, timeout_s = await self._open(), bytearray(), self._settings.timeout_s
        async with AsyncExitStack() as stack:
            async with self._telling(rest, timeout_s), deadline(timeout_s):
                response = await stack.enter_async_context(make(client))
            pieces = response.iter_bytes()
            while True:
                async with self._telling(rest, timeout_s), deadline(timeout_s):
                    piece = await anext(pieces, None)
                if piece is None:
                    break
                *lines, last = (bytes(rest) + piece).split(b"\n")
                for line in lines:
                    yield struck(line)
                rest[:] = last
                if len(rest) > MAX_BODY_BYTES:
                    sentence = f"A line of the file is longer than {MAX_BODY_BYTES:,} bytes."
                    raise SendError(sentence, 200, _kept(rest))
        yield struck(bytes(rest))

    async def _receive(
        self, call: Any, longest: int, *, more_s: float = 0.0
    ) -> tuple[bytes, Mapping[str, str]]:
        """Read the body and the headers of the response to a call, within the timeout of the settings.

        The error for an incomplete response, or one above `longest` bytes, holds the bytes received.
        """
        timeout_s = self._settings.timeout_s + more_s
        body = bytearray()
        async with self._telling(body, timeout_s), deadline(timeout_s), call as response:
            headers: Mapping[str, str] = response.headers
            async for chunk in response.iter_bytes():
                body += chunk
                if len(body) > longest:
                    sentence = f"The answer is longer than this request allows: over {longest:,} bytes."
                    raise SendError(sentence, 200, _kept(body))
        return struck(bytes(body)), headers

    @asynccontextmanager
    async def _telling(self, body: bytearray, timeout_s: float) -> AsyncIterator[None]:
        """Raise the errors of the client as SendError, with what has been received into `body`."""
        from openai import APIConnectionError, APITimeoutError  # noqa: PLC0415 - 0.5 s

        try:
            yield
        except (TimeoutError, APITimeoutError, _http_module().TimeoutException) as error:
            if type(error.__cause__).__name__ == "ConnectTimeout":
                raise not_connected_within(self._connect_timeout_s, self._route) from None
            sentence = f"No complete answer arrived within {timeout_s:g} seconds."
            raise SendError(sentence, _status(body), _kept(body), transient=True) from None
        except _http_module().HTTPError as error:
            sentence = f"The connection broke during the answer: {why(error)}."
            raise SendError(sentence, 200, _kept(body), transient=True) from None
        except APIConnectionError as error:
            raise connection_error(error.__cause__ or error, self._route) from None

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def _open(self) -> "AsyncOpenAI":
        if self._client is None:
            # In a thread, because the import takes 0.5 s and would block key presses.
            await asyncio.to_thread(import_module, "openai")
        if self._client is None:
            from openai import AsyncOpenAI, DefaultAsyncHttpx2Client, Timeout  # noqa: PLC0415 - 0.5 s

            _keep_quiet()
            base, query = base_and_query(self.address)
            http_client = DefaultAsyncHttpx2Client(
                follow_redirects=False,
                event_hooks={"request": [self._clean_headers], "response": [self._raise_for_status]},
                **self._client_options(),
            )
            try:
                self._client = AsyncOpenAI(
                    api_key=self._key or "none",
                    base_url=base,
                    default_query=query,
                    max_retries=0,
                    # Reading has a deadline of ours, which does not expire while the program is stopped.
                    timeout=Timeout(None, connect=self._connect_timeout_s),
                    http_client=http_client,
                )
            except _http_module().InvalidURL as error:
                await http_client.aclose()
                sentence = f"{self.address} is not a valid URL: {why(error)}. Correct {self._URL}."
                raise SendError(sentence, free=True, unusable=True) from None
        return self._client

    @property
    def _connect_timeout_s(self) -> float:
        return min(_CONNECT_TIMEOUT_S, self._settings.timeout_s)

    def _client_options(self) -> dict[str, Any]:
        """Return the HTTP client's options: the built-in model's transport, or the route's proxy and TLS."""
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
        """Remove headers that the client took from the environment and that are not meant for this host."""
        headers = request.headers
        request.headers = type(headers)(
            [(name, value) for name, value in headers.raw if name.lower().decode() in self._allowed]
        )
        if not self._is_ours(str(request.url)):
            return
        if self._key:
            if wants_azure_key(self.address):
                request.headers["api-key"] = self._key
            else:
                request.headers["authorization"] = f"Bearer {self._key}"
        request.headers.update(self._headers)

    def _is_ours(self, url: str) -> bool:
        """Whether a URL leads to the endpoint's host: the HTTP client's parser may see another than ours."""
        if url not in self._ours:
            self._ours[url] = origin_of(url) == origin_of(self.address)
        return self._ours[url]

    async def _raise_for_status(self, response: "httpx2.Response") -> None:
        """Raise for any status but 200, with at most `MAX_KEPT_BYTES` of the error body."""
        if response.status_code == 200:
            return
        body = bytearray()
        # Read further than is kept, so that a key across that boundary is still recognized and redacted.
        most = MAX_KEPT_BYTES + longest_form()
        # The status and the bytes received are useful even if reading the body fails.
        with suppress(TimeoutError, _http_module().HTTPError):
            async with deadline(_ERROR_TIMEOUT_S):
                async for chunk in response.aiter_bytes():
                    body += chunk[: most - len(body)]
                    if len(body) >= most:
                        break
        kept = struck(bytes(body))[:MAX_KEPT_BYTES]
        raise self._errors.error(response.status_code, response.headers, kept, read_error(kept), self._route)

    def _unknown(self, status: int, told: str) -> str:
        api = self._settings.api
        end = usual_end(self.address)
        return (
            f"{self.address} knows no model '{self.model}', or has no {api} API (status {status}){told}"
            f" Check {self._MODEL}, {self._URL}{f' ({end})' if end else ''} and {setting('api')}."
        )

    def advice(self, error: SendError) -> str:
        """Describe an error that makes the endpoint unusable, and what the person can do about it."""
        if error.throttles and not error.unusable:
            return (
                f"{error.sentence} It has throttled {self.throttle.refused_in_a_row} attempts in a row. Try"
                f" again later, perhaps with a lower {setting('concurrency')}."
            )
        if not error.unreachable:
            return error.sentence
        return f"{self.address} cannot be reached. {error.sentence} {error.advice or self._reach_advice()}"

    def _reach_advice(self) -> str:
        return (
            f"Check that the server is running and that {self._URL} is its address, or try the built-in model"
            f" with {self._MODEL} offline."
        )

    def learn(self, error: SendError, planned: Parameters, sent: Parameters) -> bool:
        """Learn from a refusal how to send parameters; returns whether these are now sent differently.

        Args:
            error: Why the request failed.
            planned: Its parameters as planned.
            sent: The same as they were sent.
        """
        if not error.refused:
            return False
        # Unless the refusal of another request has taught it meanwhile.
        if self.adapt(planned) == sent and len(self.learned) <= _MOST_LESSONS:
            learned = self._lessons(error, sent)
            self.learned |= learned
            self._unconfirmed |= learned
        return self.adapt(planned) != sent

    def _lessons(self, error: SendError, sent: Parameters) -> Lessons:
        form = self._forms.simpler(sent)
        if self._has_refused_json(error, sent):
            return {} if form is None else {FORM: form}
        # What the person has set in the body stays as it is.
        kept = {*self._settings.request.body, RESPONSE_FORMAT}
        ours = {name: value for name, value in sent.items() if name not in kept}
        found = lessons(concerning(read_error(error.body), sent), ours, self.learned)
        if found or error.http_status != NO_PROVIDER:
            return found
        return without_one(ours, self.learned) if form is None else {FORM: form}

    def _has_refused_json(self, error: SendError, sent: Parameters) -> bool:
        return error.refused and error.http_status != NO_PROVIDER and self._forms.is_refused(error.body, sent)

    def confirmed(self) -> Lessons:
        """Return what has been learned since the last call, once a request has succeeded with it."""
        learned, self._unconfirmed = self._unconfirmed, {}
        return learned


def _longest(parameters: Parameters) -> int:
    """Return an upper bound on the response size for these parameters, in bytes."""
    tokens = parameters.get("max_tokens", parameters.get("max_completion_tokens"))
    if not isinstance(tokens, int):
        return MAX_BODY_BYTES
    each = _BYTES_A_CHUNK if parameters.get("stream") else _BYTES_A_TOKEN
    return min(MAX_BODY_BYTES, _BYTES_BESIDES + each * tokens)


def _kept(body: bytearray) -> bytes:
    return struck(bytes(body[: MAX_KEPT_BYTES + longest_form()]))[:MAX_KEPT_BYTES]


def _status(body: bytearray) -> int | None:
    """Return the status of a partial response: 200 if any body arrived, since other statuses raise before."""
    return 200 if body else None


def _keep_quiet() -> None:
    """Silence the libraries' request logs, even if OPENAI_LOG is set: a server may echo a key."""
    for name in ("openai", "httpx2", "httpcore2"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _http_module() -> Any:
    import httpx2  # noqa: PLC0415 - comes with openai, and is as heavy

    return httpx2
