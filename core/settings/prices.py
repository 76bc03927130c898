"""The cost of requests. An unknown cost is None, never 0."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from decimal import ROUND_CEILING, Decimal
from functools import cached_property
from typing import TYPE_CHECKING

from selfinstruct.core.errors import SettingsError
from selfinstruct.core.setting_names import setting
from selfinstruct.core.settings.model import GENERATION_STAGES, Settings
from selfinstruct.db.records import Stage

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, PriceCalculation

_MILLION = 1_000_000
_DIGITS = 3
"""Significant digits of a USD amount that people read and type."""
_DAY = timedelta(days=1)
_OVERHEAD_TOKENS = 200
"""Upper bound on the tokens that a chat template adds around the messages."""


class Prices:
    """The price of a workspace's model: from the settings, else the list price at its address.

    Args:
        settings: The model, its address and its price.
        share: The share of that price that is charged.
    """

    def __init__(self, settings: Settings, *, share: float = 1.0) -> None:
        self._share = share
        self._price = settings.prices.get(settings.model)
        self.is_free = settings.is_free
        """Whether no request costs anything."""
        self._offline = settings.is_offline
        self._model = settings.model
        self._address = settings.address
        self._settings = settings
        self._others: dict[str, Prices] = {}

    def of(self, stage: Stage) -> "Prices":
        """Return the price of the model of a stage."""
        settings = self._settings.of_stage(stage)
        if settings.model == self._model:
            return self
        if settings.model not in self._others:
            self._others[settings.model] = Prices(settings, share=self._share)
        return self._others[settings.model]

    def in_jobs(self) -> "Prices":
        """Return the prices of requests that are sent in jobs of the Batch API."""
        return Prices(self._settings, share=self._settings.price_in_jobs)

    @cached_property
    def can_be_limited(self) -> bool:
        """Whether a cost limit can be enforced.

        For a local server it cannot without a price: it counts as free, but may forward requests to a paid
        endpoint.
        """
        return self._offline or self._price is not None or self._listed(1, 1, [_now()]) is not None

    def require_known(self) -> None:
        """Check that a cost limit can be enforced.

        Raises:
            SettingsError: the price is unknown.
        """
        if not self.can_be_limited:
            raise SettingsError(
                f"The price of '{self._model}' is not known, so {setting('max_cost')} cannot be enforced. Set"
                " it in selfinstruct.toml, in USD per million tokens, in three lines such as"
                f' [prices."{self._model}"], input = 0.15 and output = 0.60. If it costs nothing, write'
                f' [prices."{self._model}"], input = 0 and output = 0.'
            )

    def cost(
        self, prompt_tokens: int | None, completion_tokens: int | None, *, at: Sequence[str] = ()
    ) -> float | None:
        """Return the cost of these tokens in USD; None if the price or the tokens are unknown.

        Args:
            prompt_tokens: The tokens of the prompt.
            completion_tokens: The tokens of the answer.
            at: When the request was sent and answered, as ISO 8601 text; of list prices that depend on the
                time of day, the highest at these moments counts. By default, now.
        """
        return self._cost(prompt_tokens, completion_tokens, [*map(_moment, at)] or [_now()])

    def at_most(self, prompt_bytes: int, max_tokens: int) -> float | None:
        """Return an upper bound on the cost of a request in USD; a text has at most one token per byte."""
        return self.highest(prompt_bytes + _OVERHEAD_TOKENS, max_tokens)

    def highest(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        """Return the cost of these tokens in USD at the highest price of the next 24 hours."""
        return self._cost(prompt_tokens, completion_tokens, [_now()], a_day_ahead=True)

    def _cost(
        self,
        prompt_tokens: int | None,
        completion_tokens: int | None,
        moments: list[datetime],
        *,
        a_day_ahead: bool = False,
    ) -> float | None:
        if self.is_free:
            return 0.0
        if prompt_tokens is None or completion_tokens is None:
            return None
        if self._price is not None:
            price = self._price
            if completion_tokens and price.output is None:
                return None
            usd = prompt_tokens * price.input + completion_tokens * (price.output or 0.0)
            return self._share * usd / _MILLION
        listed = self._listed(prompt_tokens, completion_tokens, moments, a_day_ahead=a_day_ahead)
        return None if listed is None else self._share * listed

    def _listed(
        self,
        prompt_tokens: int,
        completion_tokens: int,
        moments: Sequence[datetime],
        *,
        a_day_ahead: bool = False,
    ) -> float | None:
        """Return the cost by list price at this endpoint's address, from genai-prices' offline data."""
        from genai_prices import Usage, calc_price  # noqa: PLC0415 - heavy, and only paid endpoints need it

        usage = Usage(input_tokens=prompt_tokens, output_tokens=completion_tokens)

        def at(moment: datetime) -> "PriceCalculation":
            return calc_price(
                usage, self._model, provider_api_url=self._address, genai_request_timestamp=moment
            )

        try:
            costs = [at(moment) for moment in moments]
        except LookupError:
            return None
        if a_day_ahead:
            costs += map(at, price_changes(costs[0].model, moments[0]))
        return max(float(cost.total_price) for cost in costs)


def _now() -> datetime:
    return datetime.now(UTC)


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:  # a workspace may hold any text
        return _now()


def price_changes(model: "ModelInfo", since: datetime) -> Iterator[datetime]:
    """Yield when the list price of a model may change within 24 hours."""
    from genai_prices.types import StartDateConstraint, TimeOfDateConstraint  # noqa: PLC0415 - as above

    for price in model.prices if isinstance(model.prices, list) else ():
        constraint = price.constraint
        if isinstance(constraint, TimeOfDateConstraint):
            # An interval that ends brings back a price that may be higher.
            for time_of_day in (constraint.start_time, constraint.end_time):
                zone = time_of_day.tzinfo or UTC
                moment = datetime.combine(since.astimezone(zone), time_of_day, zone)
                yield moment if moment > since else moment + _DAY
        elif isinstance(constraint, StartDateConstraint):
            moment = datetime.combine(constraint.start_date, time(), UTC)
            if since < moment <= since + _DAY:
                yield moment


def limited_prices(settings: Settings) -> Prices:
    """The prices for these settings, checked against the cost limit.

    Raises:
        SettingsError: there is a cost limit, and an unknown price makes it impossible to enforce.
    """
    prices = Prices(settings)
    if settings.max_cost is not None:
        for stage in GENERATION_STAGES:
            prices.of(stage).require_known()
        if settings.of_embeddings is not None:
            Prices(settings.of_embeddings).require_known()
    return prices


def rounded_up(usd: float) -> float:
    """Round an amount up to three significant digits, such as 0.00532 or 5.2."""
    exact = Decimal(usd)
    digit = Decimal(1).scaleb(exact.adjusted() + 1 - _DIGITS)
    return float(exact.quantize(digit, rounding=ROUND_CEILING))
