"""List prices that depend on the time of day: what is reserved covers what a request can cost."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

import pytest
from genai_prices.types import ClauseEquals, ConditionalPrice, ModelInfo, ModelPrice, StartDateConstraint

from selfinstruct.core.requests.prompt_size import prompt_bytes
from selfinstruct.core.settings import prices as module
from selfinstruct.core.settings.prices import Prices, price_changes
from selfinstruct.core.settings.sources import resolve
from tests.conftest import OpenEngine

MILLION = 1_000_000
DEEPSEEK = {"model": "deepseek-chat", "base_url": "https://api.deepseek.com/v1"}
DAY = [datetime(2026, 3, 2, tzinfo=UTC) + timedelta(minutes=30 * number) for number in range(48)]

SetClock = Callable[[datetime], None]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    return lambda moment: monkeypatch.setattr(module, "_now", lambda: moment)


def by_time_of_day() -> dict[datetime, float]:
    """What a million tokens each way cost at each half hour of a day."""
    prices = Prices(resolve(DEEPSEEK))
    costs = {moment: prices.cost(MILLION, MILLION, at=[moment.isoformat()]) for moment in DAY}
    return {moment: cost for moment, cost in costs.items() if cost is not None}


def test_a_reservation_covers_the_highest_price_of_the_next_day_whenever_it_is_made(clock: SetClock) -> None:
    costs = by_time_of_day()
    assert len(set(costs.values())) > 1, "the model is cheaper at night"
    for moment in DAY:
        clock(moment)
        assert Prices(resolve(DEEPSEEK)).highest(MILLION, MILLION) == max(costs.values())


def test_a_new_list_price_counts_a_day_before_it_comes_into_force() -> None:
    start = date(2026, 3, 2)
    model = ModelInfo(
        "m",
        ClauseEquals("m"),
        prices=[
            ConditionalPrice(prices=ModelPrice()),
            ConditionalPrice(StartDateConstraint(start), prices=ModelPrice()),
        ],
    )
    midnight = datetime.combine(start, time(), UTC)
    for hours, moments in ((-25, []), (-23, [midnight]), (1, [])):
        assert list(price_changes(model, midnight + timedelta(hours=hours))) == moments


def test_a_request_costs_the_higher_price_of_when_it_was_sent_and_answered(clock: SetClock) -> None:
    costs = by_time_of_day()
    cheap, dear = min(costs, key=costs.__getitem__), max(costs, key=costs.__getitem__)
    clock(cheap)
    prices = Prices(resolve(DEEPSEEK))
    for at in ((cheap, dear), (dear, cheap)):
        assert prices.cost(MILLION, MILLION, at=[moment.isoformat() for moment in at]) == costs[dear]
    assert prices.cost(MILLION, MILLION) == costs[cheap]


def test_a_planned_request_reserves_the_highest_price(engine_on: OpenEngine, clock: SetClock) -> None:
    costs = by_time_of_day()
    clock(min(costs, key=costs.__getitem__))
    engine = engine_on(**DEEPSEEK, max_cost=100.0)
    request = engine.workspace.requests.get(engine.planner.propose(1))
    clock(max(costs, key=costs.__getitem__))
    max_tokens = request.parameters["max_tokens"]
    assert isinstance(max_tokens, int)
    dear = Prices(resolve(DEEPSEEK)).cost(prompt_bytes(request.prompt), max_tokens)
    assert request.reserved_usd is not None
    assert dear is not None
    assert request.reserved_usd >= dear


@pytest.mark.parametrize(
    ("settings", "share"),
    [
        ({"model": "gpt-4o-mini"}, 0.5),
        ({"model": "gpt-4o-mini", "base_url": "https://api.openai.com/v1"}, 0.5),
        ({"model": "gpt-4o-mini", "batch_api_price": 0.4}, 0.4),
        ({"model": "m", "base_url": "https://models.example/v1"}, 1.0),
        ({"model": "m", "base_url": "https://models.example/v1", "batch_api_price": 0.5}, 0.5),
    ],
)
def test_a_job_costs_half_at_openai_and_the_normal_price_elsewhere_unless_set(
    settings: dict[str, object], share: float
) -> None:
    prices = Prices(resolve({**settings, "prices": {"m": {"input": 2.0, "output": 3.0}}}))
    whole = prices.cost(MILLION, MILLION)
    assert whole is not None
    assert prices.in_jobs().cost(MILLION, MILLION) == pytest.approx(share * whole)
    highest = prices.of("classify").highest(MILLION, MILLION)
    assert highest is not None
    assert prices.in_jobs().of("classify").highest(MILLION, MILLION) == pytest.approx(share * highest)
