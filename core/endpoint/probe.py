"""Tries an endpoint with one tiny request, before any settings are applied.

The request is no part of a workspace: it is not written down, and its cost is not counted there. Whoever
shows the outcome says what it cost.
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
from selfinstruct.core.settings.model import Settings
from selfinstruct.core.settings.prices import Prices
from selfinstruct.db.records import Parameters, Prompt

_QUESTION = "Answer with one word: ready."
_BEGINNING = "One, two, three,"
_TOKENS = 16
_LIST_TIMEOUT_S = 10.0
_MOST_NAMED = 6
_NO_LIST = {404, 405, 501}
"""What a server answers that has no list of its models."""


@dataclass(frozen=True, slots=True)
class Connected:
    """What the request brought."""

    model: str
    """The model that answered, which need not be the one asked for."""
    seconds: float
    prompt_tokens: int | None
    completion_tokens: int | None
    cost_usd: float | None
    """None when the price or the tokens are unknown."""
    thinks: bool
    """Whether the tokens were used up before anything was said."""


class ConnectionFailedError(SelfInstructError):
    """There was no answer that can be used: why, and what to try.

    Args:
        sentence: What is wrong, and what to do.
        models: The models that the server has, as far as it tells, the nearest name first.
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
    """Ask the model of these settings for a word. It can be cancelled at any time.

    Args:
        settings: Settings that need not be those of a workspace.
        consent: What the user has said about keys.
        timer: The present time in seconds.

    Raises:
        ConnectionFailedError: there was no answer that can be used.
        EndpointUnusableError: the endpoint needs a key that it cannot have.
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
        raise ConnectionFailedError(
            f"{settings.address} answered, but not as a model does. {error} Check that {setting('base_url')}"
            " is the address of its API: it often ends in /v1."
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
    """The models that the server of these settings has, as it lists them; no model is asked for anything.

    Empty when it does not tell.

    Raises:
        ConnectionFailedError: there was no answer that can be used.
        EndpointUnusableError: the endpoint needs a key that it cannot have.
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
    """The models that the server of these settings has, those with a name near the model's first.

    Empty when it does not tell.

    Raises:
        EndpointUnusableError: the endpoint needs a key that it cannot have.
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
            if not endpoint.learn(error, adapted):
                raise


def _is_silent(body: bytes, settings: Settings) -> bool:
    """Whether the model only thought.

    Raises:
        AnswerError: there is no text to be had for another reason.
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
        return " Try again: a server may load its model first. A higher timeout_s waits for longer."
    return " It may pass: try again in a moment."


def _named(settings: Settings, models: list[str]) -> str:
    if not models:
        return ""
    if settings.model in models:
        other = "completions" if settings.api == "chat" else "chat"
        return f" It does have '{settings.model}', so it may need {setting('api')} {other}."
    return f" Its models are: {listed(models)}."


def listed(models: Sequence[str]) -> str:
    """The first few names of models, and how many more there are."""
    named = ", ".join(models[:_MOST_NAMED])
    more = len(models) - _MOST_NAMED
    return f"{named}{f' and {more} more' if more > 0 else ''}"
