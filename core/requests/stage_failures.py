"""Recognizes a stage that always fails, by its requests that produced nothing."""

from collections import Counter
from typing import get_args

from selfinstruct.core.errors import EndpointUnusableError
from selfinstruct.core.setting_names import setting
from selfinstruct.db.records import Stage

FAILURES_IN_A_ROW = 10
"""Requests in a row without a product after which a stage, or the endpoint, is considered unusable."""

_AFTER_A_PRODUCT = 30
"""The same for useless answers of a stage that has produced something: of a model that is unclear half of the
time, ten unclear labels in a row are to be expected in a few hundred."""

_LOOK = "The requests are on the Requests screen."

_PRODUCTS: dict[Stage, str] = {"propose": "new tasks", "classify": "labels", "instantiate": "instances"}


class StageFailures:
    """Counts requests that produced nothing, each stage on its own.

    So requests of other stages that succeed in between, as many as the concurrency allows, hide nothing. A
    request fails if it gets no readable answer. An answer is useless if it has no list of tasks, no clear
    label or no instance that is kept.
    """

    def __init__(self) -> None:
        self._failed_in_a_row = 0
        self._in_a_row: Counter[Stage] = Counter()
        self._produced: set[Stage] = set()
        self._last: dict[Stage, str] = {}
        """Why the last request of each stage produced nothing, and what helps."""

    def produced(self, stage: Stage) -> None:
        """Record an answer with a product."""
        self._failed_in_a_row = 0
        self._in_a_row[stage] = 0
        self._produced.add(stage)

    def failed(self, stage: Stage, sentence: str, *, foreign: bool = False) -> None:
        """Record a failed request.

        Args:
            stage: The stage of the request.
            sentence: Why it failed.
            foreign: Whether an answer came that does not fit the API.

        Raises:
            EndpointUnusableError: Too many requests, of this stage or of all, produced nothing.
        """
        self._failed_in_a_row += 1
        self._count(stage, f"{sentence} {_check() if foreign else _LOOK}")
        if self._failed_in_a_row >= FAILURES_IN_A_ROW:
            raise EndpointUnusableError(
                f"{self._failed_in_a_row} requests in a row produced nothing."
                f" The last one: {self._last[stage]}"
            )

    def useless(self, stage: Stage, sentence: str, *, cut: bool = False) -> None:
        """Record an answer without a product.

        Args:
            stage: The stage of the request.
            sentence: Why the answer is useless.
            cut: Whether the token limit cut the answer.

        Raises:
            EndpointUnusableError: Too many requests of this stage produced nothing.
        """
        self._failed_in_a_row = 0
        self._count(stage, f"{sentence} {_raise_limit(stage) if cut else _check()}")

    def never_produced(self) -> str | None:
        """Return a sentence on the first stage of which every request produced nothing; None without one."""
        for stage in get_args(Stage):
            if self._in_a_row[stage] and stage not in self._produced:
                return self._sentence(stage, self._in_a_row[stage])
        return None

    def _count(self, stage: Stage, sentence: str) -> None:
        self._in_a_row[stage] += 1
        self._last[stage] = sentence
        in_a_row = self._in_a_row[stage]
        if in_a_row >= (_AFTER_A_PRODUCT if stage in self._produced else FAILURES_IN_A_ROW):
            # Whoever goes on after a pause gets as many again.
            self._in_a_row[stage] = 0
            raise EndpointUnusableError(self._sentence(stage, in_a_row))

    def _sentence(self, stage: Stage, in_a_row: int) -> str:
        requests = "1 request" if in_a_row == 1 else f"{in_a_row} requests in a row"
        return f"No {_PRODUCTS[stage]}: {requests} produced nothing. The last one: {self._last[stage]}"


def _raise_limit(stage: Stage) -> str:
    return (
        "The token limit cut it: raise thinking_tokens, or max_tokens of"
        f" [request.{stage}], in selfinstruct.toml."
    )


def _check() -> str:
    return (
        f"The answers are on the Requests screen; check {setting('model')}, {setting('base_url')} and"
        f" {setting('api')}."
    )
