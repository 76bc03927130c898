"""Reads what a Batch API tells: the state of a job, and the lines of its files. Pure; all of it is untrusted.

The forms are those of OpenAI's guide and reference; others write them with small differences.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from selfinstruct.core.util.storable_text import storable_text

TOKEN = "selfinstruct"  # noqa: S105 - the name of a field
"""The name under which the metadata of a job hold its token."""

_OVER = frozenset({"completed", "failed", "expired", "cancelled", "canceled"})
_MOST_PARTS = 100_000
"""Maximum lists and objects in a line; parsed, each takes about twenty times its size in the line."""
_LONGEST_ID = 500
_LONGEST_MESSAGE = 500
_MOST_ERRORS = 3
_SPACE = " \t\r\n"
_JSON = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class RemoteJob:
    """A job as its endpoint tells of it; None for what it does not tell."""

    id: str
    status: str
    input_file_id: str | None = None
    output_file_id: str | None = None
    error_file_id: str | None = None
    completed: int | None = None
    failed: int | None = None
    expires_at: str | None = None
    """As ISO 8601 text."""
    token: str | None = None
    """What its metadata hold under `TOKEN`."""
    errors: str = ""
    """Why it failed as a whole, in the endpoint's words; empty if it did not."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self.status in _OVER

    @property
    def files(self) -> tuple[str, ...]:
        """The ids of the files with what came of its requests."""
        return tuple(filter(None, (self.output_file_id, self.error_file_id)))


@dataclass(frozen=True, slots=True)
class JobAnswer:
    """What came of one request of a job."""

    custom_id: str
    status: int | None
    """The status of its response; None if there is no response."""
    body: bytes
    """The exact bytes of the response's body, or of the error that stands in its place."""
    code: str = ""
    """The code of an error that is no response, such as `batch_expired`."""
    message: str = ""


def read_job(document: Any) -> RemoteJob | None:
    """Read the JSON object of a job; None if it is something else."""
    if not isinstance(document, dict):
        return None
    # Together wraps a job that it has just created.
    inner = document.get("job")
    told: dict[str, Any] = inner if isinstance(inner, dict) else document
    job_id, status = _text(told.get("id")), _text(told.get("status"))
    if not job_id or not status:
        return None
    counts, metadata = told.get("request_counts"), told.get("metadata")
    counts = counts if isinstance(counts, dict) else {}
    return RemoteJob(
        job_id,
        status.lower(),
        input_file_id=_text(told.get("input_file_id")),
        output_file_id=_text(told.get("output_file_id")),
        error_file_id=_text(told.get("error_file_id")),
        completed=_number(counts.get("completed")),
        failed=_number(counts.get("failed")),
        expires_at=_moment(told.get("expires_at")),
        token=_text(metadata.get(TOKEN)) if isinstance(metadata, dict) else None,
        errors=_errors(told.get("errors")),
    )


def read_page(body: bytes) -> tuple[list[dict[str, Any]], bool] | None:
    """Read a page of a list: its objects, and whether there are more; None if it is no list."""
    document = read_json(body)
    listed = document.get("data") if isinstance(document, dict) else document
    if not isinstance(listed, list):
        return None
    has_more = bool(document.get("has_more")) if isinstance(document, dict) else False
    return [one for one in listed if isinstance(one, dict)], has_more


def read_json(body: bytes) -> Any:
    """Parse a body; None if it is not JSON."""
    if body.count(b"[") + body.count(b"{") > _MOST_PARTS:
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def read_line(line: bytes) -> JobAnswer | None:
    """Read a line of a job's output file or error file; None if it is nothing of that kind.

    The body is cut out of the line, not written anew, so that its bytes are the endpoint's own.
    """
    if line.count(b"[") + line.count(b"{") > _MOST_PARTS:
        return None
    try:
        text = line.decode("utf-8-sig").strip(_SPACE)
        told = json.loads(text)
        spans = _spans(text, 0)
        response = _spans(text, spans["response"][0]) if isinstance(told.get("response"), dict) else {}
    except (ValueError, RecursionError, AttributeError, KeyError):
        return None
    custom_id = told.get("custom_id")
    if not isinstance(custom_id, str):
        return None
    status = _number((told.get("response") or {}).get("status_code")) if response else None
    if response and "body" in response and (told["response"]["body"] is not None):
        start, end = response["body"]
    else:
        start, end = spans.get("error", (0, 0))
    error = told.get("error")
    error = error if isinstance(error, dict) else {}
    return JobAnswer(
        custom_id,
        status,
        text[start:end].encode(),
        code=_text(error.get("code")) or "",
        message=(_text(error.get("message")) or "")[:_LONGEST_MESSAGE],
    )


def _spans(text: str, start: int) -> dict[str, tuple[int, int]]:
    """Return where the value of each member of the JSON object at `start` begins and ends.

    The text has been parsed before, so that it is valid JSON.
    """
    spans: dict[str, tuple[int, int]] = {}
    at = _after_space(text, start + 1)
    while text[at] == '"':
        name, at = _JSON.raw_decode(text, at)
        begin = _after_space(text, _after_space(text, at) + 1)
        _, end = _JSON.raw_decode(text, begin)
        spans[name] = begin, end
        at = _after_space(text, end)
        if text[at] == ",":
            at = _after_space(text, at + 1)
    return spans


def _after_space(text: str, at: int) -> int:
    while text[at] in _SPACE:
        at += 1
    return at


def _text(value: object) -> str | None:
    return storable_text(value[:_LONGEST_ID]) if isinstance(value, str) and value else None


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _moment(value: object) -> str | None:
    """Return a time as ISO 8601 text: OpenAI's seconds since 1970, or text already."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return datetime.fromtimestamp(value, UTC).isoformat(timespec="seconds")
        except (ValueError, OverflowError, OSError):
            return None
    try:
        return datetime.fromisoformat(value).isoformat(timespec="seconds") if isinstance(value, str) else None
    except ValueError:
        return None


def _errors(told: object) -> str:
    """Return the first errors of a job, with the lines of its file that they are about."""
    data = told.get("data") if isinstance(told, dict) else told
    sentences = []
    for error in (data if isinstance(data, list) else [])[:_MOST_ERRORS]:
        if isinstance(error, dict) and (message := _text(error.get("message")) or _text(error.get("code"))):
            line = _number(error.get("line"))
            where = "" if line is None else f"line {line}: "
            sentences.append(f"{where}{message[:_LONGEST_MESSAGE]}")
    return " ".join(sentences)
