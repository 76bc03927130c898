"""Parses response bodies, which are untrusted: from the exact bytes to the text. Pure."""

import json
from dataclasses import dataclass
from typing import Any

from selfinstruct.core.endpoint.error_bodies import ToldError, error_beside, one_line, told_error
from selfinstruct.core.endpoint.finish_reasons import ending, is_token_limit
from selfinstruct.core.endpoint.reasoning_fields import REASONING_FIELDS, holds_reasoning, reasoning_of
from selfinstruct.core.endpoint.streams import is_stream, put_together
from selfinstruct.core.endpoint.usage import completion_tokens, prompt_tokens
from selfinstruct.core.method.thoughts import spoken, thoughts_in
from selfinstruct.core.setting_names import setting
from selfinstruct.core.util.storable_text import storable_text
from selfinstruct.db.records import AnyApi, ApiKind

_NOTHING_SAID = (
    "The token limit was used up before anything was said. For a model that thinks first, set"
    " thinking_tokens in selfinstruct.toml."
)
_ONLY_THOUGHTS_AT_LIMIT = (
    "The token limit was used up by the model's thoughts, before its answer. Set or raise thinking_tokens in"
    " selfinstruct.toml."
)
_ONLY_THOUGHTS = (
    "The answer holds the model's thoughts and no text. If they are the answer itself, the server's reasoning"
    " parser does not fit the model: turn it off there."
)
_STOPPED_AFTER_THOUGHTS = "The model stopped after its thoughts, without an answer."

_LONGEST_TEXT = 1_000_000
"""Maximum characters of a response's text, above what any token limit allows, thoughts included."""

_MOST_PARTS = 100_000
"""Maximum lists and objects in a response; parsed, each takes about twenty times its size in the body."""

_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """The text of a response."""

    text: str
    cut: bool
    """Whether it ends before its end: the token limit cut it off, or something else did."""
    at_token_limit: bool = False
    """Whether the endpoint says that it was the token limit."""


@dataclass(frozen=True, slots=True)
class Told:
    """The metadata of a response; None for fields that it does not have."""

    model: str | None = None
    """The model that answered, which need not be the one asked for."""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    """Those of thoughts included."""


class AnswerError(Exception):
    """A response with status 200 has no usable content; the message says why."""


class NoCompletionError(AnswerError):
    """What came is nothing that such an API answers with."""


class NoTextError(AnswerError):
    """A whole completion holds no text."""


class OnlyThoughtsError(NoTextError):
    """A whole completion holds reasoning and no text."""


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
    how = ending(finish)
    if how == "withheld":
        raise AnswerError("The endpoint's content filter withheld the answer.")
    cut = how == "cut"
    text = _text(choice, api)
    if not (text or "").strip() and how == "whole":
        text = _misplaced_json(choice) or text
    if not (text or "").strip() and holds_reasoning(choice):
        # Nothing tells a list of tasks that is an answer from one that is weighed.
        raise _nothing_said(finish, _ONLY_THOUGHTS_AT_LIMIT) if cut else OnlyThoughtsError(_ONLY_THOUGHTS)
    if text is None:
        raise _nothing_said(finish) if cut else NoTextError("The answer has no text.")
    if len(text) > _LONGEST_TEXT:
        text, cut = text[:_LONGEST_TEXT], True
    text = storable_text(text)
    if (cut or text.strip()) and not spoken(text).strip():
        raise _nothing_said(finish) if cut else AnswerError(_STOPPED_AFTER_THOUGHTS)
    return Answer(text, cut, at_token_limit=is_token_limit(finish))


def read_thoughts(body: bytes, api: AnyApi) -> str:
    """Read the thoughts that came with an answer, in fields of their own or in its text; empty without any.

    Raises:
        AnswerError: The response has no text.
    """
    answer = read_answer(body, api).text
    reasoning = storable_text(reasoning_of(read_object(body)["choices"][0]))
    # A reasoning parser may have taken the answer for thoughts.
    apart = "" if reasoning == answer.strip() else reasoning
    return "\n\n".join(filter(None, (apart, thoughts_in(answer))))


def _nothing_said(finish: object, at_limit: str = _NOTHING_SAID) -> AnswerError:
    if is_token_limit(finish):
        return NothingSaidError(at_limit)
    reason = one_line(str(finish)[:_LONGEST_NAME])
    return AnswerError(f"The endpoint broke the answer off before anything was said ({reason}).")


def read_object(body: bytes) -> dict[str, Any]:
    """Parse the JSON object of a response.

    Raises:
        AnswerError: The body is not a JSON object, or it reports an error.
    """
    document = _object(body)
    error = error_beside(document, has_content=_has_content(document))
    if error is not None:
        raise AnswerError(f"The endpoint reported an error in its answer: {error.message or error.status}")
    return document


def _has_content(document: dict[str, Any]) -> bool:
    return bool(document.get("choices") or document.get("data"))


def error_in_answer(body: bytes) -> ToldError | None:
    """Read the error that a response with status 200 reports; None if it reports none, or is not JSON."""
    try:
        document = _parsed(body)
    except AnswerError:
        return None
    return error_beside(document, has_content=isinstance(document, dict) and _has_content(document))


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
        prompt_tokens=prompt_tokens(usage),
        completion_tokens=completion_tokens(usage),
    )


def read_models(body: bytes) -> list[str]:
    """Read the names from a list of models; empty if the body is something else."""
    try:
        listed = _object(body).get("data")
    except AnswerError:
        return []
    ids = [one.get("id") for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return [storable_text(name[:_LONGEST_NAME]) for name in ids if isinstance(name, str) and name]


def read_error(body: bytes) -> ToldError:
    """Read the error in the body of a response with an error status; empty if it has none."""
    try:
        return told_error(_parsed(body)) or ToldError()
    except AnswerError:
        return ToldError()


def _object(body: bytes) -> dict[str, Any]:
    document = _parsed(body)
    if not isinstance(document, dict):
        begins = storable_text(body[:40].decode(errors="replace"))
        raise NoCompletionError(f"The answer is JSON, but not an object: {begins}")
    return document


def _parsed(body: bytes) -> Any:
    """Parse the JSON of a body, or the chunks of a stream."""
    streams = is_stream(body)
    # In a stream each chunk has its own few, and is parsed by itself.
    if not streams and body.count(b"[") + body.count(b"{") > _MOST_PARTS:
        raise NoCompletionError("The answer has more parts than any answer to our requests.")
    try:
        text = body.decode("utf-8-sig")
        document = put_together(text) if streams else json.loads(text)
    except UnicodeDecodeError:
        raise NoCompletionError("The answer is not UTF-8 text.") from None
    except (ValueError, RecursionError):
        raise NoCompletionError(_what_else(body)) from None
    if streams and not document:
        raise NoCompletionError("The answer is a stream of events, and none of them is part of an answer.")
    return document


def _what_else(body: bytes) -> str:
    """Describe a response body that is not JSON."""
    begins = body[:1000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not begins:
        return "The answer is empty."
    if begins.startswith((b"<!doctype", b"<html")):
        check = f"Check {setting('base_url')}: it leads to a website, not to an API."
        return f"The answer is a web page, not JSON. {check}"
    return "The answer is not JSON."


def _text(choice: dict[str, Any], api: ApiKind) -> str | None:
    if api == "completions":
        text = choice.get("text")
    else:
        message = choice.get("message")
        message = message if isinstance(message, dict) else {}
        text = message.get("content")
        if text is None and isinstance(message.get("refusal"), str):
            raise AnswerError(f"The model refused: {one_line(message['refusal'])}")
        if isinstance(text, list):
            text = _joined(text)
    return text if isinstance(text, str) else None


def _misplaced_json(choice: dict[str, Any]) -> str | None:
    """The answer that a reasoning parser took for thoughts: one JSON object, which thoughts never are."""
    message = choice.get("message")
    fields = [message.get(name) for name in REASONING_FIELDS] if isinstance(message, dict) else []
    for text in fields:
        if isinstance(text, str) and text.lstrip().startswith("{"):
            try:
                is_object = isinstance(json.loads(text), dict)
            except (ValueError, RecursionError):
                continue
            if is_object:
                return text
    return None


def _joined(parts: list[Any]) -> str | None:
    """Join the text parts of a response, without thoughts; None if it has no text part."""
    texts = [part.get("text") for part in parts if isinstance(part, dict) and part.get("type") == "text"]
    known = [text for text in texts if isinstance(text, str)]
    return "".join(known) if known else None
