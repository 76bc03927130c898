"""The files of jobs: a line of JSON for each request, as many in a file as a Batch API takes. Pure."""

import json
import secrets
from collections.abc import Iterable
from typing import Any, TypeVar

from selfinstruct.core.endpoint.job_client import PATHS
from selfinstruct.db.records import ApiKind

MOST_REQUESTS = 50_000
MOST_BYTES = 100_000_000
"""Limits of one file: OpenAI takes 200 MB, others 100."""

One = TypeVar("One")


def new_token() -> str:
    """Return a new name for a job. All names are of the same length."""
    return secrets.token_hex(8)


def file_name(token: str) -> str:
    """Return the name of a job's file, by which it is found again."""
    return f"selfinstruct-{token}.jsonl"


def custom_id(token: str, request_id: int) -> str:
    """Return the name of a request in the file of a job."""
    return f"{token}-{request_id}"


def request_id_of(told: str, token: str) -> int | None:
    """Return the request that a custom id names; None if it is not of this job."""
    prefix, _, number = told.rpartition("-")
    # Nothing but plain digits, which int() would not insist on; an id has at most 19.
    is_number = number.isascii() and number.isdigit() and len(number) < 20
    return int(number) if prefix == token and is_number else None


def request_line(name: str, api: ApiKind, body: dict[str, Any]) -> bytes:
    """Return the line of one request, with its line break."""
    line = {"custom_id": name, "method": "POST", "url": PATHS[api], "body": body}
    # What is no valid text becomes an escape of JSON.
    return json.dumps(line, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"


def in_files(
    lines: Iterable[tuple[One, bytes]], *, most_requests: int = MOST_REQUESTS, most_bytes: int = MOST_BYTES
) -> list[list[One]]:
    """Distribute requests over as few files as the limits allow, in their order.

    Args:
        lines: The requests, each with its line.
        most_requests: The most requests of a file.
        most_bytes: Its most bytes; a longer line has a file of its own.
    """
    files: list[list[One]] = []
    size = 0
    for request, line in lines:
        if not files or len(files[-1]) >= most_requests or size + len(line) > most_bytes:
            files.append([])
            size = 0
        files[-1].append(request)
        size += len(line)
    return files
