"""Parses response bodies, which are untrusted: from the exact bytes to the text. Pure."""

import json
from dataclasses import dataclass
from typing import Any

from selfinstruct.core.method.thoughts import spoken
from selfinstruct.core.setting_names import setting
from selfinstruct.core.util.storable_text import storable_text
from selfinstruct.db.records import AnyApi, ApiKind

_NOTHING_SAID = (
    "The token limit was used up before anything was said. For a model that thinks first, set"
    " thinking_tokens in selfinstruct.toml."
)

_LONGEST_TEXT = 1_000_000
"""Maximum characters of a response's text, above what any token limit allows, thoughts included."""

_MOST_PARTS = 100_000
"""Maximum lists and objects in a response; parsed, each takes about twenty times its size in the body."""

_LONGEST_NAME = 200
_LONGEST_MESSAGE = 500


@dataclass(frozen=True, slots=True)
class Answer:
    """The text of a response."""

    text: str
    cut: bool
    """Whether the token limit cut it off."""


@dataclass(frozen=True, slots=True)
class Told:
    """The metadata of a response; None for fields that it does not have."""

    model: str | None = None
    """The model that answered, which need not be the one asked for."""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class AnswerError(Exception):
    """A response with status 200 has no usable content; the message says why."""


class NoCompletionError(AnswerError):
    """What came is nothing that such an API answers with."""


class NothingSaidError(AnswerError):
    """The model used up the token limit on thoughts, before its answer."""


def read_answer(body: bytes, api: AnyApi) -> Answer:
    """Parse the JSON of a chat completion or a legacy completion.

    Characters that SQLite and terminals cannot hold (lone surrogates, NUL) are replaced by U+FFFD.

    Raises:
        AnswerError: The response has no text.
    """
    if api == "embeddings":
        raise AnswerError("An answer with vectors has no text.")
    document = read_object(body)
    choices = document.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise NoCompletionError("The answer has no choices.")
    choice: dict[str, Any] = choices[0]
    finish = choice.get("finish_reason")
    if finish == "content_filter":
        raise AnswerError("The endpoint's content filter withheld the answer.")
    cut = finish == "length"
    text = _text(choice, api, cut=cut)
    if len(text) > _LONGEST_TEXT:
        text, cut = text[:_LONGEST_TEXT], True
    text = storable_text(text)
    if cut and not spoken(text).strip():
        raise NothingSaidError(_NOTHING_SAID)
    return Answer(text, cut)


def read_object(body: bytes) -> dict[str, Any]:
    """Parse the JSON object of a response.

    Raises:
        AnswerError: The body is not a JSON object, or it reports an error.
    """
    document = _object(body)
    if document.get("error"):
        raise AnswerError(f"The endpoint reported an error in its answer: {_message(document['error'])}")
    return document


def read_told(body: bytes) -> Told:
    """Read the metadata of a response, even when it has no text; never raises."""
    try:
        document = _object(body)
    except AnswerError:
        return Told()
    usage = document.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    model = document.get("model")
    return Told(
        model=storable_text(model[:_LONGEST_NAME]) if isinstance(model, str) else None,
        prompt_tokens=_tokens(usage.get("prompt_tokens")),
        completion_tokens=_tokens(usage.get("completion_tokens")),
    )


def read_models(body: bytes) -> list[str]:
    """Read the names from a list of models; empty if the body is something else."""
    try:
        listed = _object(body).get("data")
    except AnswerError:
        return []
    ids = [one.get("id") for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return [storable_text(name[:_LONGEST_NAME]) for name in ids if isinstance(name, str) and name]


def error_message(body: bytes) -> str:
    """Read the message from an error body, as one line; "" if there is none."""
    try:
        document = _object(body)
    except AnswerError:
        return ""
    return _message(document.get("error") or document.get("detail") or document.get("message") or "")


def error_field(body: bytes, name: str) -> str:
    """Read a text field of the error object, such as `code` or `param`; "" if there is none."""
    try:
        error = _object(body).get("error")
    except AnswerError:
        return ""
    value = error.get(name) if isinstance(error, dict) else None
    return storable_text(value[:_LONGEST_NAME]) if isinstance(value, str) else ""


def _object(body: bytes) -> dict[str, Any]:
    if body.count(b"[") + body.count(b"{") > _MOST_PARTS:
        raise NoCompletionError("The answer has more parts than any answer to our requests.")
    try:
        document = json.loads(body.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise NoCompletionError("The answer is not UTF-8 text.") from None
    except (ValueError, RecursionError):
        raise NoCompletionError(_what_else(body)) from None
    if not isinstance(document, dict):
        begins = storable_text(body[:40].decode(errors="replace"))
        raise NoCompletionError(f"The answer is JSON, but not an object: {begins}")
    return document


def _what_else(body: bytes) -> str:
    """Describe a response body that is not JSON."""
    begins = body[:1000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not begins:
        return "The answer is empty."
    if begins.startswith((b"<!doctype", b"<html")):
        return f"The answer is a web page, not JSON. Check {setting('base_url')}: it often ends in /v1."
    if begins.startswith((b"data:", b"event:", b"id:", b":")):
        return (
            "The answer is a stream of events, not JSON: the endpoint streams although it was not asked to."
        )
    return "The answer is not JSON."


def _text(choice: dict[str, Any], api: ApiKind, *, cut: bool) -> str:
    if api == "completions":
        text = choice.get("text")
    else:
        message = choice.get("message")
        message = message if isinstance(message, dict) else {}
        text = message.get("content")
        if text is None and isinstance(message.get("refusal"), str):
            raise AnswerError(f"The model refused: {_message(message['refusal'])}")
        if isinstance(text, list):
            text = _joined(text)
    if not isinstance(text, str):
        raise NothingSaidError(_NOTHING_SAID) if cut else AnswerError("The answer has no text.")
    return text


def _joined(parts: list[Any]) -> str | None:
    """Join the text parts of a response, without thoughts; None if it has no text part."""
    texts = [part.get("text") for part in parts if isinstance(part, dict) and part.get("type") == "text"]
    known = [text for text in texts if isinstance(text, str)]
    return "".join(known) if known else None


def _message(error: object) -> str:
    if isinstance(error, dict):
        error = error.get("message") or error.get("code") or error
    try:
        told = error if isinstance(error, str) else json.dumps(error)
    except RecursionError:
        return ""
    # Cut a huge message before splitting it, to bound the work; then cut the result to its length.
    return storable_text(" ".join(told[: 4 * _LONGEST_MESSAGE].split())[:_LONGEST_MESSAGE])


def _tokens(value: object) -> int | None:
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53
    return value if is_count and isinstance(value, int) else None
