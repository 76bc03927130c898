"""Generation beside a person: the next batch is made while this one is decided on."""

import asyncio
from collections import deque

from selfinstruct.core.engine import Engine
from selfinstruct.core.errors import EndpointUnusableError, RequestRefusedError
from selfinstruct.core.events import BatchCompleted, GenerationPaused
from selfinstruct.core.flow import Flow
from selfinstruct.core.ledger import CostLimitError
from selfinstruct.db.rows import PASS

_REST_S = 0.01
"""Between two answers, so that keys are never behind more than one."""


class AttendedRun:
    """Makes batches on demand and one ahead, and labels and instances as decisions call for them.

    It decides nothing. `run` goes on until `stop`; when no request can be sent it pauses, says why in
    `paused`, and goes on at the next demand.

    Args:
        engine: Whose requests these are.
        resend: Whether requests in doubt are sent again although they may cost.
        shown: The batch before the person; by default the one that they were last at.
    """

    def __init__(self, engine: Engine, *, resend: bool = False, shown: int | None = None) -> None:
        self._engine = engine
        read_only = engine.workspace.read_only
        self._written = deque(() if read_only else engine.plan.left_over(resend=resend))
        self.shown = engine.workspace.tasks.batch_under_review() if shown is None else shown
        """The batch before the person: the last one that they decided on, or, if none, the last there is."""
        self._waiting = False
        self._begun = False
        self._batch = 0
        self._planned = 0
        self._taken_in = 0
        self._size = engine.settings.requests_per_batch
        self._wake = asyncio.Event()
        self._flow: Flow | None = None
        self._stopping = False
        self._cost_limited = False
        self.paused: str | None = None
        """Why no requests are sent at the moment."""

    @property
    def under_way(self) -> int:
        """How many requests have no answer taken in yet."""
        return self._flow.under_way if self._flow else 0

    @property
    def progress(self) -> tuple[int, int] | None:
        """How many requests for the batch being made are taken in, and of how many; None if none is made."""
        return (self._taken_in, self._size) if self._planned else None

    def next_batch(self) -> int | None:
        """Go on to the next batch that waits for a person, whoever made it: its number if there is one.

        None when it is still being made: `BatchCompleted` will tell, and then it is to be asked for
        again. The one after it is begun meanwhile.
        """
        self._begun = True
        self.paused = None
        self._engine.workspace.tasks.release_unanswered()
        batch = next(iter(self._ready()), None)
        self._waiting = batch is None
        self.shown = self.shown if batch is None else batch
        self.wake()
        return batch

    def _ready(self) -> list[int]:
        batches = self._engine.workspace.tasks.batches_waiting(after=self.shown)
        return [batch for batch in batches if not (self._planned and batch == self._batch)]

    def ask_for_more(self, task_id: int) -> None:
        """Ask the model for more instances of an accepted task; `TaskInstantiated` will tell.

        Raises:
            RequestRefusedError: it cannot be asked, and why.
        """
        if (limit := self._request_limit()) is not None:
            raise RequestRefusedError(limit)
        try:
            self._written.append(self._engine.plan.more_instances(task_id))
        except CostLimitError:
            raise RequestRefusedError(self._cost_limit()) from None
        self.paused = None
        self.wake()

    def _request_limit(self) -> str | None:
        limit = self._engine.settings.max_requests
        if limit is None or self._engine.workspace.requests.count() < limit:
            return None
        return f"This workspace has had its {limit} requests. Start with a higher --max-requests to go on."

    def _cost_limit(self) -> str:
        limit = self._engine.settings.max_cost
        return f"The cost limit of {limit:g} USD leaves no room for a request; --max-cost raises it."

    def wake(self) -> None:
        """Look for work again, for example after a decision."""
        self._wake.set()

    def stop(self) -> None:
        """Plan no more; `run` ends when what is under way has been answered and stored."""
        self._stopping = True
        if self._flow is not None:
            self._flow.stop()
        self.wake()

    def successor(self) -> "AttendedRun":
        """One that goes on from here, once this one has stopped."""
        successor = AttendedRun(self._engine, shown=self.shown)
        successor._begun = self._begun
        successor._written.extend(self._engine.plan.still_ours(self._written))
        return successor

    async def run(self) -> None:
        """Work until `stop`."""
        while not self._stopping:
            self._wake.clear()
            self._cost_limited = False
            try:
                await self._engine.run(
                    plan=self._plan, take_in=self._take_in, started=self._started, rest_s=_REST_S
                )
            except CostLimitError:
                self._cost_limited = True
            except EndpointUnusableError as error:
                self._pause(f"{error} n tries again.")
            if self._cost_limited:
                self._pause(self._cost_limit())
            if not self._stopping:
                await self._wake.wait()

    def _pause(self, sentence: str) -> None:
        # The next demand begins another batch; what this one brought so far waits among the candidates.
        self._planned = self._taken_in = 0
        self.paused = sentence
        self._engine.emit(GenerationPaused(sentence))

    def _started(self, flow: Flow) -> None:
        self._flow = flow

    def _plan(self) -> int | None:
        if self.paused is not None:
            return None
        self._cost_limited = False
        if self._written:
            return self._written.popleft()
        if (limit := self._request_limit()) is not None:
            self._pause(limit)
            return None
        try:
            if (request_id := self._engine.plan.next_of_pool()) is not None:
                return request_id
            return self._plan_propose() if self._wants_more() else None
        except CostLimitError:
            # What is under way may turn out to cost less than is reserved for it.
            self._cost_limited = True
            return None

    def _wants_more(self) -> bool:
        if self._planned:
            return self._planned < self._size
        ahead = 1
        return self._begun and len(self._ready()) < ahead + self._waiting

    def _plan_propose(self) -> int:
        with self._engine.workspace.transaction():
            if not self._planned:
                self._batch = self._engine.plan.new_batch()
            request_id = self._engine.plan.propose(self._batch)
        self._planned += 1
        return request_id

    def _take_in(self, request_id: int) -> None:
        self._engine.take_in(request_id)
        request = self._engine.workspace.requests.get(request_id)
        if request.stage != "propose" or request.batch != self._batch:
            return
        self._taken_in += 1
        if self._taken_in == self._size:
            self._planned = self._taken_in = 0
            self._engine.emit(BatchCompleted(self._batch, self._passing(self._batch)))

    def _passing(self, batch: int) -> int:
        return sum(task.verdict == PASS for task in self._engine.workspace.tasks.of_batch(batch))
