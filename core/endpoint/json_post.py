"""Posts JSON through the openai client, as bytes."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_HEADERS = {"content-type": "application/json", "x-stainless-raw-response": "stream"}
"""The client reads the last one to know that the caller wants raw bytes."""
_NOT_SENT = ""
"""Saves the client from drawing a random key for each request; it sends none."""


@asynccontextmanager
async def posted(client: "AsyncOpenAI", path: str, body: Mapping[str, Any]) -> AsyncIterator[Any]:
    """Post a body as JSON; yields the response, whose own body has not been read.

    The client's methods for each path would validate the type of every part of the body, which takes longer
    than sending it.
    """
    response: Any = await client.post(
        path,
        cast_to=object,
        content=json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(),
        options={"headers": _HEADERS, "idempotency_key": _NOT_SENT},
    )
    try:
        yield response
    finally:
        await response.close()
