"""Generation beside a person: the next batches are made while this one is decided on."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from selfinstruct.core.engine import Engine
from selfinstruct.core.errors import EndpointUnusableError, RequestRefusedError, SettingsError
from selfinstruct.core.events import BatchCompleted, Event, GenerationPaused, LimitReached, RequestsGivenUp
from selfinstruct.core.requests.pipeline import Pipeline, let_others
from selfinstruct.core.requests.sender import CostLimitError
from selfinstruct.core.runs.batch_tracker import BatchTracker
from selfinstruct.core.runs.resend import Resender, Resent
from selfinstruct.db.errors import BusyError, WorkspaceError
from selfinstruct.db.records import PASS, Request

if TYPE_CHECKING:
    from selfinstruct.core.requests.planner import Room


class AttendedRun:
    """Makes batches on demand and some ahead, and labels and instances as decisions call for them.

    It decides nothing. `run` goes on until `stop`; when no request can be sent it pauses, says why in
    `paused`, and goes on at the next demand.

    Args:
        engine: Whose requests these are; its settings say how many batches are made ahead.
        resend: Whether requests in doubt are sent again although they may cost.
        give_way: Awaited before each step of work, so that a person's keys come first.
        shown: The batch before the person; by default the one that they were last at.
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
        """The batch before the person."""
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
        self._refused: CostLimitError | None = None
        """What the cost limit had no room for when the last request was wanted."""
        self.paused: str | None = None
        """Why no requests are sent at the moment."""
        self._paused_by_person = False
        self._settling: frozenset[int] = frozenset()
        """Tasks whose label a person is still changing: their instances are not asked for meanwhile."""
        self._no_room_for: CostLimitError | None = None
        """What was refused when the cost limit brought about the pause."""
        self.at_request_limit = False
        """Whether that is because the workspace has had as many requests as it may have."""

    @property
    def at_cost_limit(self) -> bool:
        """Whether the pause is because the cost limit leaves no room."""
        return self._no_room_for is not None

    @property
    def under_way(self) -> int:
        """How many requests have no answer taken in yet."""
        return self._flow.under_way if self._flow else 0

    @property
    def progress(self) -> tuple[int, int] | None:
        """How many requests of the batch being made are taken in, and of how many; None if none is made."""
        return self._batches.progress

    def made_of(self, batch: int) -> tuple[int, int] | None:
        """How many requests of a batch are taken in, and of how many; None unless it is being made."""
        return self._batches.made_of(batch)

    def next_batch(self) -> int | None:
        """Go on to the next batch that waits for a person, whoever made it: its number if there is one.

        None when it is still being made: `BatchCompleted` will tell, and then it is to be asked for
        again. Those after it are begun meanwhile.
        """
        self._begun = True
        self._engine.workspace.tasks.release_unanswered()
        batch = self.take_ready()
        self._waiting = batch is None
        self.resume()
        return batch

    def take_ready(self, *, unfinished: bool = False) -> int | None:
        """Go on to the next batch if it is ready. A pause stays, and no more is asked for.

        Args:
            unfinished: Whether a batch that is still being made is ready once it has a candidate.
        """
        if unfinished:
            batch = next(iter(self._engine.workspace.tasks.batches_waiting(after=self.shown, most=1)), None)
        else:
            batch = next(iter(self._ready(most=1)), None)
        if batch is not None:
            self._engine.enter()
            self._engine.workspace.remember_batch(batch)
            self.shown, self._waiting = batch, False
            self.wake()
        return batch

    @property
    def is_ready(self) -> bool:
        """Whether there is a next batch to show."""
        return bool(self._ready(most=1))

    def _ready(self, *, most: int) -> list[int]:
        """The first `most` batches after the one before the person that are made and wait."""
        waiting = self._engine.workspace.tasks.batches_waiting(
            after=self.shown, most=most + len(self._batches)
        )
        return [batch for batch in waiting if batch not in self._batches][:most]

    def resume(self) -> None:
        """Go on after a pause, for example with a higher cost limit."""
        self.paused, self._no_room_for, self.at_request_limit = None, None, False
        self._paused_by_person = False
        self.wake()

    def pause(self) -> None:
        """Send no more until somebody asks again; a batch that is being made is gone on with then."""
        self.paused, self._paused_by_person = "Paused by a person.", True

    def settle(self, task_ids: Iterable[int] = ()) -> None:
        """Ask nothing about tasks whose label a person is changing; without any, they have gone on."""
        were, self._settling = self._settling, frozenset(task_ids)
        if were - self._settling:
            self.wake()

    @property
    def is_settling(self) -> bool:
        """Whether a person is changing labels."""
        return bool(self._settling)

    def ask_for_more(self, task_id: int) -> None:
        """Ask the model for more instances of an accepted task; `TaskInstantiated` will tell.

        Raises:
            RequestRefusedError: it cannot be asked, and why.
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
        return f"This workspace has had all requests that max_requests allows, {limit:,}."

    def _cost_limit(self) -> str:
        usd = self._engine.cost_limit()
        told = f" of ${usd:g}" if usd is not None else ""
        limit = f"The cost limit{told} leaves no room for a request."
        spending = self._engine.workspace.spending()
        if not (spending.attempts_of_unknown_cost and spending.reserved_usd):
            return limit
        return (
            f"{limit} Attempts of unknown cost ({spending.attempts_of_unknown_cost}) count as what they may"
            f" have cost at most, ${spending.reserved_usd:.4f}."
        )

    @property
    def room(self) -> "Room | None":
        """Which cost limit lets work go on; None when no cost limit has paused it, or when none is known."""
        return None if self._no_room_for is None else self._engine.planner.room_for(self._no_room_for)

    def wake(self) -> None:
        """Look for work again, for example after a decision."""
        self._wake.set()
        if self._flow is not None:
            self._flow.nudge()

    def stop(self) -> None:
        """Plan no more; `run` ends when what is under way has been answered and stored."""
        self._stopping = True
        if self._flow is not None:
            self._flow.stop()
        self.wake()

    def successor(self) -> "AttendedRun":
        """One that goes on from here, once this one has stopped."""
        successor = AttendedRun(self._engine, resend=self._resend, give_way=self._give_way, shown=self.shown)
        successor._begun, successor._waiting = self._begun, self._waiting
        if self._paused_by_person:
            successor.pause()
        self._resender.give_up()
        successor._resender = self._resender
        return successor

    # Sending again

    @property
    def failed(self) -> int:
        """How many requests have failed since the program started and have not been made up for."""
        return self._resender.failed

    def retry(self, request_ids: Iterable[int], *, in_doubt: bool = False) -> Resent:
        """Send failed requests again, as soon as there is room, and go on if generation is paused.

        Those in doubt are sent again only when `in_doubt` says so: they may have been paid already.
        """
        resent = self._resender.add(request_ids, in_doubt=in_doubt)
        if resent.taken_on:
            self.resume()
        return resent

    def retry_failed(self) -> Resent:
        """Send again what has failed since the program started and is still wanted; goes on in any case."""
        resent = self._resender.add_failed()
        self.resume()
        return resent

    def sendable(self) -> list[int]:
        """Every failed request of the workspace that could be sent again, newest first."""
        return self._resender.sendable(self._engine.workspace.request_log.ids("failed"))

    # Working

    async def run(self) -> None:
        """Work until `stop`, beginning with what programs that are gone have left."""
        when_free = self._engine.workspace.lock_wait.when_free
        left_over = await when_free(self._left_over)
        self._written.extend(request_id for request_id in left_over if request_id not in self._written)
        while not self._stopping:
            self._wake.clear()
            self._refused = None
            try:
                await self._engine.run(
                    plan=self._plan,
                    take_in=self._take_in,
                    started=self._started,
                    give_way=self._give_way,
                    look_ahead=True,
                )
            except CostLimitError as refused:
                self._refused = refused
            except (EndpointUnusableError, SettingsError) as error:
                self._resender.give_up()
                await when_free(self._take_back)
                self._pause(str(error), GenerationPaused(str(error)))
            except WorkspaceError as error:
                # What was under way is lost sight of; what it brought so far waits among the candidates.
                self._batches.forget()
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

    def _take_back(self) -> None:
        """Let what was under way and could not be sent wait for its turn; it is still planned."""
        self._written = deque(self._left_over())
        # A person need not wait for the rest of a batch: it comes in late.
        self._batches.forget_begun()

    def _left_over(self) -> list[int]:
        """What is unfinished and can go on; what is given up counts as failed, and is told."""
        left_over = self._engine.planner.left_over(resend=self._resend)
        # Tasks that lack vectors, a label or their first instances are asked about again in any case.
        lost = [one for one in left_over.given_up if one.stage == "propose" or one.more]
        if lost:
            for request in lost:
                self._resender.note_failed(request)
            sendable = self._resender.sendable(request.id for request in lost)
            self._engine.emit(RequestsGivenUp(len(lost), can_be_retried=len(sendable) == len(lost)))
        return left_over.taken_over

    def _pause(self, sentence: str, event: Event) -> None:
        # The next demand begins another batch; what these brought so far waits among the candidates.
        self._batches.end_all_short()
        self.paused = sentence
        self._engine.emit(event)

    def _started(self, flow: Pipeline) -> None:
        self._flow = flow

    def _plan(self) -> int | None:
        if self.paused is not None:
            return None
        self._refused = None
        if self._written:
            return self._written.popleft()
        try:
            return self._plan_retry() or self._plan_new()
        except CostLimitError as refused:
            # What is under way may turn out to cost less than is reserved for it.
            self._refused = refused
            return None

    def _plan_retry(self) -> int | None:
        request_id = self._resender.plan_next()
        if request_id is None:
            return None
        request = self._engine.workspace.requests.get(request_id)
        if request.stage == "propose":
            self._batches.plan_again(request)
        return request_id

    def _plan_new(self) -> int | None:
        if (limit := self._request_limit()) is not None:
            # With nothing to ask for there is nothing to tell.
            if not self._engine.planner.is_idle() or self._wants_more():
                self.at_request_limit = True
                self._pause(limit, GenerationPaused(limit))
            return None
        if (request_id := self._engine.planner.next_of_pool(but=self._settling)) is not None:
            if self._resender.failed:
                self._resender.make_up_for(self._engine.workspace.requests.get(request_id).task_id)
            return request_id
        return self._plan_propose() if self._wants_more() else None

    def _wants_more(self) -> bool:
        if self._batches.half_planned is not None:
            return True
        wanted = self._engine.settings.batches_ahead + self._waiting
        making = len(self._batches.after(self.shown))
        return self._begun and len(self._ready(most=wanted)) + making < wanted

    def _is_ahead(self, batch: int) -> bool:
        """Whether a batch is neither before a person nor the one that they wait for."""
        if batch == self.shown:
            return False
        others = [*self._ready(most=1), *self._batches.after(self.shown)]
        return not self._waiting or any(other < batch for other in others)

    def _plan_propose(self) -> int | None:
        plan, half = self._engine.planner, self._batches.half_planned
        batch = plan.new_batch() if half is None else half
        is_ahead = self._is_ahead(batch)
        try:
            with self._engine.workspace.transaction():
                request_id = plan.propose(batch)
                if is_ahead and not plan.covers_accepted():
                    raise CostLimitError(None)
        except CostLimitError:
            if not is_ahead:
                raise
            # Nobody waits for it: what is left is for the tasks that the person accepts.
            if batch in self._batches:
                self._batches.end_short(batch)
                self._tell_completed()
            return None
        self._batches.plan(batch, request_id, size=self._engine.settings.requests_per_batch)
        return request_id

    # Taking in

    def _take_in(self, request_id: int) -> None:
        try:
            self._engine.take_in(request_id)
        except BusyError:
            raise  # nothing has happened, and it is tried again
        except BaseException:
            self._taken_in(request_id)
            raise
        self._taken_in(request_id)

    def _taken_in(self, request_id: int) -> None:
        request = self._engine.workspace.requests.get(request_id)
        if request.state == "failed" and request.stage != "embed":
            self._resender.note_failed(request)
        self._batches.take_in(request)
        if request.stage in {"propose", "embed"}:
            self._tell_completed()

    def _awaits_vectors(self, batch: int) -> bool:
        """Whether vectors of a batch are to come; one whose request has failed keeps nobody waiting."""
        vectors = self._engine.workspace.vectors
        if self._engine.settings.embeddings is None or not vectors.are_lacking(batch):
            return False
        return bool(vectors.unembedded(1)) or vectors.are_under_way()

    def _tell_completed(self) -> None:
        for batch in self._batches.completed():
            self._engine.emit(BatchCompleted(batch.number, batch.brought))
            if not batch.candidates:
                # The next one would hardly fare better, and may cost as much.
                requests = [self._engine.workspace.requests.get(one) for one in batch.requests]
                sentence = f"Batch {batch.number} brought no candidate: {_why_nothing(requests)}"
                self._pause(sentence, GenerationPaused(sentence))


def _why_nothing(requests: Sequence[Request]) -> str:
    """Why the requests of a batch brought no candidate, with the last error that is known."""
    errors = {request.id: request.error for request in requests if request.state == "failed"}
    if not errors:
        return "no answer held a list of tasks."
    failed = (
        f"{len(errors)} of its {len(requests)} requests failed" if len(requests) > 1 else "its request failed"
    )
    others = ", and no other answer held a list of tasks" if len(errors) < len(requests) else ""
    last = errors[max(errors)]
    return f"{failed}{others}. The last error: {last}" if last else f"{failed}{others}."
