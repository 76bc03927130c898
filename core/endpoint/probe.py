"""Connection test: sends an endpoint a tiny request before any settings are applied.

The request is not part of a workspace: it is not stored, and its cost is not counted there. The caller that
shows the result should show its cost.
"""

import difflib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from selfinstruct.core.endpoint.client import Endpoint
from selfinstruct.core.endpoint.key_consent import KeyConsent
from selfinstruct.core.endpoint.responses import (
    AnswerError,
    NoCompletionError,
    NothingSaidError,
    read_answer,
    read_told,
)
from selfinstruct.core.endpoint.send_error import SendError
from selfinstruct.core.errors import SelfInstructError
from selfinstruct.core.setting_names import setting
from selfinstruct.core.settings.addresses import usual_end
from selfinstruct.core.settings.model import Settings
from selfinstruct.core.settings.prices import Prices
from selfinstruct.db.records import Parameters, Prompt

_QUESTION = "Answer with one word: ready."
_BEGINNING = "One, two, three,"
_TOKENS = 16
_LIST_TIMEOUT_S = 10.0
_MOST_NAMED = 6
_NO_LIST = {404, 405, 501}
"""HTTP statuses of servers that do not list their models."""


@dataclass(frozen=True, slots=True)
class Connected:
    """The result of a successful connection test."""

    model: str
    """The model that answered, which need not be the one asked for."""
    seconds: float
    prompt_tokens: int | None
    completion_tokens: int | None
    cost_usd: float | None
    """None when the price or the tokens are unknown."""
    thinks: bool
    """Whether the model used up the token limit on thoughts, before its answer."""


class ConnectionFailedError(SelfInstructError):
    """The connection test got no usable response.

    Args:
        sentence: What is wrong, and what to do.
        models: Names of the server's models if it lists them, the closest matches first.
    """

    def __init__(self, sentence: str, models: tuple[str, ...] = ()) -> None:
        super().__init__(sentence)
        self.models = models


async def try_connection(
    settings: Settings,
    *,
    consent: KeyConsent | None = None,
    timer: Callable[[], float] = time.perf_counter,
) -> Connected:
    """Ask the model of these settings for one word. Can be cancelled at any time.

    Args:
        settings: Settings to test; they need not belong to a workspace.
        consent: Which hosts the user allows to get which key.
        timer: Returns the current time in seconds.

    Raises:
        ConnectionFailedError: There was no usable response.
        EndpointUnusableError: The endpoint needs a key that it cannot have.
    """
    endpoint = Endpoint(settings, consent=consent)
    begun = timer()
    try:
        body = await _ask(endpoint, settings)
        seconds = timer() - begun
        thinks = _is_silent(body, settings)
    except SendError as error:
        sentence = f"{endpoint.advice(error)}{_more_advice(error)}"
        unknown = error.http_status is not None and 400 <= error.http_status < 500
        if not unknown or error.http_status in {401, 403, 429}:
            raise ConnectionFailedError(sentence) from None
        models = await models_at(settings, consent)
        raise ConnectionFailedError(f"{sentence}{_named(settings, models)}", tuple(models)) from None
    except NoCompletionError as error:
        end = usual_end(settings.address)
        raise ConnectionFailedError(
            f"{settings.address} answered, but not like a model. {error} Check that {setting('base_url')}"
            f" is the address of its API{f': {end}' if end else ''}."
        ) from None
    except AnswerError as error:
        raise ConnectionFailedError(f"{settings.address} answered without a text. {error}") from None
    finally:
        await endpoint.close()
    told = read_told(body)
    return Connected(
        told.model or settings.model,
        seconds,
        told.prompt_tokens,
        told.completion_tokens,
        Prices(settings).cost(told.prompt_tokens, told.completion_tokens),
        thinks,
    )


async def models_offered(settings: Settings, consent: KeyConsent | None = None) -> list[str]:
    """List the models of the server of these settings, without calling any of them.

    Empty if the server does not list its models.

    Raises:
        ConnectionFailedError: There was no usable response.
        EndpointUnusableError: The endpoint needs a key that it cannot have.
    """
    quick = settings.model_copy(update={"timeout_s": min(settings.timeout_s, _LIST_TIMEOUT_S)})
    endpoint = Endpoint(quick, consent=consent)
    try:
        return await endpoint.models()
    except SendError as error:
        if error.http_status in _NO_LIST:
            return []
        raise ConnectionFailedError(f"{endpoint.advice(error)}{_more_advice(error)}") from None
    finally:
        await endpoint.close()


async def models_at(settings: Settings, consent: KeyConsent | None = None) -> list[str]:
    """List the models of the server of these settings, the closest matches of the model's name first.

    Empty if the server does not list its models, or cannot be reached.

    Raises:
        EndpointUnusableError: The endpoint needs a key that it cannot have.
    """
    try:
        models = await models_offered(settings, consent)
    except ConnectionFailedError:
        return []
    near = difflib.get_close_matches(settings.model, models, n=_MOST_NAMED, cutoff=0.4)
    return list(dict.fromkeys([*near, *models]))


async def _ask(endpoint: Endpoint, settings: Settings) -> bytes:
    prompt: Prompt = _BEGINNING if settings.api == "completions" else [{"role": "user", "content": _QUESTION}]
    parameters: Parameters = {"temperature": 0, "max_tokens": _TOKENS + settings.thinking_tokens}
    while True:
        adapted = endpoint.adapt(parameters)
        try:
            return await endpoint.send(prompt, adapted)
        except SendError as error:
            if not endpoint.learn(error, parameters, adapted):
                raise


def _is_silent(body: bytes, settings: Settings) -> bool:
    """Whether the model produced only thoughts.

    Raises:
        AnswerError: There is no text for another reason.
    """
    try:
        read_answer(body, settings.api)
    except NothingSaidError:
        return True
    return False


def _more_advice(error: SendError) -> str:
    if error.unreachable or error.unusable or not error.transient:
        return ""
    if error.http_status is None:
        return " Try again: the server may still be loading its model. A higher timeout_s waits longer."
    return " This may be temporary: try again in a moment."


def _named(settings: Settings, models: list[str]) -> str:
    if not models:
        return ""
    if settings.model in models:
        other = "completions" if settings.api == "chat" else "chat"
        return f" It does have '{settings.model}', so it may need {setting('api')} {other}."
    return f" Its models are: {listed(models)}."


def listed(models: Sequence[str]) -> str:
    """Join the first few model names, and say how many more there are."""
    named = ", ".join(models[:_MOST_NAMED])
    more = len(models) - _MOST_NAMED
    return f"{named}{f' and {more} more' if more > 0 else ''}"
