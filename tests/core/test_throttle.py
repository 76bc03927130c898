"""Fewer requests at once while the endpoint throttles, and more again afterwards."""

import asyncio
import json
from collections.abc import Sequence

from selfinstruct.core.offline import complete
from selfinstruct.core.throttle import Throttle
from tests.conftest import OpenEngine
from tests.server import Fault, ModelServer, error_body

TOO_MANY = Fault(429, error_body("too many"), {"retry-after": "0"})


async def enter(throttle: Throttle, number: int) -> list[asyncio.Task[int]]:
    """So many parties that want a slot and keep it until they are cancelled."""

    async def stay() -> int:
        async with throttle.slot() as entered:
            inside.append(entered)
            await asyncio.get_running_loop().create_future()
            return entered

    inside: list[int] = []
    parties = [asyncio.ensure_future(stay()) for _ in range(number)]
    for _ in range(3):
        await asyncio.sleep(0)
    assert len(inside) == min(number, throttle.width)
    return parties


async def leave(parties: Sequence[asyncio.Task[object]]) -> None:
    for party in parties:
        party.cancel()
    await asyncio.gather(*parties, return_exceptions=True)


async def test_no_more_than_there_are_slots_are_on_their_way() -> None:
    throttle = Throttle(3)
    parties = await enter(throttle, 5)
    await leave(parties[:1])  # its slot goes to the next
    await leave(parties[1:])
    await leave(await enter(throttle, 3))


async def test_refusals_of_requests_that_were_on_their_way_together_halve_the_slots_once() -> None:
    throttle = Throttle(16)
    async with throttle.slot() as first, throttle.slot() as second:
        throttle.throttled(first, 0.0)
        throttle.throttled(second, 0.0)
    assert throttle.width == 8
    async with throttle.slot() as later:
        throttle.throttled(later, 0.0)
    assert throttle.width == 4


async def test_one_slot_always_stays() -> None:
    throttle = Throttle(2)
    for _ in range(5):
        async with throttle.slot() as entered:
            throttle.throttled(entered, None)
    assert throttle.width == 1


async def test_answers_bring_the_slots_back_one_a_round() -> None:
    throttle = Throttle(8)
    async with throttle.slot() as entered:
        throttle.throttled(entered, None)
    rounds = []
    while throttle.width < 8:
        for _ in range(throttle.width):
            throttle.answered()
        rounds.append(throttle.width)
        assert len(rounds) < 20
    assert rounds == sorted(rounds)
    assert len(rounds) >= 4
    throttle.answered()
    assert throttle.width == 8


async def test_nobody_is_let_in_before_the_endpoint_wants_to_see_the_next() -> None:
    throttle = Throttle(4)
    loop = asyncio.get_running_loop()
    async with throttle.slot() as entered:
        throttle.throttled(entered, 0.05)
    began = loop.time()
    async with throttle.slot():
        assert loop.time() - began >= 0.04


async def test_who_gives_up_waiting_takes_no_slot() -> None:
    throttle = Throttle(1)
    async with throttle.slot():
        await leave([asyncio.ensure_future(_pass(throttle)) for _ in range(3)])
    async with throttle.slot() as entered:
        throttle.throttled(entered, 60.0)
    await leave([asyncio.ensure_future(_pass(throttle))])
    assert throttle._taken == 0


async def _pass(throttle: Throttle) -> None:
    async with throttle.slot():
        pass


async def test_an_endpoint_that_bears_few_at_once_answers_all_in_the_end(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    bears, refused, widths = 3, 0, []

    def refuse(body: dict[str, object]) -> Fault | None:
        nonlocal refused
        # The server's own threads: as many have arrived and are not answered yet.
        if len(server.received) <= 16 and len(server.received) > bears:
            refused += 1
            return TOO_MANY
        return Fault(body=json.dumps(complete(body, 0)).encode())

    server.refuse = refuse
    async with engine_on(base_url=server.url, model="m", concurrency=16) as engine:
        requests = iter([engine.plan.propose(1) for _ in range(48)])

        def take_in(request_id: int) -> None:
            widths.append(engine.endpoint.throttle.width)
            engine.take_in(request_id)

        await engine.run(plan=lambda: next(requests, None), take_in=take_in)
        states = engine.workspace.counts().requests
    assert refused == 13
    assert states["answered"] == 48
    assert min(widths) <= 8, "fewer at once after the refusals"
    assert widths[-1] > min(widths), "and more again after the answers"
