"""Shards in processes of this machine."""

import signal
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from selfinstruct.core.dedupe.shards import Shard
from selfinstruct.core.errors import DedupeError

_PATIENCE_S = 5.0
"""Seconds that an idle process gets to exit before it is terminated."""


class ProcessShards:
    """One process per shard. They exit when this process does, however it ends."""

    def __init__(self, count: int, threshold: float) -> None:
        self.count = count
        context = get_context("spawn")  # a fork would lose the threads of the progress bar
        self._connections: list[Connection] = []
        self._processes = []
        # Children inherit a blocked SIGINT: Ctrl+C goes to this process, which shuts them down. Here it is
        # held back meanwhile, and not lost.
        heard = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            for _ in range(count):
                ours, theirs = context.Pipe()
                process = context.Process(target=_serve, args=(theirs, threshold), daemon=True)
                try:
                    process.start()
                except OSError as error:
                    self.close()
                    raise DedupeError(
                        f"A process for a shard of the index cannot be started: {error.strerror or error}."
                        " End other programs, or try again later; what was decided is kept."
                    ) from error
                theirs.close()
                self._connections.append(ours)
                self._processes.append(process)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, heard)

    def send(self, method: str, arguments: Sequence[tuple[Any, ...]]) -> None:
        """Call a method on every shard; they work while this process continues."""
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
        """Shut the processes down."""
        for connection in self._connections:
            connection.close()
        for process in self._processes:
            process.join(_PATIENCE_S)
            if process.is_alive():
                process.terminate()

    def _gone(self) -> DedupeError:
        return DedupeError(
            "A process that held a shard of the index has exited, possibly out of memory. Run the same"
            " command again to resume."
        )


def _serve(connection: Connection, threshold: float) -> None:
    shard = Shard(threshold)
    with suppress(EOFError, OSError):  # the parent is gone
        while True:
            method, arguments = connection.recv()
            connection.send(getattr(shard, method)(*arguments))
