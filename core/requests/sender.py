"""Sends requests: each is stored before it is sent, and its response before it is parsed."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from selfinstruct.core.endpoint.send_error import SendError
from selfinstruct.core.endpoint.throttle import Slot, jittered
from selfinstruct.core.errors import CostLimitError, EndpointUnusableError
from selfinstruct.core.events import EndpointWarned, Event, RequestDelayed
from selfinstruct.core.requests.group_commit import GroupCommit
from selfinstruct.db.errors import WorkspaceError
from selfinstruct.db.records import Parameters, Request
from selfinstruct.db.workspace import Workspace

if TYPE_CHECKING:
    from selfinstruct.core.endpoint.client import Endpoint
    from selfinstruct.core.endpoint.refused_parameters import Lessons

MAX_ATTEMPTS = 5
MAX_REFUSALS = 12
"""Maximum attempts under throttling: enough back-off to outlast a per-minute rate limit."""

_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 30.0


@dataclass(frozen=True, slots=True)
class _Begun:
    """An attempt that is recorded and has a slot."""

    request: Request
    parameters: Parameters
    attempt_id: int
    slot: Slot


class Sender:
    """Sends planned requests, retries transient failures, and records every attempt.

    Args:
        workspace: Where every step is stored first.
        endpoint: Where requests are sent.
        together: Stores the steps of all requests in flight together.
        stopping: Done when nothing more should be sent; waiting requests then stay planned for another run.
            The sender sets it itself when the endpoint turns out to be unusable.
        clock: Returns the current time as ISO 8601 text.
        emit: Receives an event when a request waits for its next attempt.
    """

    def __init__(
        self,
        workspace: Workspace,
        endpoint: "Endpoint",
        *,
        together: GroupCommit,
        stopping: "asyncio.Future[None]",
        clock: Callable[[], str],
        emit: Callable[[Event], None],
    ) -> None:
        self._workspace = workspace
        self._emit = emit
        self._together = together
        self._endpoint = endpoint
        self._stopping = stopping
        self._clock = clock
        self._chance = random.Random()
        self._begun: dict[int, _Begun] = {}

    def begin(self, request: Request) -> None:
        """Record the first attempt of a planned request in the caller's transaction, if a slot is free.

        `carry_out` then sends it without another wait for the disk.
        """
        throttle = self._endpoint.throttle
        if request.state != "planned" or self._stopping.done() or (slot := throttle.enter()) is None:
            return
        attempt_id = None
        try:
            parameters = self._endpoint.adapt(request.parameters)
            attempt_id = self._begin_attempt(request, parameters)
        finally:
            if attempt_id is None:
                slot.leave()
        if attempt_id is None:
            return
        self._begun[request.id] = _Begun(request, parameters, attempt_id, slot)
        self._workspace.if_undone(lambda: self._leave(request.id))

    def abandon(self, request_id: int) -> None:
        """Take back the attempt of a request that was begun and will not be carried out."""
        if (begun := self._begun.get(request_id)) is not None:
            self._leave(request_id)
            with suppress(WorkspaceError):  # it stays, as after a crash
                self._workspace.requests.take_back_attempt(begun.attempt_id)

    def _leave(self, request_id: int) -> None:
        if (begun := self._begun.pop(request_id, None)) is not None:
            begun.slot.leave()

    async def carry_out(self, request_id: int) -> None:
        """Send a request until it is `answered` or `failed`; skip it if its response is already stored.

        Raises:
            CostLimitError: It could exceed the cost limit; its state is unchanged.
            EndpointUnusableError: No request will succeed at this endpoint; this one has failed.
        """
        begun = self._begun.pop(request_id, None)
        request = begun.request if begun else await self._read(request_id)
        if request.state in {"answered", "parsed", "failed"}:
            return
        attempt = 0
        while begun is not None or not self._stopping.done():
            attempt += 1
            error = await self._attempt(request, begun)
            begun = None
            if error is None:
                return
            most = MAX_REFUSALS if error.throttles else MAX_ATTEMPTS
            if not error.transient or error.unusable or attempt >= most:
                await self._give_up(request_id, error)
                return
            wait_s = self._endpoint.throttle.rest_s if error.throttles else self._wait(attempt, error)
            self._emit(RequestDelayed(request_id, error.sentence, attempt + 1, most, wait_s))
            if not error.throttles:
                await asyncio.wait({self._stopping}, timeout=wait_s)

    async def _read(self, request_id: int) -> Request:
        requests = self._workspace.requests
        return await self._workspace.lock_wait.when_free(lambda: requests.get(request_id))

    async def _give_up(self, request_id: int, error: SendError) -> None:
        requests = self._workspace.requests
        await self._workspace.lock_wait.when_free(lambda: requests.fail(request_id, error.sentence))
        is_shut = error.throttles and self._endpoint.throttle.refused_in_a_row >= MAX_ATTEMPTS
        if error.unusable or error.unreachable or is_shut:
            if not self._stopping.done():
                self._stopping.set_result(None)
            raise EndpointUnusableError(self._endpoint.advice(error))

    async def _attempt(self, request: Request, begun: _Begun | None) -> SendError | None:
        """Send once, and again as long as a refusal reveals how the endpoint wants the parameters.

        A request that is too long is sent once more with fewer tokens to generate. Returns the error; None
        when there is a response, or when sending stopped before it was sent.
        """
        throttle, less = self._endpoint.throttle, None
        while True:
            has = begun.slot if begun else None
            async with throttle.slot(request.id, self._stopping, has) as slot:
                if slot is None:
                    return None
                parameters = begun.parameters if begun else less or self._endpoint.adapt(request.parameters)
                error = await self._send(request, parameters, slot, begun.attempt_id if begun else None)
                begun = None
                if error is None:
                    throttle.answered()
                    break
                if error.throttles and not error.unusable:
                    throttle.throttled(slot, error.retry_after_s)
            if less is None:
                less = self._endpoint.with_less(error, parameters, request.stage)
                if less is not None:
                    self._warn_of_length(error)
                    continue
                if self._endpoint.learn(error, request.parameters, parameters):
                    continue
            return error
        await self._remember(self._endpoint.confirmed())
        return None

    def _warn_of_length(self, error: SendError) -> None:
        """Say once that requests are too long: each is sent twice from here on, which takes time."""
        if not self._endpoint.has_warned:
            self._endpoint.has_warned = True
            self._emit(EndpointWarned(f"{error.sentence} Such requests are sent again for fewer tokens."))

    async def _remember(self, learned: "Lessons") -> None:
        """Store what refusals have taught, for later runs."""
        settings, endpoint = self._workspace.settings, self._endpoint
        if learned:
            await self._workspace.lock_wait.when_free(
                lambda: settings.learn(endpoint.address, endpoint.model, learned)
            )

    async def _send(
        self, request: Request, parameters: Parameters, slot: Slot, attempt_id: int | None
    ) -> SendError | None:
        """Store an attempt if it is not begun, send it, and store the response; returns the error, if any.

        An answer frees the slot while it is being stored: transactions follow each other, so that what enters
        then is recorded after it.
        """
        requests = self._workspace.requests
        if attempt_id is None:
            attempt_id = await self._together.write(
                lambda: self._begin_attempt(request, parameters),
                take_back=lambda begun: None if begun is None else requests.take_back_attempt(begun),
            )
        if attempt_id is None:
            is_planned = (await self._read(request.id)).state == "planned"
            raise CostLimitError(request.reserved_usd, is_charged=is_planned)
        begun = attempt_id
        try:
            with self._together.elsewhere():
                body = await self._endpoint.send(request.prompt, parameters)
        except SendError as caught:
            error = caught
            await self._together.write(
                lambda: requests.store_failure(
                    begun,
                    http_status=error.http_status,
                    body=error.body,
                    error=error.sentence,
                    free=error.free or self._endpoint.is_free,
                    at=self._clock(),
                )
            )
            return error

        def store() -> None:
            requests.store_answer(begun, http_status=200, body=body, at=self._clock())
            slot.leave()

        await self._together.write(store)
        return None

    def _begin_attempt(self, request: Request, parameters: Parameters) -> int | None:
        run_id = self._workspace.run_id
        return self._workspace.requests.begin_attempt(request.id, parameters, run_id=run_id, at=self._clock())

    def _wait(self, attempt: int, error: SendError) -> float:
        """Return the seconds until the next attempt: Retry-After, else exponential back-off; with jitter."""
        backoff = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2 ** (attempt - 1))
        wanted = error.retry_after_s if error.retry_after_s is not None else backoff
        return jittered(wanted, self._chance)
