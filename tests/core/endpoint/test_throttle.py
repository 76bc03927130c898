"""Fewer requests at once while the endpoint throttles, and more again afterwards."""

import asyncio
import itertools
import json
from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from selfinstruct.core.endpoint.client import Endpoint
from selfinstruct.core.endpoint.send_error import SendError
from selfinstruct.core.endpoint.throttle import Slot, Throttle
from selfinstruct.core.engine import Engine
from selfinstruct.core.errors import EndpointUnusableError
from selfinstruct.core.offline.transport import complete
from selfinstruct.core.requests.pipeline import Pipeline
from selfinstruct.core.requests.sender import MAX_REFUSALS
from selfinstruct.db.records import Parameters, Prompt
from tests.conftest import OpenEngine
from tests.virtual_time import run


def never() -> "asyncio.Future[None]":
    return asyncio.get_running_loop().create_future()


async def enter(throttle: Throttle, number: int) -> list[asyncio.Task[Slot | None]]:
    """So many parties that want a slot and keep it until they are cancelled."""

    async def stay() -> Slot | None:
        async with throttle.slot(0, never()) as entered:
            inside.append(entered)
            await never()
            return entered

    inside: list[Slot | None] = []
    parties = [asyncio.ensure_future(stay()) for _ in range(number)]
    for _ in range(5):
        await asyncio.sleep(0)
    assert len(inside) == min(number, throttle.width)
    return parties


async def leave(parties: Sequence[asyncio.Task[Any]]) -> None:
    for party in parties:
        party.cancel()
    await asyncio.gather(*parties, return_exceptions=True)


async def refused(throttle: Throttle, retry_after_s: float | None = None) -> None:
    """One request that is refused."""
    async with throttle.slot(0, never()) as entered:
        assert entered is not None
        throttle.throttled(entered, retry_after_s)


async def test_no_more_than_there_are_slots_are_on_their_way() -> None:
    throttle = Throttle(3)
    parties = await enter(throttle, 5)
    await leave(parties[:1])  # its slot goes to the next
    await leave(parties[1:])
    await leave(await enter(throttle, 3))


async def test_a_slot_that_is_left_early_goes_to_the_next_and_is_left_once() -> None:
    throttle = Throttle(1)
    async with throttle.slot(0, never()) as first:
        assert first is not None
        next_one = asyncio.ensure_future(enter(throttle, 1))
        await asyncio.sleep(0)
        first.leave()
        parties = await next_one
    assert throttle.enter() is None, "the next one has it"
    await leave(parties)
    assert throttle.enter() is not None


def test_refusals_of_requests_that_were_on_their_way_together_halve_the_slots_once() -> None:
    async def work() -> None:
        throttle = Throttle(16)
        async with throttle.slot(1, never()) as first, throttle.slot(2, never()) as second:
            assert first is not None
            assert second is not None
            throttle.throttled(first, 0.0)
            throttle.throttled(second, 0.0)
        assert throttle.width == 8
        assert throttle.refused_in_a_row == 1
        await refused(throttle, 0.0)
        assert throttle.width == 4

    run(work())


def test_one_slot_always_stays() -> None:
    async def work() -> None:
        throttle = Throttle(2)
        for _ in range(5):
            await refused(throttle)
        assert throttle.width == 1

    run(work())


def test_answers_bring_the_slots_back_one_a_round() -> None:
    async def work() -> None:
        throttle = Throttle(8)
        await refused(throttle)
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

    run(work())


def test_nobody_is_let_in_before_the_endpoint_wants_to_see_the_next() -> None:
    async def work() -> None:
        throttle = Throttle(4)
        await refused(throttle, 7.0)
        async with throttle.slot(0, never()):
            assert 7.0 <= asyncio.get_running_loop().time() <= 7.0 * 1.25

    run(work())


def test_rests_that_nobody_asked_for_double_until_there_is_an_answer() -> None:
    async def rests(throttle: Throttle, number: int) -> list[float]:
        loop, waited = asyncio.get_running_loop(), []
        for _ in range(number):
            await refused(throttle)
            began = loop.time()
            async with throttle.slot(0, never()):
                waited.append(loop.time() - began)
        return waited

    async def work() -> None:
        throttle = Throttle(1)
        waited = await rests(throttle, 9)
        for rest, least in zip(waited, (0.5, 1, 2, 4, 8, 16, 30, 30, 30), strict=True):
            assert least <= rest <= 1.25 * least
        assert len({round(later / before, 6) for before, later in itertools.pairwise(waited)}) > 5, (
            "by chance"
        )
        throttle.answered()
        assert (await rests(throttle, 1))[0] < 1

    run(work())


def test_the_oldest_request_goes_first() -> None:
    async def work() -> list[int]:
        throttle, went = Throttle(1), []

        async def go(order: int) -> None:
            async with throttle.slot(order, never()):
                went.append(order)

        async with throttle.slot(0, never()):
            parties = [asyncio.ensure_future(go(order)) for order in (3, 1, 2)]
            await asyncio.sleep(0)
        await asyncio.gather(*parties)
        return went

    assert run(work())[0] == [1, 2, 3]


async def test_who_gives_up_waiting_takes_no_slot() -> None:
    throttle = Throttle(1)
    async with throttle.slot(0, never()):
        await leave([asyncio.ensure_future(refused(throttle)) for _ in range(3)])
    await refused(throttle, 60.0)
    await leave([asyncio.ensure_future(refused(throttle))])
    assert throttle._taken == 0


async def test_who_waits_when_all_stops_is_turned_away_at_once() -> None:
    throttle, stopping = Throttle(1), never()

    async def wait() -> Slot | None:
        async with throttle.slot(0, stopping) as entered:
            return entered

    await refused(throttle, 7200.0)
    parties = [asyncio.ensure_future(wait()) for _ in range(3)]
    await asyncio.sleep(0)
    stopping.set_result(None)
    async with asyncio.timeout(5):
        assert await asyncio.gather(*parties, wait()) == [None] * 4
    assert throttle._taken == 0


class Busy(Endpoint):
    """An endpoint that answers after a second, and refuses what `refuses` says, all in virtual time."""

    refuses: Callable[["Busy"], SendError | None]

    def __init__(self, engine: Engine, refuses: Callable[["Busy"], SendError | None]) -> None:
        super().__init__(engine.settings)
        engine._working.endpoint = self
        self.refuses = refuses
        self.at_once = 0
        self.most_at_once: deque[int] = deque(maxlen=200)
        self.arrived: deque[float] = deque()
        self.sent = Counter[str]()

    async def send(self, prompt: Prompt, parameters: Parameters) -> bytes:
        refusal = self.refuses(self)
        self.sent["refused" if refusal else "answered"] += 1
        if refusal:
            await asyncio.sleep(0.05)
            raise refusal
        self.arrived.append(asyncio.get_running_loop().time())
        self.at_once += 1
        self.most_at_once.append(self.at_once)
        await asyncio.sleep(1.0)
        self.at_once -= 1
        return json.dumps(complete({"messages": prompt}, 0)).encode()


def too_many(retry_after_s: float | None = None) -> SendError:
    return SendError("Too many.", 429, transient=True, free=True, retry_after_s=retry_after_s)


def bears_at_once(most: int) -> Callable[[Busy], SendError | None]:
    return lambda busy: too_many() if busy.at_once >= most else None


def bears_a_minute(most: int, *, tells: bool) -> Callable[[Busy], SendError | None]:
    def refuses(busy: Busy) -> SendError | None:
        now = asyncio.get_running_loop().time()
        while busy.arrived and busy.arrived[0] <= now - 60:
            busy.arrived.popleft()
        if len(busy.arrived) < most:
            return None
        return too_many(busy.arrived[0] + 60 - now if tells else None)

    return refuses


def send_all(engine: Engine, number: int, started: Callable[[Pipeline], None] | None = None) -> float:
    """Have so many requests carried out; returns the seconds that it took."""

    async def work() -> None:
        requests = iter([engine.planner.propose(1) for _ in range(number)])
        await engine.run(plan=lambda: next(requests, None), take_in=lambda request_id: None, started=started)

    return run(work())[1]


ELSEWHERE = {"base_url": "http://127.0.0.1:9/v1", "model": "m"}


@pytest.mark.parametrize(
    ("refuses", "longest_s", "most_refused"),
    [
        pytest.param(bears_at_once(5), 50, 150, id="five at once"),
        pytest.param(bears_at_once(1), 250, 350, id="one at once"),
        pytest.param(bears_a_minute(60, tells=True), 200, 100, id="sixty a minute, and says when"),
        pytest.param(bears_a_minute(60, tells=False), 250, 250, id="sixty a minute"),
    ],
)
def test_an_endpoint_that_bears_little_answers_all_in_the_end(
    engine_on: OpenEngine,
    refuses: Callable[[Busy], SendError | None],
    longest_s: float,
    most_refused: int,
) -> None:
    engine = engine_on(**ELSEWHERE, concurrency=64)
    busy = Busy(engine, refuses)
    seconds = send_all(engine, 150)
    states = engine.workspace.counts().requests
    assert states["answered"] == 150
    assert seconds <= longest_s
    assert busy.sent["refused"] <= most_refused
    engine.workspace.end_run(at="now")


def test_after_a_storm_as_many_are_on_their_way_as_before(engine_on: OpenEngine) -> None:
    storm = deque([too_many()] * 20)
    engine = engine_on(**ELSEWHERE, concurrency=16)
    busy = Busy(engine, lambda _: storm.popleft() if storm else None)
    send_all(engine, 200)
    assert busy.sent == {"answered": 200, "refused": 20}
    assert max(busy.most_at_once) == 16
    assert engine.workspace.counts().requests["answered"] == 200


def test_an_endpoint_that_refuses_everything_is_left_alone_soon(engine_on: OpenEngine) -> None:
    engine = engine_on(**ELSEWHERE, concurrency=64)
    busy = Busy(engine, lambda _: too_many())
    with pytest.raises(EndpointUnusableError, match=r"throttled \d+ attempts in a row\. Try again later"):
        send_all(engine, 100)
    assert busy.sent["refused"] <= 64 + 32 + 16 + 8 + 4 + 2 + MAX_REFUSALS
    states = engine.workspace.counts().requests
    assert states["failed"] == 1, "the others wait for another run"
    assert states["planned"] == 99


def test_who_is_to_wait_for_hours_is_told_so_at_once(engine_on: OpenEngine) -> None:
    engine = engine_on(**ELSEWHERE, concurrency=8)
    refusal = SendError(
        "Wait for two hours.", 429, transient=True, free=True, unusable=True, retry_after_s=7200
    )
    busy = Busy(engine, lambda _: refusal)
    took: list[float] = []

    async def work() -> None:
        requests = iter([engine.planner.propose(1) for _ in range(50)])
        try:
            await engine.run(plan=lambda: next(requests, None))
        finally:
            took.append(asyncio.get_running_loop().time())

    with pytest.raises(EndpointUnusableError, match="two hours"):
        run(work())
    assert took[0] < 1
    assert busy.sent["refused"] == 8


def test_to_stop_does_not_wait_for_a_rest(engine_on: OpenEngine) -> None:
    engine = engine_on(**ELSEWHERE, concurrency=8)
    storm = SendError("Broken.", 500, transient=True, retry_after_s=100)
    busy = Busy(engine, lambda busy: storm if busy.sent["refused"] % 2 else too_many(100))

    def started(flow: Pipeline) -> None:
        asyncio.get_running_loop().call_later(1.0, flow.stop)

    assert send_all(engine, 50, started) == pytest.approx(1.0)
    assert busy.sent["refused"] == 8
    assert engine.workspace.counts().requests["planned"] == 50


def test_a_short_rest_that_is_asked_for_again_and_again_outlasts_a_limit_that_counts_by_the_minute() -> None:
    async def work() -> None:
        throttle = Throttle(1)
        began = asyncio.get_running_loop().time()
        for number in range(1, MAX_REFUSALS + 1):
            await refused(throttle, 1.0)
            if number == 3:
                assert asyncio.get_running_loop().time() - began < 5, "the first are believed"
        assert asyncio.get_running_loop().time() - began > 90

    run(work())
