"""Generation while a person curates: the next batches are prepared during decisions on the current one."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from selfinstruct.core.engine import Engine
from selfinstruct.core.errors import CostLimitError, EndpointUnusableError, RequestRefusedError, SettingsError
from selfinstruct.core.events import BatchCompleted, Event, GenerationPaused, LimitReached, RequestsGivenUp
from selfinstruct.core.requests.pipeline import Pipeline, let_others
from selfinstruct.core.runs.batch_tracker import BatchTracker
from selfinstruct.core.runs.resend import Resender, Resent
from selfinstruct.db.errors import BusyError, WorkspaceError
from selfinstruct.db.records import PASS, Request

if TYPE_CHECKING:
    from selfinstruct.core.requests.reservations import Room


class AttendedRun:
    """Generates batches on demand and ahead of it, and labels and instances as decisions require them.

    It takes no decisions. `run` continues until `stop`; when no request can be sent, it pauses, gives the
    reason in `paused`, and resumes at the next demand.

    Args:
        engine: The engine to drive; its settings say how many batches to prepare ahead.
        resend: Whether to resend requests in doubt even if that may cost.
        give_way: Awaited before each step, so that key presses come first.
        shown: The batch on the person's screen; by default, the one that they last saw.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        resend: bool = False,
        give_way: Callable[[], Awaitable[None]] = let_others,
        shown: int | None = None,
    ) -> None:
        self._engine = engine
        self._resend = resend
        self._give_way = give_way
        self._written: deque[int] = deque()
        self._resender = Resender(engine)
        self.shown = engine.workspace.tasks.batch_under_review() if shown is None else shown
        """Number of the batch on the person's screen."""
        self._remembered = self.shown
        """The batch that the workspace has as the one on the person's screen."""
        self._asks_anew = False
        """Whether to release the tasks whose requests failed, before more is planned."""
        self._waiting = False
        self._begun = False
        self._batches = BatchTracker(
            engine.workspace,
            counts=lambda task: task.verdict == PASS,
            awaits_vectors=self._awaits_vectors,
        )
        self._wake = asyncio.Event()
        self._flow: Pipeline | None = None
        self._stopping = False
        self._cut_short = False
        """Whether requests may have been left planned or unprocessed, without a place in `_written`."""
        self._refused: CostLimitError | None = None
        """The cost-limit refusal of the last attempt to plan a request."""
        self.paused: str | None = None
        """Why no requests are being sent; None while generation is not paused."""
        self.is_paused_by_person = False
        """Whether the pause is because a person has asked for it."""
        self._settling: frozenset[int] = frozenset()
        """Tasks whose label a person is still changing: their instances are not requested for now."""
        self._no_room_for: CostLimitError | None = None
        """The refusal that caused the pause, if the cost limit did."""
        self.at_request_limit = False
        """Whether the pause is because the workspace has reached `max_requests`."""

    @property
    def at_cost_limit(self) -> bool:
        """Whether the pause is because of the cost limit."""
        return self._no_room_for is not None

    @property
    def under_way(self) -> int:
        """Number of requests in flight."""
        return self._flow.under_way if self._flow else 0

    @property
    def progress(self) -> tuple[int, int] | None:
        """Requests processed and in total of the oldest batch being generated; None if there is none."""
        return self._batches.progress

    def made_of(self, batch: int) -> tuple[int, int] | None:
        """Return the requests processed and in total of a batch; None unless it is being generated."""
        return self._batches.made_of(batch)

    def next_batch(self, *, unfinished: bool = False) -> int | None:
        """Move on to the next batch that awaits decisions, whichever program generated it.

        Returns its number; None while it is being generated. Call again after `BatchCompleted`. Further
        batches are started in the meantime. It waits for no other program's write.

        Args:
            unfinished: As in `take_ready`, if no batch is complete.
        """
        batch = self.take_ready()
        if batch is None and unfinished:
            batch = self.take_ready(unfinished=True)
        self._begun = self._asks_anew = True
        self._waiting = batch is None
        self.resume()
        return batch

    def take_ready(self, *, unfinished: bool = False) -> int | None:
        """Move on to the next batch if it is ready, without requesting more or ending a pause.

        Args:
            unfinished: Whether a batch that is still being generated counts as ready once it has a candidate.
        """
        if unfinished:
            batch = next(iter(self._engine.workspace.tasks.batches_waiting(after=self.shown, most=1)), None)
        else:
            batch = next(iter(self._ready(most=1)), None)
        if batch is not None:
            self.shown, self._waiting = batch, False
            with suppress(BusyError):  # `_plan` then waits for the other program
                self._remember_shown()
            self.wake()
        return batch

    def _remember_shown(self) -> None:
        if self._remembered != self.shown:
            self._engine.enter()
            self._engine.workspace.remember_batch(self.shown)
            self._remembered = self.shown

    @property
    def is_ready(self) -> bool:
        """Whether there is a next batch to show."""
        return bool(self._ready(most=1))

    def _ready(self, *, most: int) -> list[int]:
        """Return the first `most` complete batches after the one on screen that await decisions."""
        waiting = self._engine.workspace.tasks.batches_waiting(
            after=self.shown, most=most + len(self._batches)
        )
        return [batch for batch in waiting if batch not in self._batches][:most]

    def resume(self) -> None:
        """Resume after a pause, for example with a higher cost limit."""
        self.paused, self._no_room_for, self.at_request_limit = None, None, False
        self.is_paused_by_person = False
        self.wake()

    def pause(self) -> None:
        """Send nothing more until `resume`; a half-generated batch then continues.

        Requests that wait for a slot or for their next attempt stay planned. Answers in flight are stored.
        """
        self.paused, self.is_paused_by_person = "Paused by a person.", True
        self._hold()

    def _hold(self) -> None:
        """Send nothing more in the pipeline that is running."""
        self._cut_short = True
        if self._flow is not None:
            self._flow.stop()

    def settle(self, task_ids: Iterable[int] = ()) -> None:
        """Hold back requests for tasks whose label a person is changing; call without ids when done."""
        were, self._settling = self._settling, frozenset(task_ids)
        if were - self._settling:
            self.wake()

    @property
    def is_settling(self) -> bool:
        """Whether a person is changing labels."""
        return bool(self._settling)

    def ask_for_more(self, task_id: int) -> None:
        """Request more instances of an accepted task; `TaskInstantiated` follows when they are stored.

        Raises:
            RequestRefusedError: They cannot be requested; the message says why.
        """
        if (limit := self._request_limit()) is not None:
            raise RequestRefusedError(limit)
        try:
            self._written.append(self._engine.planner.more_instances(task_id))
        except CostLimitError as refused:
            if not self.under_way:
                self._pause_at_cost_limit(refused)
            raise RequestRefusedError(self._cost_limit()) from None
        self.resume()

    def _request_limit(self) -> str | None:
        limit = self._engine.settings.max_requests
        if limit is None or self._engine.workspace.requests.count() < limit:
            return None
        return f"This workspace has reached max_requests, {limit:,}."

    def _cost_limit(self) -> str:
        usd = self._engine.cost_limit()
        told = f" of ${usd:g}" if usd is not None else ""
        limit = f"The cost limit{told} leaves no room for a request."
        spending = self._engine.workspace.spending()
        if not (spending.attempts_of_unknown_cost and spending.reserved_usd):
            return limit
        return (
            f"{limit} Attempts of unknown cost ({spending.attempts_of_unknown_cost}) count at their maximum,"
            f" ${spending.reserved_usd:.4f}."
        )

    @property
    def room(self) -> "Room | None":
        """Cost limits that would let work continue; None when the cost limit is not the cause, or unknown."""
        return None if self._no_room_for is None else self._engine.planner.room_for(self._no_room_for)

    def wake(self) -> None:
        """Check for new work, for example after a decision."""
        self._wake.set()
        if self._flow is not None:
            self._flow.nudge()

    def stop(self) -> None:
        """Plan no more; `run` ends when the requests in flight have been answered and stored."""
        self._stopping = True
        if self._flow is not None:
            self._flow.stop()
        self.wake()

    def successor(self) -> "AttendedRun":
        """Create a run that continues from here, once this one has stopped."""
        successor = AttendedRun(self._engine, resend=self._resend, give_way=self._give_way, shown=self.shown)
        successor._begun, successor._waiting = self._begun, self._waiting
        successor._remembered, successor._asks_anew = self._remembered, self._asks_anew
        if self.is_paused_by_person:
            successor.pause()
        self._resender.give_up()
        successor._resender = self._resender
        return successor

    # Sending again

    @property
    def failed(self) -> int:
        """Number of requests that failed since the program started and have not been replaced."""
        return self._resender.failed

    def retry(self, request_ids: Iterable[int], *, in_doubt: bool = False) -> Resent:
        """Queue failed requests for resending, and resume if generation is paused.

        Requests in doubt are resent only if `in_doubt` is true: they may already have been billed.
        """
        resent = self._resender.add(request_ids, in_doubt=in_doubt)
        if resent.taken_on:
            self.resume()
        return resent

    def retry_failed(self) -> Resent:
        """Resend what failed since the program started and is still needed; resumes in any case."""
        resent = self._resender.add_failed()
        self.resume()
        return resent

    def sendable(self) -> list[int]:
        """Return the ids of all failed requests of the workspace that can be resent, newest first."""
        return self._resender.sendable(self._engine.workspace.request_log.ids("failed"))

    # Working

    async def run(self) -> None:
        """Work until `stop`, starting with the unfinished requests of programs that have ended."""
        when_free = self._engine.workspace.lock_wait.when_free
        left_over = await when_free(self._left_over)
        self._written.extend(request_id for request_id in left_over if request_id not in self._written)
        while not self._stopping:
            self._wake.clear()
            self._refused = None
            try:
                if self._cut_short:
                    await when_free(self._queue_left_over)
                    self._cut_short = False
                await self._engine.run(
                    plan=self._plan,
                    note=self._note,
                    started=self._started,
                    give_way=self._give_way,
                    attended=True,
                )
            except CostLimitError as refused:
                self._refused = refused
            except (EndpointUnusableError, SettingsError) as error:
                self._resender.give_up()
                await when_free(self._take_back)
                self._pause(str(error), GenerationPaused(str(error)))
            except BusyError:
                self._cut_short = True
                await self._give_way()
                continue
            except WorkspaceError as error:
                # Requests in flight are no longer tracked; their candidates so far are stored.
                self._batches.forget()
                self._cut_short = True
                with suppress(WorkspaceError):
                    self._engine.workspace.requests.put_in_doubt(self._engine.workspace.run_id)
                self._pause(str(error), GenerationPaused(str(error)))
            if (over_limit := self._refused) is not None:
                await when_free(lambda refused=over_limit: self._pause_at_cost_limit(refused))  # type: ignore[misc]
            if not self._stopping:
                await self._wake.wait()

    def _pause_at_cost_limit(self, refused: CostLimitError) -> None:
        self._take_back()
        self._no_room_for = refused
        self._pause(self._cost_limit(), LimitReached(self._cost_limit()))

    def _queue_left_over(self) -> None:
        """Queue the requests that were not sent or not processed."""
        self._written = deque(self._left_over())
        self._batches.await_only(self._written)

    def _take_back(self) -> None:
        """Queue the requests that could not be sent, and give up on completing their batches in time."""
        self._queue_left_over()
        # Nobody should wait for the rest of a started batch: it arrives late.
        self._batches.forget_begun()

    def _left_over(self) -> list[int]:
        """Return the ids of unfinished requests to continue with; report those given up as failed."""
        planner = self._engine.planner
        with self._engine.workspace.transaction():
            left_over = planner.left_over(resend=self._resend)
            # Missing vectors, labels and first instances are requested again in any case.
            lost = [one for one in left_over.given_up if one.stage == "propose" or one.more]
            sendable = self._resender.sendable(request.id for request in lost)
        for request in lost:
            self._resender.note_failed(request)
        if lost:
            self._engine.emit(RequestsGivenUp(len(lost), can_be_retried=len(sendable) == len(lost)))
        return left_over.taken_over

    def _pause(self, sentence: str, event: Event) -> None:
        # The next demand starts another batch; candidates of these are already stored.
        self._batches.end_all_short()
        self.paused = sentence
        self._engine.emit(event)

    def _started(self, flow: Pipeline) -> None:
        self._flow = flow

    def _plan(self) -> int | None:
        self._remember_shown()
        if self.paused is not None:
            return None
        if self._asks_anew:
            self._engine.workspace.backlog.release_failed()
            self._asks_anew = False
        self._refused = None
        # Vectors that another program has brought may complete a batch.
        self._tell_completed()
        if self.paused is not None:
            return None
        if self._written:
            return self._written.popleft()
        try:
            return self._plan_retry() or self._plan_new()
        except CostLimitError as refused:
            # Requests in flight may turn out to cost less than was reserved for them.
            self._refused = refused
            return None

    def _plan_retry(self) -> int | None:
        request = self._resender.plan_next()
        if request is None:
            return None
        if request.stage == "propose":
            self._batches.plan_again(request)
        return request.id

    def _plan_new(self) -> int | None:
        if (limit := self._request_limit()) is not None:
            # Without outstanding work, the limit makes no difference and need not be reported.
            if not self._engine.planner.is_idle() or self._wants_more():
                self.at_request_limit = True
                self._pause(limit, GenerationPaused(limit))
            return None
        if (request_id := self._plan_of_pool()) is not None:
            return request_id
        return self._plan_propose() if self._wants_more() else None

    def _plan_of_pool(self) -> int | None:
        workspace, planner, task_id = self._engine.workspace, self._engine.planner, None
        with workspace.transaction():
            request_id = planner.next_of_pool(but=self._settling)
            if request_id is not None and self._resender.failed:
                task_id = workspace.requests.get(request_id).task_id
        self._resender.make_up_for(task_id)
        return request_id

    def _wants_more(self) -> bool:
        if self._batches.half_planned is not None:
            return True
        wanted = self._engine.settings.batches_ahead + self._waiting
        making = len(self._batches.after(self.shown))
        return self._begun and len(self._ready(most=wanted)) + making < wanted

    def _is_ahead(self, batch: int) -> bool:
        """Whether a batch is neither on the person's screen nor the next that the person is waiting for."""
        if batch == self.shown:
            return False
        others = [*self._ready(most=1), *self._batches.after(self.shown)]
        return not self._waiting or any(other < batch for other in others)

    def _plan_propose(self) -> int | None:
        plan, half = self._engine.planner, self._batches.half_planned
        batch = plan.new_batch() if half is None else half
        is_ahead = self._is_ahead(batch)
        try:
            with self._engine.workspace.savepoint():
                request_id = plan.propose(batch)
                if is_ahead and not plan.covers_accepted():
                    raise CostLimitError(None)
        except CostLimitError:
            if not is_ahead:
                raise
            # Nobody is waiting for it: the rest of the budget is for the tasks that the person accepts.
            if batch in self._batches:
                self._batches.end_short(batch)
                self._tell_completed()
            return None
        self._batches.plan(batch, request_id, size=self._engine.settings.requests_per_batch)
        return request_id

    # Taking in

    def _note(self, request_id: int) -> None:
        request = self._engine.workspace.requests.get(request_id)
        if request.state == "failed" and request.stage != "embed":
            self._resender.note_failed(request)
        self._batches.take_in(request)
        if request.stage in {"propose", "embed"}:
            self._tell_completed()

    def _awaits_vectors(self, batch: int) -> bool:
        """Whether vectors of a batch are still expected; those of a failed request are not."""
        vectors = self._engine.workspace.vectors
        if self._engine.settings.embeddings is None or not vectors.are_lacking(batch):
            return False
        return bool(vectors.unembedded(1)) or vectors.are_under_way()

    def _tell_completed(self) -> None:
        while (batch := self._batches.oldest_completed()) is not None:
            requests = [] if batch.candidates else [*map(self._engine.workspace.requests.get, batch.requests)]
            self._batches.remove(batch)
            self._engine.emit(BatchCompleted(batch.number, batch.yielded))
            if not batch.candidates:
                # The next batch is unlikely to do better, and may cost as much.
                sentence = f"Batch {batch.number} produced no candidates: {_why_nothing(requests)}"
                self._pause(sentence, GenerationPaused(sentence))
                self._hold()


def _why_nothing(requests: Sequence[Request]) -> str:
    """Return why the requests of a batch produced no candidates, with the last known error."""
    errors = {request.id: request.error for request in requests if request.state == "failed"}
    if not errors:
        return "no answer contained a list of tasks."
    failed = (
        f"{len(errors)} of its {len(requests)} requests failed" if len(requests) > 1 else "its request failed"
    )
    others = ", and no other answer contained a list of tasks" if len(errors) < len(requests) else ""
    last = errors[max(errors)]
    return f"{failed}{others}. The last error: {last}" if last else f"{failed}{others}."
