"""A model server that is never short of new tasks, and that fails a share of its requests.

It proposes texts that are mixed from those of the built-in grammar, none of them twice, and in between some
that it has proposed before, with a word changed. Everything else it answers as the built-in model does. It
keeps the hash of every full answer that it has sent.
"""

import asyncio
import hashlib
import json
import random
import re
import socket
import struct
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from benchmarks.corpus import instructions
from selfinstruct.core.offline.transport import complete

FAULTS = {"429": 0.002, "500": 0.004, "reset": 0.004, "cut JSON": 0.004, "empty text": 0.004, "drip": 0.004}
"""The share of the requests that meets each fault."""

TOLD = "/told"
"""Where it tells how often each fault was met, and the hashes of its full answers."""

_A_REQUEST = 8
_REPEATED = 0.4
"""The share of the proposals that are near-duplicates of others, as those of a model are that runs dry."""
_SPARE = 1.5
"""So many texts for each candidate that is wanted: some answers never come, or say nothing."""
_DRIPS, _DRIP_S = 20, 0.05
_OF_A_TASK = re.compile(r"^Task:", re.MULTILINE)
_LENGTH = re.compile(rb"^content-length: *(\d+)", re.IGNORECASE | re.MULTILINE)
_END_OF_HEAD = b"\r\n\r\n"


def serve(told: Connection, candidates: int) -> None:
    """Run it, in a process of its own; its port goes to `told`, once it has texts for so many candidates."""
    asyncio.run(_serve(told, candidates))


async def _serve(told: Connection, candidates: int) -> None:
    model = _Model(candidates)
    server = await asyncio.start_server(model.converse, "127.0.0.1", 0, backlog=1024)
    told.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


class _Model:
    def __init__(self, candidates: int) -> None:
        self._chance = random.Random(0)
        texts = instructions(None, int(candidates * _SPARE) + 100 * _A_REQUEST, random.Random(0))
        self._chance.shuffle(texts)
        self._fresh: Iterator[str] = iter(texts)
        self._proposed: list[str] = []
        self._met: Counter[str] = Counter()
        self._sent: list[str] = []

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while await self._exchange(reader, writer):
                pass
        writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and what comes of it; returns whether the connection goes on."""
        head = await reader.readuntil(_END_OF_HEAD)
        if head.startswith(f"GET {TOLD} ".encode()):
            await _tell(writer, json.dumps({"met": self._met, "sent": self._sent}).encode())
            return False
        length = _LENGTH.search(head)
        asked = json.loads(await reader.readexactly(int(length[1]) if length else 0))
        fault = self._draw()
        if fault == "429":
            wait_s = self._chance.randrange(2)
            await _tell(writer, b'{"error": {"message": "slow down"}}', 429, f"retry-after: {wait_s}")
        elif fault == "500":
            await _tell(writer, b'{"error": {"message": "out of memory"}}', 500)
        elif fault == "reset":
            await self._reset(writer, json.dumps(complete(asked, 0)).encode())
            return False
        else:
            body = self._answer(asked, empty=fault == "empty text")
            body = body[: len(body) // 2] if fault == "cut JSON" else body
            await _tell(writer, body, drips=fault == "drip")
            self._sent.append(hashlib.sha256(body).hexdigest())
        return True

    def _draw(self) -> str | None:
        (fault,) = self._chance.choices([*FAULTS, None], [*FAULTS.values(), 1 - sum(FAULTS.values())])
        if fault is not None:
            self._met[fault] += 1
        return fault

    def _answer(self, asked: dict[str, Any], *, empty: bool) -> bytes:
        answer = complete(asked, 0)
        message = answer["choices"][0]["message"]
        if empty:
            message["content"] = ""
        elif not _OF_A_TASK.search(asked["messages"][-1]["content"]):
            texts = (self._propose() for _ in range(_A_REQUEST))
            message["content"] = "\n".join(f"{number}. {text}" for number, text in enumerate(texts, start=9))
            answer["choices"][0]["finish_reason"] = "stop"
        return json.dumps(answer).encode()

    def _propose(self) -> str:
        if not self._proposed or self._chance.random() >= _REPEATED:
            self._proposed.append(next(self._fresh))
            return self._proposed[-1]
        words = self._chance.choice(self._proposed).split()
        words[self._chance.randrange(len(words))] = "another"
        return " ".join(words)

    async def _reset(self, writer: asyncio.StreamWriter, body: bytes) -> None:
        writer.write(_head(200, len(body)) + body[: self._chance.randrange(len(body))])
        await writer.drain()
        own: socket.socket = writer.get_extra_info("socket")
        own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()


async def _tell(
    writer: asyncio.StreamWriter, body: bytes, status: int = 200, *headers: str, drips: bool = False
) -> None:
    writer.write(_head(status, len(body), *headers))
    piece = -(-len(body) // _DRIPS) if drips else len(body)
    for start in range(0, len(body), piece):
        writer.write(body[start : start + piece])
        await writer.drain()
        if drips:
            await asyncio.sleep(_DRIP_S)


def _head(status: int, length: int, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Told", "content-type: application/json", f"content-length: {length}"]
    return "\r\n".join([*lines, *headers, "", ""]).encode()
