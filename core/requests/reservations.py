"""Reserves the cost of requests within the workspace's cost limit."""

from dataclasses import dataclass

from selfinstruct.core.errors import CostLimitError
from selfinstruct.core.requests.prompt_size import prompt_bytes
from selfinstruct.core.settings.model import Settings
from selfinstruct.core.settings.prices import Prices, rounded_up
from selfinstruct.db.records import Prompt, Request
from selfinstruct.db.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Room:
    """The request that did not fit the cost limit, and the limits that would; amounts are rounded up."""

    at_most_usd: float
    """Upper bound on the cost of the refused request, in USD."""
    limit_usd: float
    """The lowest cost limit that leaves room for it, in USD."""
    for_all_usd: float
    """The lowest cost limit that also covers all outstanding requests of accepted tasks, in USD."""


class Reservations:
    """What the requests of a workspace may cost, and whether its limit leaves room for it.

    The limit is read from the workspace each time, in the transaction that reserves: any program may change
    it.

    Args:
        workspace: The workspace with the limit.
        prices: The prices of the model's tokens.
        embeddings: The settings of the embedding model; None without one.
    """

    def __init__(self, workspace: Workspace, prices: Prices, embeddings: Settings | None) -> None:
        self._workspace = workspace
        self._prices = prices
        self._embeddings = embeddings

    def reserve(self, prompt: Prompt, max_tokens: int, prices: Prices) -> float | None:
        """Return an upper bound on a request's cost in USD, if it fits the limit; None if unknown.

        Raises:
            CostLimitError: It does not fit the limit.
            SettingsError: There is a limit and no price.
        """
        reserved = 0.0 if prices.is_free else prices.at_most(prompt_bytes(prompt), max_tokens)
        limit = self._limit()
        if limit is not None:
            prices.require_known()
            if self._workspace.requests.charged_usd() + (reserved or 0.0) > limit:
                raise CostLimitError(reserved)
        return reserved

    def reserve_again(self, request: Request) -> float | None:
        """`reserve` for a request that is there."""
        return self.reserve(request.prompt, *self._priced(request))

    def at_most(self, request: Request) -> float | None:
        """Return an upper bound on the cost of a request in USD; None if unknown."""
        max_tokens, prices = self._priced(request)
        return prices.at_most(prompt_bytes(request.prompt), max_tokens)

    def covers(self, usd: float) -> bool:
        """Whether the limit leaves room for so much."""
        limit = self._limit()
        return limit is None or self._workspace.requests.charged_usd() + usd <= limit

    def room_for(self, refused: CostLimitError, others_usd: float) -> Room | None:
        """Return the limits with which work could continue after a refused request.

        None when the limit has been removed, when the cost of the request is unknown, or when there is room
        after all: requests in flight may have cost less than was reserved for them.

        Args:
            refused: The refusal.
            others_usd: The most that the outstanding requests of accepted tasks cost, in USD.
        """
        limit = self._limit()
        if limit is None or refused.at_most_usd is None:
            return None
        charged, at_most = self._workspace.requests.charged_usd(), refused.at_most_usd
        enough = charged if refused.is_charged else charged + at_most
        if enough <= limit:
            return None
        return Room(rounded_up(at_most), rounded_up(enough), rounded_up(max(enough, charged + others_usd)))

    def _priced(self, request: Request) -> tuple[int, Prices]:
        """Return the most tokens of a request's answer, and the prices for it."""
        if request.stage == "embed":
            assert self._embeddings is not None
            return 0, Prices(self._embeddings)
        max_tokens = request.parameters["max_tokens"]
        assert isinstance(max_tokens, int)
        return max_tokens, self._prices.of(request.stage)

    def _limit(self) -> float | None:
        return self._workspace.settings.cost_limit()
