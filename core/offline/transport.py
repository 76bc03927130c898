"""The built-in model: a grammar, not a language model, behind a transport for the openai client.

It parses the prompt, answers in the formats of real models, in text or in JSON, and makes their mistakes:
near-duplicates, forbidden keywords, chatter, decoration, truncated answers, unclear labels. Answers are
deterministic for a seed and a request.
"""

import hashlib
import json
import random
import re
from typing import Any

import httpx2

from selfinstruct.core.answer_schemas import RESPONSE_FORMAT
from selfinstruct.core.language.registry import ENGLISH, language
from selfinstruct.core.offline.grammar import built_in
from selfinstruct.core.offline.json_writer import JsonWriter, asks_for_json
from selfinstruct.core.offline.writer import Writer


class OfflineTransport(httpx2.AsyncBaseTransport):
    """An HTTP transport that answers from the grammar of a language, without a network."""

    def __init__(self, rng_seed: int, code: str) -> None:
        self._rng_seed = rng_seed
        self._code = code

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer a chat, legacy completions or embeddings request."""
        body = json.loads(await request.aread())
        if request.url.path.endswith("/embeddings"):
            from selfinstruct.core.offline.embeddings import embed  # noqa: PLC0415 - rarely used

            answer = embed(body)
        else:
            answer = complete(body, self._rng_seed, self._code)
        return httpx2.Response(200, json=answer, request=request)


def complete(body: dict[str, Any], rng_seed: int, code: str = ENGLISH) -> dict[str, Any]:
    """The response to the JSON body of a completions request, as from an OpenAI-compatible server."""
    chat = "messages" in body
    prompt = body["messages"][-1]["content"] if chat else body["prompt"]
    digest = hashlib.sha256(json.dumps([rng_seed, body], sort_keys=True).encode()).digest()
    tongue, grammar, rng = language(code), built_in(code), random.Random(digest)
    in_json = chat and (RESPONSE_FORMAT in body or asks_for_json(prompt))
    writer = JsonWriter(tongue, grammar, rng) if in_json else Writer(tongue, grammar, rng, chat=chat)
    text, cut = writer.answer(prompt)
    finish = "length" if cut else "stop"
    prompt_tokens, completion_tokens = _count_tokens(prompt), _count_tokens(text)
    choice: dict[str, Any] = {"index": 0, "finish_reason": finish, "logprobs": None}
    choice |= {"message": {"role": "assistant", "content": text}} if chat else {"text": text}
    return {
        "id": f"offline-{digest.hex()[:12]}",
        "object": "chat.completion" if chat else "text_completion",
        "created": 0,
        "model": "offline",
        "choices": [choice],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        },
    }


def _count_tokens(text: str) -> int:
    return len(re.findall(r"\w+|[^\w\s]", text))
