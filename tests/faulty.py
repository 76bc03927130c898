"""A server that does what servers should not, to the byte: raw sockets, since http.server is too polite."""

import json
import select
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal, Self

from selfinstruct.core.offline.transport import complete

Ending = Literal["goes on", "closes", "resets", "is silent"]

DRIP_S = 0.02
"""Seconds between two bytes of what drips."""


@dataclass(frozen=True)
class Play:
    """What comes back for one request, and how it ends."""

    pieces: Callable[[], Iterable[bytes]]
    """Pieces as they go onto the wire; `{other}` in one is the address of another server."""
    stored: bytes | None
    """What a program should keep of the body; None: as much as had come when it ended, nothing else."""
    ending: Ending = "goes on"
    drips: bool = False


def head(status: int = 200, *headers: str, reason: str = "Told", length: int | None = None) -> bytes:
    """A status line and headers."""
    lines = [f"HTTP/1.1 {status} {reason}", "content-type: application/json", *headers]
    if length is not None:
        lines.append(f"content-length: {length}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def answer(body: bytes, status: int = 200, *headers: str, stored: bytes | None = None) -> Play:
    """A whole answer, well formed. `stored` when it is not the body itself that a program should keep."""
    kept = body if stored is None else stored
    return Play(lambda: [head(status, *headers, length=len(body)), body], kept)


def wire(*pieces: bytes, stored: bytes | None = b"", ending: Ending = "closes", drips: bool = False) -> Play:
    """These very bytes."""
    return Play(lambda: pieces, stored, ending, drips)


def endless(start: bytes, again: bytes, *, stored: bytes | None) -> Play:
    """`start`, and then `again` for as long as anybody listens."""

    def pieces() -> Iterator[bytes]:
        yield start
        while True:
            yield again

    return Play(pieces, stored, "closes")


@dataclass(frozen=True)
class Seen:
    """A request as it came in."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


class FaultyServer:
    """Plays what it is told, one request after the other, and answers well after that.

    `plays` are for the next requests; `always`, if there is one, for all after them. `seen` are the requests;
    `told` what came back for each, a good answer among them.
    """

    def __init__(self) -> None:
        self.plays: deque[Play] = deque()
        self.always: Play | None = None
        self.other = ""
        self.seen: list[Seen] = []
        self.told: list[Play] = []
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._talks: dict[threading.Thread, socket.socket] = {}
        self._accepting = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join()
        for thread, connection in list(self._talks.items()):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            thread.join()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listener.getsockname()[1])

    @property
    def url(self) -> str:
        """The address for --base-url."""
        return f"http://127.0.0.1:{self.port}/v1"

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._talk, args=(connection,), daemon=True)
            self._talks[thread] = connection
            thread.start()

    def _talk(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as file, suppress(OSError):
            while (seen := _read(file)) is not None:
                with self._lock:
                    self.seen.append(seen)
                    play = self.plays.popleft() if self.plays else self.always or _good(seen)
                    self.told.append(play)
                if not self._play(connection, play):
                    return

    def _play(self, connection: socket.socket, play: Play) -> bool:
        """Returns whether the connection goes on."""
        for piece in play.pieces():
            told = piece.replace(b"{other}", self.other.encode())
            if not play.drips:
                connection.sendall(told)
                continue
            for byte in told:
                connection.sendall(bytes([byte]))
                if _has_left(connection, DRIP_S):
                    return False
        if play.ending == "is silent":
            _has_left(connection, None)
        elif play.ending == "resets":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return play.ending == "goes on"


def _good(seen: Seen) -> Play:
    return answer(json.dumps(complete(seen.body, 0)).encode())


def _read(file: Any) -> Seen | None:
    """One request; None when there is none any more, or when it is none of HTTP."""
    first = file.readline().split()
    if len(first) != 3:
        return None
    headers = {}
    while line := file.readline().strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    body = file.read(int(headers.get("content-length", "0")))
    return Seen(first[1].decode(), headers, json.loads(body or b"{}"))


def _has_left(connection: socket.socket, within_s: float | None) -> bool:
    """Whether the client has gone away, waiting for that for so long; None: until it has."""
    ready, _, _ = select.select([connection], [], [], within_s)
    return bool(ready)
