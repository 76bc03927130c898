"""Parts of an index in processes of this machine."""

import signal
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from selfinstruct.core.dedupe.shards import Shard
from selfinstruct.core.errors import DedupeError

_PATIENCE_S = 5.0
"""So long an idle process may take to end."""


class ProcessShards:
    """One process for each part. They end when this one does, in whatever way."""

    def __init__(self, count: int, threshold: float) -> None:
        self.count = count
        context = get_context("spawn")  # a progress bar has threads, which a fork would not take along
        self._connections: list[Connection] = []
        self._processes = []
        # Ctrl+C is for this process, which ends the others; they inherit that it does nothing.
        heard = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            for _ in range(count):
                ours, theirs = context.Pipe()
                process = context.Process(target=_serve, args=(theirs, threshold), daemon=True)
                try:
                    process.start()
                except OSError as error:
                    self.close()
                    raise DedupeError(
                        f"A process for a part of the index cannot be started: {error.strerror or error}."
                        " End other programs, or try again later; what was decided is kept."
                    ) from error
                theirs.close()
                self._connections.append(ours)
                self._processes.append(process)
        finally:
            signal.signal(signal.SIGINT, heard)

    def send(self, method: str, arguments: Sequence[tuple[Any, ...]]) -> None:
        """Call a method of each part; they work on it while this process goes on."""
        try:
            for connection, given in zip(self._connections, arguments, strict=True):
                connection.send((method, given))
        except OSError as error:
            raise self._gone() from error

    def receive(self) -> list[Any]:
        """The answers to the oldest call."""
        try:
            return [connection.recv() for connection in self._connections]
        except (EOFError, OSError) as error:
            raise self._gone() from error

    def close(self) -> None:
        """End the processes."""
        for connection in self._connections:
            connection.close()
        for process in self._processes:
            process.join(_PATIENCE_S)
            if process.is_alive():
                process.terminate()

    def _gone(self) -> DedupeError:
        return DedupeError(
            "A process that held a part of the index has ended, perhaps for want of memory. Run the same"
            " command again to resume."
        )


def _serve(connection: Connection, threshold: float) -> None:
    shard = Shard(threshold)
    with suppress(EOFError, OSError):  # the first process is gone
        while True:
            method, arguments = connection.recv()
            connection.send(getattr(shard, method)(*arguments))
