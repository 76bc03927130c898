"""Unattended runs: propose, assess, decide, classify and instantiate until a target or a limit."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from selfinstruct.core.engine import Engine
from selfinstruct.core.errors import CostLimitError, RequestRefusedError, SettingsError
from selfinstruct.core.events import BatchCompleted, Event
from selfinstruct.core.method.paper import NEW_TASKS
from selfinstruct.core.pool.assessor import Assessment
from selfinstruct.core.requests.pipeline import Pipeline
from selfinstruct.core.runs.batch_tracker import SATURATED_BATCHES, BatchTracker
from selfinstruct.core.runs.outcome import Ended, RunOutcome, are_too_many_rowless
from selfinstruct.core.runs.yields import Yield
from selfinstruct.core.setting_names import setting
from selfinstruct.db.records import PASS, Task

if TYPE_CHECKING:
    from selfinstruct.core.requests.reservations import Room

_FRUIT = 16
"""Requests that follow from one propose request: about 8 tasks, each with one for its label and instances."""

_FEW = 16
"""Propose requests whose answers take no noticeable time to be assessed."""
_EXPECTED_SHARE = 0.75
"""Share of the proposed tasks that is taken to pass as long as there are none."""

_LOOK_S, _PATIENCE_S = 0.2, 120.0
"""Polling interval and timeout while waiting for vectors that another program requests, in seconds."""


def require_start(engine: Engine) -> None:
    """Check that an unattended run can start, before its settings are stored in the workspace.

    Raises:
        SettingsError: There is neither a target nor a limit that would end the run.
        EndpointUnusableError: An endpoint needs a key that it cannot have.
    """
    settings = engine.settings
    if settings.target is None and settings.max_requests is None and settings.max_cost is None:
        raise SettingsError(
            f"Set a stopping point: {setting('target')} N, {setting('max_requests')} N or"
            f" {setting('max_cost')} USD."
        )
    if settings.target is None and settings.max_requests is None and settings.costs_nothing:
        model = "The built-in model" if settings.is_offline else f"'{settings.model}'"
        raise SettingsError(
            f"{model} costs nothing, so {setting('max_cost')} would never stop it. Set"
            f" {setting('target')} N or {setting('max_requests')} N."
        )
    _ = engine.endpoint, engine.embeddings_endpoint


class UnattendedRun:
    """One unattended run over an engine's workspace.

    Args:
        engine: The engine to drive; its settings hold the target, the limits and `hold`.
        resend: Whether to resend requests in doubt even if that may cost, and to ask again for the labels and
            instances of accepted tasks whose answers failed or brought no row.

    Raises:
        SettingsError: There is neither a target nor a limit that would end the run.
        EndpointUnusableError: An endpoint needs a key that it cannot have.
    """

    def __init__(self, engine: Engine, *, resend: bool = False) -> None:
        require_start(engine)
        self._engine = engine
        self._settings = engine.settings
        self.resend = resend
        self._left_over: dict[int, bool] = {}
        """Ids of unfinished requests, oldest first, and whether sending each would yield new tasks."""
        self._without_instances: deque[int] = deque()
        """Ids of the accepted tasks to ask again for instances."""
        self._batches = BatchTracker(
            engine.workspace, counts=self._counts_for_target, awaits_vectors=self._awaits_vectors
        )
        self._yield = Yield(0, None)
        self._limit: str | None = None
        self._refused: CostLimitError | None = None
        """The cost-limit refusal of the last attempt to plan a request."""
        self._asked_again = False
        self._only_finishes = False
        """Whether `max_requests` leaves no more than what known tasks needed when the run began."""
        self._flow: Pipeline | None = None
        self._interrupted = False
        self._passing = 0
        self._lacked_vectors = False
        """Whether candidates were left undecided because vectors of the pool are missing."""
        self._waits_for_vectors = False

    @property
    def reached(self) -> int:
        """Number of accepted model tasks, which the target counts; with `hold`, plus passing candidates."""
        return self._passing if self._settings.hold else self._engine.assessor.accepted_of_model

    def stop(self) -> None:
        """Plan no more; requests in flight are still answered and stored."""
        self._interrupted = True
        if self._flow is not None:
            self._flow.stop()

    @property
    def not_needed(self) -> int:
        """Number of unfinished propose requests left unsent because the target is reached."""
        return sum(self._left_over.values()) if self._is_reached() else 0

    @property
    def under_way(self) -> int:
        """Number of requests in flight, at most the width: what is planned ahead of it does not count."""
        return min(self._flow.under_way, self._engine.width) if self._flow else 0

    @property
    def requests_needed(self) -> int:
        """The most requests that known tasks still need, besides those planned or under way."""
        return self._engine.planner.requests_needed() + len(self._without_instances)

    async def run(self) -> RunOutcome:
        """Work until the target, a limit, saturation or `stop`.

        Raises:
            EndpointUnusableError: No request will succeed; every response so far is stored.
        """
        request_ids = self._engine.planner.left_over(resend=self.resend, with_jobs=True).taken_over
        left_over = list(map(self._engine.workspace.requests.get, request_ids))
        self._left_over = {
            one.id: one.stage == "propose" and one.state not in {"answered", "sent"} for one in left_over
        }
        for request in left_over:
            if request.stage == "propose":
                self._batches.plan(request.batch, request.id, size=0)
        self._engine.assessor.catch_up()
        self._count()
        self._yield = Yield(self.reached, self._settings.target if self._engine.in_jobs else None)
        if self.resend:
            self._engine.workspace.backlog.release_unclear()
            self._engine.workspace.backlog.release_failed(answered=True)
            self._without_instances.extend(self._engine.workspace.backlog.without_instances())
        if not self._settings.hold:
            self._decide_waiting()
        if self._settings.max_requests is not None:
            self._only_finishes = (needed := self.requests_needed) > 0 and not self._fit(1 + needed)
        try:
            await self._work()
        except CostLimitError as refused:
            self._refused = refused
        except asyncio.CancelledError:
            # What was in flight is counted as in doubt from here on, also in what is said of this run.
            self._engine.workspace.requests.put_in_doubt(self._engine.workspace.run_id)
            raise
        return await self._engine.workspace.lock_wait.when_free(self._outcome)

    async def _work(self) -> None:
        while True:
            await self._engine.run(
                plan=self._plan,
                take_in=self._take_in,
                note=self._note,
                started=self._started,
                give_up_lost=self.resend,
            )
            if not self._waits_for_vectors or self._interrupted:
                return
            # No request for them is in flight here: only another program can still bring them.
            if not await self._come_from_others():
                self._limit = (
                    f"Stopped: the vectors of {_tasks(self._engine.assessor.lacking_vectors)} of the pool are"
                    " missing, and candidates cannot be compared by meaning without them. Their requests are"
                    " in doubt, got an unusable answer, or are waiting in another program. --resend resends"
                    " those in doubt; on the Requests screen you resend those with an unusable answer;"
                    f' {setting("embeddings")} "" continues without embeddings.'
                )
                return

    async def _come_from_others(self) -> bool:
        """Wait for pool vectors that another program requests; returns whether anything has changed."""
        assessor, patience_s = self._engine.assessor, _PATIENCE_S
        lacking = assessor.lacking_vectors
        while not self._interrupted:
            with assessor.step():
                is_hopeless = not self._engine.workspace.vectors.are_under_way()
                # If the other program has given up, this one plans the requests.
                if assessor.lacking_vectors != lacking or not self._engine.planner.is_idle():
                    return True
            if is_hopeless or patience_s <= 0:
                return False
            await asyncio.sleep(_LOOK_S)
            # Not by the clock, which goes on while this program is stopped.
            patience_s -= _LOOK_S
        return True

    @property
    def room(self) -> "Room | None":
        """Cost limits that would let work continue; None when the cost limit is not the cause, or unknown."""
        return None if self._refused is None else self._engine.planner.room_for(self._refused)

    def _cost_limit(self) -> str:
        limit, room = self._engine.cost_limit(), self.room
        told = f"{limit:g} USD leaves" if limit is not None else "it left"
        told = f"Stopped at {setting('max_cost')}: {told} no room for another request"
        if room is None:
            return f"{told}."
        enough = f"{room.limit_usd:g} USD is enough for it"
        if room.for_all_usd > room.limit_usd:
            enough += f", and {room.for_all_usd:.10g} USD for all unfinished tasks"
        return f"{told}, which may cost up to {room.at_most_usd:g} USD. {enough}."

    def _started(self, flow: Pipeline) -> None:
        self._flow = flow
        if self._interrupted:
            flow.stop()

    def _outcome(self) -> RunOutcome:
        if self._interrupted:
            return RunOutcome(Ended.INTERRUPTED, f"Interrupted; everything is kept. {self._told()}")
        limit = self._limit if self._refused is None else self._cost_limit()
        if limit is not None:
            return RunOutcome(Ended.LIMIT, f"{limit} {self._told()}")
        if not self._is_reached():
            return RunOutcome(
                Ended.LIMIT,
                f"The pool is saturated: {SATURATED_BATCHES} batches in a row produced nothing new."
                f" {self._told()} Other seeds, another model or {self._higher()} may help.",
            )
        return self._reached()

    def _reached(self) -> RunOutcome:
        """Return the outcome of a run that reached its target, by the rows of the accepted tasks."""
        workspace = self._engine.workspace
        # Asked first: what another program finishes until the counts are read is finished.
        others_work = workspace.others_at_work()
        sentence, counts = f"Target reached: {self._told()}", workspace.counts()
        accepted, rowless, without = counts.candidates["accepted"], counts.rowless, sum(counts.rowless)
        if rowless.unfinished and others_work:
            works = f"Another program is working on {_tasks(rowless.unfinished)} without a row yet."
            sentence, without = f"{sentence} {works}", without - rowless.unfinished
            rowless = rowless._replace(unfinished=0)
        if without and without == accepted and (why := self._engine.never_produced) is not None:
            return RunOutcome(Ended.STAGE_FAILED, f"{sentence} But there is no row. {why}")
        to_carry_out = rowless.failed + rowless.in_doubt + rowless.unfinished
        if to_carry_out or are_too_many_rowless(without, accepted):
            have = "has" if without == 1 else "have"
            return RunOutcome(
                Ended.ROWLESS, f"{sentence} But {without:,} of {_tasks(accepted)} {have} no row."
            )
        return RunOutcome(Ended.DONE, sentence)

    def _higher(self) -> str:
        by_meaning = self._settings.embeddings is not None
        return "a higher filters.rouge_l" + (" or filters.cosine" if by_meaning else "")

    def _told(self) -> str:
        """Return the number of accepted tasks as a sentence; with `hold`, also of undecided passing ones."""
        if not self._settings.hold:
            return f"{_tasks(self.reached)} accepted."
        accepted = self._engine.assessor.accepted_of_model
        waiting = self.reached - accepted
        passes = "passes waits" if waiting == 1 else "pass wait"
        return (
            f"{_tasks(accepted)} accepted, and {waiting} that {passes} for your decision in"
            f" the curator because of {setting('hold')}. With --no-hold, a run decides by itself."
        )

    def _is_reached(self) -> bool:
        return self._settings.target is not None and self.reached >= self._settings.target

    def _count(self) -> None:
        if self._settings.hold:
            self._passing = self._engine.workspace.tasks.passing()

    def _plan(self) -> int | None:
        self._decide_with_vectors()
        if (request_id := self._next_left_over()) is not None:
            return request_id
        self._refused = None
        self._limit = self._boundless()
        if self._limit is not None:
            return None
        if not self._fit(1):
            is_idle = self._engine.planner.is_idle() and not self._without_instances
            if not self._is_reached() or not is_idle:
                self._limit = self._request_limit()
            return None
        try:
            return self._plan_next()
        except CostLimitError as refused:
            # Requests in flight may cost less than was reserved for them: then there is room again.
            self._refused = refused
            return None

    def _fit(self, requests: int) -> bool:
        """Whether `max_requests` leaves as many requests as these."""
        limit = self._settings.max_requests
        return limit is None or self._engine.workspace.requests.count() + requests <= limit

    def _fits_propose(self) -> bool:
        """Whether `max_requests` leaves a propose request, and what known tasks need.

        Where nothing is open or in flight, the tasks of the last propose request may remain unfinished.
        """
        if self._settings.max_requests is None:
            return True
        if self._only_finishes:
            return False
        is_idle = not self.under_way and self._engine.planner.is_idle()
        return is_idle or self._fit(1 + self.requests_needed)

    def _request_limit(self) -> str:
        limit, had = self._settings.max_requests, self._engine.workspace.requests.count()
        assert limit is not None
        told = f"Stopped at {setting('max_requests')}: this workspace has had"
        if had > limit:
            return f"{told} {had:,} requests, more than the limit of {limit:,}."
        if had == limit:
            return f"{told} {had:,} of {limit:,}."
        return f"{told} {had:,} of {limit:,}, and the rest is reserved for its unfinished tasks."

    def _next_left_over(self) -> int | None:
        """Return the oldest unfinished request still needed; propose requests are not, past the target."""
        is_reached = self._is_reached()
        for request_id, brings_tasks in self._left_over.items():
            if not (brings_tasks and is_reached):
                del self._left_over[request_id]
                return request_id
        return None

    def _boundless(self) -> str | None:
        """Return why to stop if another program has removed the only limit; None otherwise."""
        if self._settings.target is not None or self._settings.max_requests is not None:
            return None
        if self._engine.cost_limit() is not None:
            return None
        return f"Stopped: {setting('max_cost')} was removed, and no other limit is set."

    def _plan_next(self) -> int | None:
        if self._is_running_dry() and (request_id := self._plan_propose(early=True)) is not None:
            return request_id
        if (request_id := self._engine.planner.next_of_pool()) is not None:
            return request_id
        if (request_id := self._plan_instances_again()) is not None:
            return request_id
        if self._wants_tasks():
            if self._yield.is_enough(self._batches.out):
                return None
            if self._engine.assessor.lacking_vectors:
                # New proposals could not be accepted, but would be paid for.
                self._waits_for_vectors = True
                return None
            if self._fits_propose():
                return None if self._awaits_enough() else self._plan_propose()
            self._limit = self._request_limit()
            if self.under_way:
                return None
        if not self._asked_again:
            # The fault may have been temporary: retry the tasks whose requests failed once before the end.
            self._engine.workspace.backlog.release_failed()
            request_id = self._engine.planner.next_of_pool()
            self._asked_again = True
            return request_id
        return None

    def _plan_instances_again(self) -> int | None:
        while self._without_instances:
            try:
                request_id = self._engine.planner.more_instances(self._without_instances[0])
            except RequestRefusedError:
                # Someone has decided on it in the meantime, or asks for them too.
                request_id = None
            self._without_instances.popleft()
            if request_id is not None:
                return request_id
        return None

    def _wants_tasks(self) -> bool:
        return not self._is_reached() and not self._batches.is_saturated

    def _is_running_dry(self) -> bool:
        """Whether requests for known tasks are about to run out, with too few propose requests in flight.

        Proposing early avoids bursts in which every slot holds a propose request: these would overshoot the
        target, and leave the endpoint idle while all their responses are assessed at once.
        """
        if not self._wants_tasks() or self._engine.assessor.lacking_vectors:
            return False
        width, out = self._engine.width, self._batches.out
        if out * _FRUIT >= width or self._yield.is_enough(out):
            return False
        return not self._engine.planner.has_work_for(width)

    def _awaits_enough(self) -> bool:
        """Whether the propose requests in flight will bring work for all slots.

        More of them would keep their answers waiting for one another: those of a full window take seconds
        to be assessed, with the endpoint idle.
        """
        if self._engine.in_jobs:
            return False  # `Yield` knows how many a round needs
        proposed = self._engine.workspace.tasks.last_id() - self._engine.assessor.pool_size[0]
        share = self.reached / proposed if proposed > 0 else _EXPECTED_SHARE
        out = self._batches.out
        return out >= _FEW and out * max(1.0, share * NEW_TASKS) >= self._settings.concurrency

    def _plan_propose(self, *, early: bool = False) -> int | None:
        """Plan a propose request; an early one only if the limits still cover the accepted tasks."""
        if early and not self._fits_propose():
            return None
        plan, half = self._engine.planner, self._batches.half_planned
        try:
            with self._engine.workspace.savepoint():
                batch = plan.new_batch() if half is None else half
                request_id = plan.propose(batch, held=self._settings.hold)
                if early and not plan.covers_accepted():
                    raise CostLimitError(None)
        except CostLimitError:
            if early:
                return None
            raise
        self._batches.plan(batch, request_id, size=self._settings.requests_per_batch)
        return request_id

    def _take_in(self, request_id: int) -> None:
        self._engine.take_in(request_id, None if self._settings.hold else self._decide)

    def _note(self, request_id: int) -> None:
        self._count()
        if self._settings.embeddings is None and not self._batches.awaits(request_id):
            return
        request = self._engine.workspace.requests.get(request_id)
        self._batches.take_in(request)
        self._yield.note(request, self.reached)
        if request.stage in {"propose", "embed"}:
            while (batch := self._batches.oldest_completed()) is not None:
                self._batches.remove(batch)
                self._engine.emit(BatchCompleted(batch.number, batch.yielded))

    def _awaits_vectors(self, batch: int) -> bool:
        return self._settings.embeddings is not None and self._engine.workspace.vectors.are_lacking(batch)

    def _counts_for_target(self, task: Task) -> bool:
        return task.verdict == PASS if self._settings.hold else task.state == "accepted"

    def _decide(self, task_id: int, assessment: Assessment, emit: Callable[[Event], None]) -> None:
        """Decide by the verdict.

        A passing candidate stays undecided while its vector is awaited, and once the target is reached.
        """
        if assessment.reasons or not (assessment.awaited or self._is_reached()):
            self._engine.decisions.settle(task_id, assessment, emit)
        elif self._engine.assessor.lacking_vectors:
            self._lacked_vectors = True

    def _decide_with_vectors(self) -> None:
        """Decide on the candidates held back for missing pool vectors, once all vectors are there."""
        if not (self._lacked_vectors or self._waits_for_vectors):
            return
        with self._engine.assessor.step():
            is_lacking = self._engine.assessor.lacking_vectors > 0
        if self._lacked_vectors and not is_lacking:
            self._lacked_vectors = False
            self._decide_waiting()
        self._waits_for_vectors = False

    def _decide_waiting(self) -> None:
        """Decide on candidates that are still undecided, such as those left by an earlier run."""
        engine = self._engine
        for task_id in engine.workspace.tasks.to_decide():
            if self._is_reached():
                return
            events: list[Event] = []
            with engine.assessor.step():
                task = engine.workspace.tasks.get(task_id)
                if task.state == "pending":
                    assessment = engine.assessor.assess_task(task_id, task.instruction)
                    self._decide(task_id, assessment, events.append)
            for event in events:
                engine.emit(event)


def _tasks(number: int) -> str:
    return f"{number:,} {'task' if number == 1 else 'tasks'}"
