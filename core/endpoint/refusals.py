"""Error responses that refuse a request for what it asks for, and those that only look like it. Pure."""

import re

from selfinstruct.core.endpoint.error_bodies import ToldError

REFUSALS = frozenset({400, 422, 500})
"""Statuses with which servers refuse a parameter; 500 is that of a validation inside llama-cpp-python."""

NO_PROVIDER = 404
"""The status with which a gateway says that none of its providers takes the parameters of a request."""

_OF_PARAMETERS = re.compile(
    r"\b(?:handle|support|accept|take|serve)\w*\b[^.]{0,60}\b(?:parameters?|response[ _]?format)\b"
    r"|\bparameters?\b[^.]{0,30}\bnot (?:supported|accepted|available)",
    re.IGNORECASE,
)
_FAILED_GENERATION = re.compile(
    r"\bjson_validate_failed\b|\bfailed to generate (?:a )?(?:valid )?json\b"
    r"|\bgenerated (?:json|output|response|text)\b[^.]{0,40}\b(?:not|invalid|fail)",
    re.IGNORECASE,
)
_MODERATION = re.compile(
    r"\b(?:input|prompt|content|message|text|request)s?\b[^.]{0,40}\b(?:flagged|violat)|requires moderation",
    re.IGNORECASE,
)


def is_refusal(status: int | None, error: ToldError) -> bool:
    """Whether a response refuses a request for its parameters, of which it may name some."""
    if status == NO_PROVIDER:
        return _OF_PARAMETERS.search(error.message) is not None
    return status in REFUSALS and not is_failed_generation(status, error)


def is_failed_generation(status: int | None, error: ToldError) -> bool:
    """Whether a response says that the model wrote no JSON of the wanted form: the next try may do better."""
    return status in REFUSALS and bool(_FAILED_GENERATION.search(f"{' '.join(error.codes)} {error.message}"))


def is_moderation(error: ToldError) -> bool:
    """Whether an error says that the content of one request was refused."""
    return error.flagged or _MODERATION.search(error.message) is not None
