"""A model server for benchmarks: answers after a fixed time, however many requests are in flight.

It runs in a process of its own and notes when the first request came and when the last answer left, so that
starting and ending a client costs that client nothing.
"""

import asyncio
import json
import multiprocessing
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from multiprocessing.connection import Connection
from time import perf_counter
from typing import Any

from benchmarks.corpus import as_novel
from selfinstruct.core.offline.transport import complete

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"content-length:"
_A_REQUEST = 8
"""Tasks in one answer."""

Answerer = Callable[[dict[str, Any]], dict[str, Any]]
"""Returns the JSON of the response to the JSON of a request."""


@dataclass(frozen=True)
class Served:
    """What a server has seen since it was last asked."""

    requests: int
    seconds: float
    """From the first request to the last answer."""


class ModelServer:
    """A running server.

    Args:
        url: Its base URL.
        pipe: Where its counts are asked for.
    """

    def __init__(self, url: str, pipe: Connection) -> None:
        self.url = url
        self._pipe = pipe

    def served(self) -> Served:
        """Return what it has served since the last call, and begin to count anew."""
        self._pipe.send(None)
        requests, seconds = self._pipe.recv()
        return Served(requests, seconds)


@contextmanager
def serving(answer_s: float, *, made_up: bool = False) -> Iterator[ModelServer]:
    """Run a server whose answers take `answer_s` seconds.

    Args:
        answer_s: Seconds from a request to its answer.
        made_up: Whether the instructions are made up, a constant share of them new; otherwise
            the built-in model answers, with its mistakes.
    """
    here, there = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_serve, args=(there, answer_s, made_up), daemon=True)
    process.start()
    try:
        yield ModelServer(f"http://127.0.0.1:{here.recv()}/v1", here)
    finally:
        process.kill()
        process.join()


def _serve(pipe: Connection, answer_s: float, made_up: bool) -> None:
    answer: Answerer = _MadeUp() if made_up else partial(complete, rng_seed=0)
    asyncio.run(_Server(answer, answer_s, pipe).run())


class _MadeUp:
    """Answers with instructions of which a constant share is new, and one short instance for each."""

    def __init__(self) -> None:
        self._texts = as_novel(random.Random(0))

    def __call__(self, body: dict[str, Any]) -> dict[str, Any]:
        asked = body["messages"][-1]["content"]
        if "Task: " not in asked:
            first = 9
            texts = enumerate(islice(self._texts, _A_REQUEST), first)
            text = "\n".join(f"{number}. {one}" for number, one in texts)
        elif "lassification" in asked:
            text = "No"
        else:
            text = f"Output: This answers the task of {len(asked)} characters."
        message = {"role": "assistant", "content": text}
        return {
            "object": "chat.completion",
            "model": "m",
            "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
            "usage": {"prompt_tokens": len(asked) // 4, "completion_tokens": len(text) // 4},
        }


class _Server:
    def __init__(self, answer: Answerer, answer_s: float, pipe: Connection) -> None:
        self.answer, self.answer_s, self._pipe = answer, answer_s, pipe
        self._begin()

    def _begin(self) -> None:
        self._requests, self._first, self._last = 0, 0.0, 0.0

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Conversation(self), "127.0.0.1", 0, backlog=1024)
        self._pipe.send(server.sockets[0].getsockname()[1])
        loop.add_reader(self._pipe.fileno(), self._tell)
        await server.serve_forever()

    def _tell(self) -> None:
        self._pipe.recv()
        self._pipe.send((self._requests, self._last - self._first))
        self._begin()

    def came(self) -> None:
        if not self._requests:
            self._first = perf_counter()
        self._requests += 1

    def left(self) -> None:
        self._last = perf_counter()


class _Conversation(asyncio.Protocol):
    """One connection."""

    transport: asyncio.Transport

    def __init__(self, server: _Server) -> None:
        self._server = server
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(_END_OF_HEAD)
        if end < 0:
            return
        head = bytes(self._received[:end]).lower()
        at = head.index(_LENGTH) + len(_LENGTH)
        begin = end + len(_END_OF_HEAD)
        length = int(head[at:].split(b"\r\n", 1)[0])
        if len(self._received) < begin + length:
            return
        body = bytes(self._received[begin : begin + length])
        del self._received[: begin + length]
        self._server.came()
        due = asyncio.get_running_loop().time() + self._server.answer_s
        answer = json.dumps(self._server.answer(json.loads(body))).encode()
        asyncio.get_running_loop().call_at(due, self._send, answer)

    def _send(self, answer: bytes) -> None:
        self.transport.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
            b"content-length: %d\r\n\r\n" % len(answer) + answer
        )
        self._server.left()
