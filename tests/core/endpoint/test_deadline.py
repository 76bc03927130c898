"""A stop of the program, or sleep of the machine, costs no answer that has been paid for."""

import asyncio
import os
import signal
import subprocess
import sys
import time

import pytest

from selfinstruct.core.endpoint.deadline import deadline
from tests import virtual_time
from tests.server import ModelServer

pytestmark = pytest.mark.long

_TIMEOUT_S = 1.0

_ASK = """
import asyncio, sys
from selfinstruct.core.endpoint.client import Endpoint
from selfinstruct.core.settings.sources import resolve

async def ask():
    endpoint = Endpoint(resolve({"base_url": sys.argv[1], "model": "m", "timeout_s": float(sys.argv[2])}))
    body = await endpoint.send([{"role": "user", "content": "x"}], {"max_tokens": 1})
    await endpoint.close()
    print("choices" in body.decode())

asyncio.run(ask())
"""


@pytest.mark.parametrize("answered", ["while it is stopped", "after it continues"])
def test_an_answer_to_a_program_that_was_stopped_for_longer_than_the_timeout_is_read(
    server: ModelServer, answered: str
) -> None:
    server.gate.clear()
    command = [sys.executable, "-c", _ASK, server.url, str(_TIMEOUT_S)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        try:
            assert server.arrived.acquire(timeout=90)
            os.kill(program.pid, signal.SIGSTOP)
            os.waitid(os.P_PID, program.pid, os.WSTOPPED)
            if answered == "while it is stopped":
                server.gate.set()
            time.sleep(2 * _TIMEOUT_S)  # the stop itself, which has to outlast the timeout
            os.kill(program.pid, signal.SIGCONT)
            server.gate.set()
            told, _ = program.communicate(timeout=20)
        finally:
            program.kill()
    assert told == "True\n"
    assert len(server.received) == 1


def stop(seconds: float) -> None:
    """Let time pass in which the loop does not run."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, virtual_time.Loop)
    loop.clock.now += seconds


async def within(seconds: float, *steps: float) -> None:
    """Wait for so long, under a deadline; a negative step is a stop."""
    async with deadline(seconds):
        for step in steps:
            if step < 0:
                stop(-step)
            else:
                await asyncio.sleep(step)


@pytest.mark.parametrize(
    ("seconds", "steps"),
    [
        (120, [119.9]),
        (120, [100, -3600, 18]),
        (120, [119, -3600, 4]),
        (120, [60, -3600, 30, -3600, 27]),
        (0.5, [0.4, -60, 0.4]),
    ],
)
def test_only_time_in_which_the_program_runs_counts(seconds: float, steps: list[float]) -> None:
    virtual_time.run(within(seconds, *steps))


@pytest.mark.parametrize(
    ("seconds", "steps", "most"),
    [
        (120, [1e6], 120),
        (0.05, [1e6], 0.05),
        (120, [100, -3600, 1e6], 3600 + 120),
        (120, [119.5, -3600, 1e6], 3600 + 125),
    ],
)
def test_a_deadline_holds_even_so(seconds: float, steps: list[float], most: float) -> None:
    async def until_it_expires() -> None:
        with pytest.raises(TimeoutError):
            await within(seconds, *steps)

    _, taken = virtual_time.run(until_it_expires())
    assert taken == pytest.approx(most, abs=1.1)
