"""Errors in the bodies of responses, in the forms of all usual servers and gateways. Pure."""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from selfinstruct.core.util.snake_case import snake_case
from selfinstruct.core.util.storable_text import storable_text

_LONGEST_MESSAGE = 500
_LONGEST_NAME = 200
_LONGEST_NESTED = 4000
"""Maximum characters of a message that is parsed for another error inside it."""
_DEEPEST = 4
"""Maximum number of errors inside each other: a gateway quotes its upstream."""

_MESSAGES = ("message", "msg", "error_msg", "status_msg", "detail", "details", "error", "title", "reason")
_CODES = ("code", "status", "status_code", "http_status", "error_code", "type", "error_type")
_SUCCESS = frozenset({"0", "200", "ok", "success"})
_NO_CODES = _SUCCESS | {"", "none", "null"}
"""Codes with which gateways say that there is no error."""

_STATUSES = {
    400: (
        "bad_request bad_request_error invalid_request_error invalid_argument context_length_exceeded"
        " json_validate_failed"
    ),
    401: "authentication_error unauthenticated unauthorized invalid_api_key",
    402: "billing_error payment_required insufficient_balance",
    403: "permission_error permission_denied forbidden",
    404: "not_found not_found_error model_not_found",
    413: "request_too_large",
    429: (
        "rate_limit rate_limited rate_limit_error rate_limit_exceeded rate_limit_reached too_many_requests"
        " resource_exhausted throttled throttling throttling_exception insufficient_quota"
    ),
    500: "server_error internal internal_error internal_server_error api_error",
    502: "upstream_error bad_gateway",
    503: "unavailable service_unavailable overloaded engine_overloaded model_overloaded",
    504: "timeout timeout_error gateway_timeout deadline_exceeded",
    529: "overloaded_error",
}
_STATUS_OF = {name: status for status, names in _STATUSES.items() for name in names.split()}


@dataclass(frozen=True, slots=True)
class ToldError:
    """An error as the body of a response reports it."""

    message: str = ""
    """One line; "" if it has no message."""
    status: int | None = None
    """The HTTP status that it names, by number or by word."""
    codes: tuple[str, ...] = ()
    """Its `code` and its `type`, as far as they are words."""
    params: tuple[str, ...] = ()
    """The fields of the request that it concerns, such as `top_p`."""
    flagged: bool = False
    """Whether a moderation gives its reasons for refusing what the request contains."""


def told_error(document: object) -> ToldError | None:
    """Find the error in the body of a response with an error status; None if there is none."""
    if isinstance(document, list) and document:
        return told_error(document[0]) if isinstance(document[0], dict | list) else _read(document[0])
    if not isinstance(document, dict):
        return None
    for name in ("error", "errors", "detail", "base_resp"):
        found = _read(document.get(name))
        if found is not None:
            return _worded(_merged(found, _read(_without(document, name))))
    found = _read({name: document[name] for name in (*_MESSAGES, *_CODES, "param") if name in document})
    return None if found is None else _worded(found)


def _worded(error: ToldError) -> ToldError:
    """Give an error without a message its code as one."""
    return error if error.message or not error.codes else replace(error, message=one_line(error.codes[0]))


def error_beside(document: object, *, has_content: bool) -> ToldError | None:
    """Find the error in the body of a response with status 200; None if there is none.

    Args:
        document: The body.
        has_content: Whether it has choices or vectors as well. An error beside them without a message and
            without the number of a status is none, nor is a report of success: some gateways add the field
            to every answer.
    """
    if not isinstance(document, dict):
        return told_error(document) if isinstance(document, list) else None
    for field in _fields_of_errors(document):
        found = _read(field)
        if found is None or (has_content and _is_success(field)):
            continue
        if found.message or _has_number(field) or not has_content:
            return _worded(found)
    return None if has_content else _of_the_whole(document)


def _fields_of_errors(document: dict[str, Any]) -> Iterator[object]:
    for name in ("error", "errors"):
        yield document.get(name)
    choices = document.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        yield choices[0].get("error")


def _has_number(error: object) -> bool:
    codes = [error.get(name) for name in _CODES] if isinstance(error, dict) else []
    return any(_status(code) is not None for code in codes if not isinstance(code, str) or code.isdecimal())


def _is_success(error: object) -> bool:
    """Whether an error field says that there is no error: by its codes or, without any, by its message."""
    if not isinstance(error, dict):
        return _is_word_of_success(error)
    codes = [code for name in _CODES if (code := error.get(name)) not in (None, "")]
    told = codes or [message for name in _MESSAGES if (message := error.get(name))]
    return bool(told) and all(map(_is_word_of_success, told))


def _is_word_of_success(told: object) -> bool:
    return (
        isinstance(told, str | int) and not isinstance(told, bool) and str(told).strip().lower() in _SUCCESS
    )


def _of_the_whole(document: dict[str, Any]) -> ToldError | None:
    """Find the error that an answer without content is as a whole."""
    found = told_error(document)
    return found if found is not None and found.message else None


def _without(document: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key in _CODES and key != name}


def _merged(inner: ToldError, outer: ToldError | None) -> ToldError:
    if outer is None:
        return inner
    return ToldError(
        inner.message or outer.message,
        inner.status or outer.status,
        tuple(dict.fromkeys(inner.codes + outer.codes)),
        inner.params or outer.params,
        inner.flagged or outer.flagged,
    )


def _read(error: object, depth: int = 0) -> ToldError | None:
    """Read an error of any form; None if nothing is in it."""
    if depth > _DEEPEST:
        return None
    if isinstance(error, str):
        nested = _nested(error)
        found = None if nested is None else _read(nested, depth + 1)
        if found is not None and found.message:
            return found
        line = one_line(error)
        return ToldError(line) if line else None
    if isinstance(error, list):
        return _of_list(error, depth)
    if isinstance(error, dict):
        return _of_object(error, depth)
    if not error or isinstance(error, bool):
        return None
    return ToldError(one_line(json.dumps(error)), _status(error))


def _of_list(errors: list[Any], depth: int) -> ToldError | None:
    """Read a list of errors: that of a validation by pydantic, or one of which the first counts."""
    validated = [one for one in errors if isinstance(one, dict) and one.get("loc")]
    if not validated:
        return next((found for one in errors[:9] if (found := _read(one, depth + 1)) is not None), None)
    fields = [_field(one["loc"]) for one in validated]
    said = [
        f"{field}: {one_line(one.get('msg') or one.get('type'))}"
        for field, one in zip(fields, validated, strict=True)
    ]
    kinds = tuple(
        storable_text(kind[:_LONGEST_NAME]) for one in validated if isinstance(kind := one.get("type"), str)
    )
    return ToldError(one_line("; ".join(said[:9])), None, kinds, tuple(dict.fromkeys(fields)))


def _field(loc: object) -> str:
    """The field that pydantic's location names, such as `response_format.type`, without where it was."""
    parts = [str(part) for part in loc] if isinstance(loc, list | tuple) else [str(loc)]
    return storable_text(
        ".".join(parts[1:] if parts[:1] == ["body"] and parts[1:] else parts)[:_LONGEST_NAME]
    )


def _of_object(error: dict[str, Any], depth: int) -> ToldError | None:
    inner: ToldError | None = None
    for name in _MESSAGES:
        inner = _read(error.get(name), depth + 1)
        if inner is not None and inner.message:
            break
    codes = [code for name in _CODES if _is_code(code := error.get(name))]
    words = tuple(storable_text(code[:_LONGEST_NAME]) for code in codes if isinstance(code, str))
    status = next((status for code in codes if (status := _status(code)) is not None), None)
    param = error.get("param")
    params = (
        (storable_text(param[:_LONGEST_NAME]),)
        if isinstance(param, str) and param not in {"", "None"}
        else ()
    )
    if inner is None or not inner.message:
        others = [value for name, value in error.items() if name not in _CODES]
        if not codes and not any(map(_holds_something, others)):
            return None
        message = "" if words or status is not None else one_line(json.dumps(error, default=str))
        return ToldError(message, status, words, params)
    # OpenRouter quotes the provider's own error beside a message that says nothing.
    metadata = error.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    flagged = "flagged_input" in metadata or bool(metadata.get("reasons"))
    found = _merged(inner, ToldError("", status, words, params, flagged))
    raw = _read(metadata.get("raw"), depth + 1)
    if raw is not None and raw.message and raw.message not in found.message:
        found = _merged(replace(found, message=one_line(f"{found.message}: {raw.message}")), raw)
    return found


def _holds_something(value: object) -> bool:
    return _read(value, _DEEPEST - 1) is not None if isinstance(value, dict | list) else bool(value)


def _is_code(code: object) -> bool:
    if isinstance(code, bool) or not isinstance(code, str | int):
        return False
    return str(code).strip().lower() not in _NO_CODES


def _status(code: object) -> int | None:
    """The HTTP status that a code stands for; None if it is none of an error."""
    if isinstance(code, str):
        words = snake_case(code).replace(".", "_")
        if words in _STATUS_OF:
            return _STATUS_OF[words]
        code = int(words) if re.fullmatch(r"[45]\d\d", words, re.ASCII) else None
    return code if isinstance(code, int) and not isinstance(code, bool) and 400 <= code <= 599 else None


def _nested(message: str) -> object:
    """Parse a message that is an error itself, as JSON or as Python writes it; None if it is not."""
    text = message.strip()
    if len(text) > _LONGEST_NESTED or not text.startswith(("{", "[")):
        return None
    # Python warns on the terminal of escapes that it does not know, so those are not tried.
    for parse in (json.loads, *(() if "\\" in text else (ast.literal_eval,))):
        try:
            parsed: object = parse(text)
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            continue
        return parsed if isinstance(parsed, dict | list) else None
    return None


def one_line(text: object) -> str:
    """Text of a server as one storable line, cut to a bound; "" for anything that is no text."""
    if not isinstance(text, str):
        return ""
    # Cut a huge text before splitting it, to bound the work; then cut the result to its length.
    return storable_text(" ".join(text[: 4 * _LONGEST_MESSAGE].split())[:_LONGEST_MESSAGE])
