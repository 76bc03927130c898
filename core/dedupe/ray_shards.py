"""Parts of an index in the actors of a Ray cluster."""

import logging
import os
import socket
import time
from collections.abc import Sequence
from typing import Any

import ray
from ray.exceptions import RayError

from selfinstruct.core.dedupe.shards import Shard
from selfinstruct.core.errors import DedupeError

_PATIENCE_S = 5.0
"""So long a cluster may take to be reached. Ray itself tries for minutes, and then ends the program."""
_START_S = 60.0
"""So long actors may take to start; another program may have taken what they need."""
_LOOK_S = 0.2
"""So often a cluster is asked whether it has room by now."""


class RayShards:
    """One actor for each processor of the cluster, spread over its nodes.

    The cluster is the one that `RAY_ADDRESS` names, else the one that runs on this machine, else a new one
    for as long as the program runs.
    """

    def __init__(self, threshold: float) -> None:
        """Connect and start the actors.

        Raises:
            DedupeError: there is no such cluster, or it has no processor to spare.
        """
        _knock(os.environ.get("RAY_ADDRESS", ""))
        try:
            ray.init(log_to_driver=False, logging_level=logging.ERROR, include_dashboard=False)
            spare = _processors_to_spare()
            if spare < 1:
                raise DedupeError("The Ray cluster has no processor to spare. Wait, or add a node to it.")
            actor = ray.remote(num_cpus=1, scheduling_strategy="SPREAD")(Shard)
            self._actors = _started([actor.remote(threshold) for _ in range(spare)])
            self.count = len(self._actors)
            if not self._actors:
                raise DedupeError(
                    "No part of the index could be started on the Ray cluster: it may lack memory, or"
                    " this program. See: ray status"
                )
        except DedupeError:
            self.close()
            raise
        except (RayError, ConnectionError, RuntimeError, ValueError) as error:
            self.close()
            raise DedupeError(f"The Ray cluster cannot be used: {error}") from error
        self._answers: list[list[Any]] = []

    def send(self, method: str, arguments: Sequence[tuple[Any, ...]]) -> None:
        """Call a method of each part; what several are given alike goes to each node once."""
        stored: dict[int, Any] = {}
        for given in arguments:
            for value in given:
                if id(value) not in stored:
                    stored[id(value)] = ray.put(value)
        self._answers.append(
            [
                getattr(actor, method).remote(*(stored[id(value)] for value in given))
                for actor, given in zip(self._actors, arguments, strict=True)
            ]
        )

    def receive(self) -> list[Any]:
        """The answers to the oldest call."""
        try:
            return list(ray.get(self._answers.pop(0)))
        except RayError as error:
            raise DedupeError(
                "A part of the index on the Ray cluster is gone, with its node or for want of memory. Run the"
                " same command again to resume."
            ) from error

    def close(self) -> None:
        """End the actors, and leave the cluster."""
        ray.shutdown()


def _processors_to_spare() -> int:
    """How many actors can start; a cluster learns a moment late that another program has left it."""
    until = time.monotonic() + _PATIENCE_S
    while not (spare := int(ray.available_resources().get("CPU", 0))):  # type: ignore[no-untyped-call]
        if time.monotonic() > until:
            break
        time.sleep(_LOOK_S)
    return spare


def _started(actors: Sequence[Any]) -> list[Any]:
    """Those that the cluster has room for; the result is the same with any number."""
    by_answer = {actor.__ray_ready__.remote(): actor for actor in actors}
    ready, late = ray.wait(list(by_answer), num_returns=len(actors), timeout=_START_S)
    for answer in late:
        ray.kill(by_answer[answer])
    ray.get(ready)
    return [by_answer[answer] for answer in ready]


def _knock(address: str) -> None:
    """See that somebody listens where the cluster is said to be."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=_PATIENCE_S).close()
        except (OSError, OverflowError) as error:
            raise DedupeError(
                f"No Ray cluster answers at {address}, which RAY_ADDRESS names: {error}. Start it, or set"
                " RAY_ADDRESS to another."
            ) from error
