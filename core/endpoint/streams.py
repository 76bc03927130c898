"""Streamed completions: puts the chunks of a stream of server-sent events together. Pure."""

import json
from collections.abc import Iterator
from typing import Any

CUT_OFF = "stream_ended"
"""The finish reason of a stream that breaks off: neither a finish reason nor its last event came."""

_TEXTS = ("content", "refusal", "reasoning_content", "reasoning")
_FIELDS = (b"data:", b"event:", b"id:", b"retry:", b":")
_LAST = "[DONE]"


def is_stream(body: bytes) -> bool:
    """Whether a response body is a stream of events."""
    return body[:1000].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(_FIELDS)


def put_together(text: str) -> dict[str, Any]:
    """Merge the chunks of a stream into the document that the server would send without streaming.

    Anything that is not a JSON object is skipped, but a stream without a single one is empty.
    """
    merged: dict[str, Any] = {}
    choice: dict[str, Any] = {}
    texts: dict[str, list[str]] = {}
    ended = False
    for event in _parsed_events(text):
        if event == _LAST:
            ended = True
        elif isinstance(event, dict):
            _merge(event, merged, choice, texts)
    if choice:
        said = {name: "".join(parts) for name, parts in texts.items()}
        if "text" in said:
            choice["text"] = said.pop("text")
        choice["message"] = {"role": "assistant", "content": None, **said}
        if not ended:
            choice.setdefault("finish_reason", CUT_OFF)
        merged["choices"] = [choice]
    return merged


def _merge(
    event: dict[str, Any], merged: dict[str, Any], choice: dict[str, Any], texts: dict[str, list[str]]
) -> None:
    for name in ("model", "usage", "error", "detail", "message", "code"):
        if event.get(name):
            merged[name] = event[name]
    chunks = event.get("choices")
    chunk = chunks[0] if isinstance(chunks, list) and chunks else None
    if not isinstance(chunk, dict):
        return
    choice.setdefault("index", 0)
    for name in ("finish_reason", "error"):
        if chunk.get(name):
            choice[name] = chunk[name]
    # Some servers report the usage beside the last text, or send the whole message as the last chunk.
    if isinstance(chunk.get("usage"), dict):
        merged.setdefault("usage", chunk["usage"])
    if isinstance(chunk.get("text"), str):
        texts.setdefault("text", []).append(chunk["text"])
    delta = chunk.get("delta")
    if not isinstance(delta, dict):
        delta = {} if texts else chunk.get("message")
    for name in _TEXTS:
        part = delta.get(name) if isinstance(delta, dict) else None
        for one in part if isinstance(part, list) else [part]:
            piece = one.get("text") if isinstance(one, dict) and one.get("type") == "text" else one
            if isinstance(piece, str):
                texts.setdefault(name, []).append(piece)


def _parsed_events(text: str) -> Iterator[object]:
    for data in _events(text):
        event = _parsed(data)
        if event is None:
            # Some servers leave out the blank line that ends an event.
            yield from map(_parsed, data.split("\n"))
        else:
            yield event


def _parsed(data: str) -> object:
    """Parse the data of an event; `_LAST` stays as it is, and None is anything else that is not JSON."""
    try:
        return data if data == _LAST else json.loads(data)
    except (ValueError, RecursionError):
        return None


def _events(text: str) -> Iterator[str]:
    """Yield the data of each event; one may span several lines, and the last may lack its blank line."""
    lines: list[str] = []
    # Not splitlines: JSON may hold other line separators, such as U+2028.
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if line.startswith("data:"):
            lines.append(line.removeprefix("data:").strip())
        elif not line.strip() and lines:
            yield "\n".join(lines)
            lines = []
    if lines:
        yield "\n".join(lines)
