"""The engine: the five stages of Self-Instruct on one workspace, a method for each.

Everything is stored in the workspace first; events follow. Decisions are in
`selfinstruct.core.decisions.tasks`; the runs that drive the stages are in `selfinstruct.core.runs`.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, get_args

from selfinstruct.core.endpoint.key_consent import KeyConsent
from selfinstruct.core.events import CandidateAssessed, Event, PoolRead, RequestPlanned
from selfinstruct.core.language.registry import AUTO, Language, language
from selfinstruct.core.method.seeds import as_begun, plant
from selfinstruct.core.pool.assessor import Assessor
from selfinstruct.core.requests.group_commit import GroupCommit
from selfinstruct.core.requests.pipeline import Pipeline, let_others, no_notes, no_steps
from selfinstruct.core.settings.model import Settings
from selfinstruct.core.settings.prices import Prices, limited_prices
from selfinstruct.core.settings.sources import check, storable, with_changes
from selfinstruct.core.working_set import WorkingSet
from selfinstruct.db.errors import WorkspaceError
from selfinstruct.db.records import Stage
from selfinstruct.db.workspace import Workspace

if TYPE_CHECKING:
    from selfinstruct.core.decisions.tasks import Decider
    from selfinstruct.core.endpoint.client import Endpoint
    from selfinstruct.core.export.exported import Exported
    from selfinstruct.core.export.options import ExportOptions
    from selfinstruct.core.requests.intake import Decide
    from selfinstruct.core.requests.job_sender import JobSender
    from selfinstruct.core.requests.planner import Planner

_SLICE_S = 0.03
"""Seconds of a step in an unattended run: longer ones share a transaction among more requests, and keep
answers waiting."""
_MANY_SLOTS, _SLOTS_A_SPARE = 16, 4
"""Beyond so many slots, unattended runs plan one more request for every four: free slots wait for no step."""


def utc_now() -> str:
    """Return the current time in UTC as ISO 8601 text, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _ignore(event: Event) -> None:
    del event


class Engine:
    """Runs the stages of the method on one workspace.

    Args:
        workspace: An open workspace; if it is new, the seeds are stored in it.
        settings: The settings to use; they are stored in the workspace.
        consent: Which hosts the user allows to get which key; by default, as stored on this machine.
        listener: Called with each event, on the engine's thread.
        clock: Returns the current time as ISO 8601 text.
        in_jobs: Whether to send requests in jobs of the endpoint's Batch API, at its price.

    Raises:
        SettingsError: The settings do not fit the workspace, or the seeds or prompts are invalid.
    """

    def __init__(
        self,
        workspace: Workspace,
        settings: Settings,
        *,
        consent: KeyConsent | None = None,
        listener: Callable[[Event], None] = _ignore,
        clock: Callable[[], str] = utc_now,
        in_jobs: bool = False,
    ) -> None:
        self.workspace = workspace
        self.in_jobs = in_jobs
        self._jobs: JobSender | None = None
        self.consent = KeyConsent() if consent is None else consent
        self.listener = listener
        self._clock = clock
        prices = limited_prices(settings)
        self.language_found: Language | None = None
        """The detected language of the workspace; None unless the setting is `auto`."""
        self.warning = ""
        """A warning about the new workspace or its prompts, in sentences; empty when there is none."""
        if workspace.read_only:
            self._begin(as_begun(workspace, settings), prices)
            return
        with workspace.transaction():
            planted = plant(workspace, settings, at=clock())
            self._begin(planted.settings, prices)
            workspace.settings.write(storable(planted.settings, workspace.path))
        about_seeds = planted.in_language.as_warning(self.language) if planted.in_language else ""
        self.warning = " ".join(filter(None, (about_seeds, self.prompts_warning)))
        if settings.language == AUTO:
            self.language_found = self.language

    def _begin(self, settings: Settings, prices: Prices) -> None:
        self.assessor = Assessor(self.workspace, settings.filters, language(settings.language))
        self._working = self._working_set(settings, prices)
        self._working.put_to_work()

    def _working_set(
        self, settings: Settings, prices: Prices, *, before: WorkingSet | None = None
    ) -> WorkingSet:
        return WorkingSet(
            self.workspace,
            self.assessor,
            settings,
            prices,
            clock=self._clock,
            emit=self.emit,
            consent=self.consent,
            before=before,
            in_jobs=self.in_jobs,
        )

    @cached_property
    def decisions(self) -> "Decider":
        """The decisions on tasks."""
        from selfinstruct.core.decisions.tasks import Decider  # noqa: PLC0415 - not for the first screen

        return Decider(self.workspace, self.assessor, clock=self._clock, emit=self.emit)

    def enter(self) -> None:
        """Register this program as a run; requests that ended programs left in flight become in doubt."""
        if not self.workspace.has_run:
            self.workspace.start_run(at=self._clock())

    @property
    def planner(self) -> "Planner":
        """The planner of requests; its first use registers this program as a run."""
        planner = self._working.planner
        self.enter()
        return planner

    async def apply(self, settings: Settings) -> None:
        """Switch to new settings; call it when no request is in flight.

        Candidates keep their verdicts until they are assessed again. Only changed settings are stored, so
        changes by another program are kept.

        Raises:
            SettingsError: The settings do not fit the workspace; nothing has changed.
            WorkspaceError: The settings could not be stored; nothing has changed.
        """
        before = self._working
        self._working = await self.workspace.lock_wait.when_free(lambda: self._store(settings))
        self._working.put_to_work()
        await before.close()

    def _store(self, settings: Settings) -> WorkingSet:
        """Store new settings; returns the working set built from them."""
        with self.workspace.transaction():
            if settings.max_cost == self.settings.max_cost:
                # Not changed here, so a limit that another program has set takes precedence.
                settings = settings.model_copy(update={"max_cost": self.workspace.settings.cost_limit()})
            prices = limited_prices(settings)
            if settings.seeds == self.settings.seeds:
                settings = as_begun(self.workspace, settings)
            else:
                settings = plant(self.workspace, settings, at=self._clock()).settings
            path = self.workspace.path
            before = storable(self.settings, path)
            stored = with_changes(self.workspace.settings.read(), before, storable(settings, path))
            check(stored, source="the settings, with what another program has changed in them,")
            working = self._working_set(settings, prices, before=self._working)
            self.workspace.settings.write(stored)
        return working

    async def read_pool(self, give_way: Callable[[], Awaitable[None]] = let_others) -> None:
        """Load the pool into memory in slices, so that a large pool does not block the event loop."""
        while self.assessor.read_some():
            await give_way()
        self.emit(PoolRead(len(self.assessor.index)))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End this program's run; requests still in flight become in doubt."""
        await self._working.close()
        with suppress(WorkspaceError):  # the next program detects that this run has ended
            self.workspace.end_run(at=self._clock())
        with suppress(WorkspaceError):  # a snapshot of the pool, which only speeds up the next start
            self.assessor.keep()

    def limit_cost(self, max_cost_usd: float) -> None:
        """Change the cost limit in the workspace; allowed while requests are in flight.

        Raises:
            SettingsError: The amount is invalid, or the price of the model is unknown.
        """
        limit = check({"max_cost": max_cost_usd}, source="the settings").max_cost
        settings = self.settings.model_copy(update={"max_cost": limit})
        limited_prices(settings)
        self.workspace.settings.change({"max_cost": max_cost_usd})
        self.settings = settings

    @property
    def settings(self) -> Settings:
        """The settings in force.

        Assign only settings that nothing else depends on, such as the theme; use `apply` for the rest.
        """
        return self._working.settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        self._working.settings = settings

    @property
    def prompts_warning(self) -> str:
        """A warning about the user's own prompts under the settings in force; empty when there is none."""
        return self._working.warning

    @property
    def language(self) -> Language:
        """The language of the workspace's tasks."""
        return self.assessor.language

    def cost_limit(self) -> float | None:
        """Return the workspace's current cost limit in USD, whichever program set it; None if unlimited."""
        return self.workspace.settings.cost_limit()

    def follow_cost_limit(self) -> bool:
        """Update the settings to a cost limit that another program may have set.

        Returns whether the limit was raised or removed.
        """
        before, limit = self.settings.max_cost, self.cost_limit()
        if limit != before:
            self.settings = self.settings.model_copy(update={"max_cost": limit})
        return before is not None and (limit is None or limit > before)

    def emit(self, event: Event) -> None:
        """Pass an event to the listener, once what it tells of is stored."""
        self.workspace.once_stored(partial(self.listener, event))

    @property
    def endpoint(self) -> "Endpoint":
        """The model's endpoint.

        Raises:
            EndpointUnusableError: it needs a key that it cannot have.
        """
        return self._working.endpoint

    @property
    def embeddings_endpoint(self) -> "Endpoint | None":
        """The embeddings endpoint; None when embeddings are off.

        Raises:
            EndpointUnusableError: it needs a key that it cannot have.
        """
        return self._working.embeddings_endpoint

    # The five stages

    async def propose(self) -> list[int]:
        """Stage 1: send a batch of propose requests; returns the ids of the candidates.

        With embeddings, the missing vectors of the pool and of the candidates are requested as well.
        """
        batch = self.planner.new_batch()
        await self._for_each([batch] * self.settings.requests_per_batch, self.planner.propose)
        if self.settings.embeddings is not None:
            await self.run(plan=self.planner.embed)
        return [task.id for task in self.workspace.tasks.of_batch(batch)]

    def assess(self, task_ids: Iterable[int]) -> dict[int, str]:
        """Stage 2: assess candidates against the current pool; returns verdicts by task id."""
        verdicts = {}
        with self.assessor.step():
            for task in self.workspace.tasks.get_many(task_ids):
                verdicts[task.id] = self.assessor.assess_task(task.id, task.instruction).verdict
        for task_id, verdict in verdicts.items():
            self.emit(CandidateAssessed(task_id, verdict))
        return verdicts

    async def classify(self, task_ids: Iterable[int]) -> None:
        """Stage 3: request a classification label for each of these tasks that has none."""
        tasks = self.workspace.tasks.get_many(task_ids)
        lacking = [task.id for task in tasks if task.label is None]
        while lacking:
            await self._for_each(lacking, self.planner.classify)
            # Where a prompt was too long, the next one is shorter.
            tasks = self.workspace.tasks.get_many(lacking)
            lacking = [one.id for one in tasks if one.label is None and one.classify_request_id is None]

    async def instantiate(self, task_ids: Iterable[int]) -> None:
        """Stage 4: request instances of these tasks.

        Tasks without a definite label, and tasks that have instances, are skipped.
        """
        tasks = self.workspace.tasks.get_many(task_ids)
        clear = [task.id for task in tasks if task.label in {"classification", "generation"}]
        lacking = [task_id for task_id in clear if not self.workspace.instances.of_task(task_id)]
        while lacking:
            await self._for_each(lacking, self.planner.instantiate)
            # As above.
            tasks = self.workspace.tasks.get_many(lacking)
            lacking = [one.id for one in tasks if one.instantiate_request_id is None]

    def export(self, path: Path, options: "ExportOptions", *, force: bool = False) -> "Exported":
        """Stage 5: write the kept instances of accepted tasks as a training file."""
        from selfinstruct.core.export.files import write_export  # noqa: PLC0415 - not for the first screen

        return write_export(self.workspace, path, options, at=self._clock(), force=force)

    # Requests: plan, send, process

    async def run(
        self,
        *,
        plan: Callable[[], int | None],
        take_in: Callable[[int], None] | None = None,
        note: Callable[[int], None] = no_notes,
        started: Callable[[Pipeline], None] | None = None,
        give_way: Callable[[], Awaitable[None]] = let_others,
        attended: bool = False,
        give_up_lost: bool = False,
    ) -> None:
        """Keep `width` requests in flight until `plan` returns None and all are processed.

        An unattended run plans some more, which wait for a slot.

        Args:
            plan: Stores the next request and returns its id, or None.
            take_in: Processes each finished request, in request order; `self.take_in` if None.
            note: Notes what became of a request, once it is processed.
            started: Called with the pipeline, which can be used to stop it.
            give_way: Awaited before each step, to yield to other tasks on the event loop.
            attended: Whether a person is at the keyboard: steps are shorter then, and neighbours are looked
                up before an answer is processed, which is more work in total.
            give_up_lost: Whether to give up jobs that the endpoint no longer knows.

        Raises:
            EndpointUnusableError: No request will succeed.
            CostLimitError: The next request could exceed the cost limit.
        """
        from selfinstruct.core.requests.sender import Sender  # noqa: PLC0415 - only requests need it, not the first screen

        together = GroupCommit(self.workspace)
        stopping = asyncio.get_running_loop().create_future()
        endpoints = {stage: self._working.endpoint_of(stage) for stage in get_args(Stage)}
        senders = {
            endpoint: Sender(
                self.workspace,
                endpoint,
                together=together,
                stopping=stopping,
                clock=self._clock,
                emit=self.emit,
            )
            for endpoint in endpoints.values()
            if endpoint is not None
        }

        sending: dict[int, Sender] = {}
        take_in = take_in or self.take_in

        async def alone(request_id: int) -> None:
            if (sender := sending.pop(request_id, None)) is not None:
                await sender.carry_out(request_id)

        carry_out: Callable[[int], Awaitable[None]] = alone
        out = await self.workspace.lock_wait.when_free(self.workspace.jobs.out)
        jobs = self._jobs = None
        if self.in_jobs or out:
            jobs = self._jobs = self._job_sender(endpoints, stopping, give_up_lost=give_up_lost)
            plan, carry_out = jobs.plan_by(plan), jobs.carry_out_by(alone, goes_alone=sending.__contains__)
            take_in, note = jobs.stopped_by(take_in), jobs.stopped_by(note)

        def next_request() -> int | None:
            request_id = plan()
            if request_id is None:
                return None
            self.emit(RequestPlanned(request_id))
            request = self.workspace.requests.get(request_id)
            if request.state != "answered" and (jobs is None or not jobs.takes(request)):
                endpoint = endpoints[request.stage]
                assert endpoint is not None
                sending[request_id] = senders[endpoint]
                sending[request_id].begin(request)
            return request_id

        def abandon(request_id: int) -> None:
            if (sender := sending.pop(request_id, None)) is not None:
                sender.abandon(request_id)

        pipeline = Pipeline(
            # Each endpoint has slots of its own: with several, only the width keeps to the limit.
            width=self.width + (self._spare if not attended and jobs is None and len(senders) == 1 else 0),
            plan=next_request,
            carry_out=carry_out,
            take_in=take_in,
            note=note,
            look_ahead=self._working.intake.look_ahead if attended else no_steps,
            stopping=stopping,
            together=together,
            abandon=abandon,
            give_way=give_way,
            slice_s=0.0 if attended else _SLICE_S,
        )
        if started:
            started(pipeline)
        if jobs is not None:
            jobs.watch(pipeline)
        preparing = asyncio.ensure_future(asyncio.to_thread(self._working.intake.prepare))
        try:
            await pipeline.run()
        finally:
            try:
                await together.finish()
            finally:
                if jobs is not None:
                    await jobs.close()
                await asyncio.gather(preparing, return_exceptions=True)

    @property
    def width(self) -> int:
        """The most requests in flight at once."""
        return self.settings.batch_api_requests if self.in_jobs else self.settings.concurrency

    @property
    def _spare(self) -> int:
        return max(0, self.width - _MANY_SLOTS) // _SLOTS_A_SPARE

    @property
    def waiting_for_jobs(self) -> int:
        """The number of requests in flight that are collected for a job, or out in one."""
        return 0 if self._jobs is None else self._jobs.waiting

    def _job_sender(
        self,
        endpoints: "Mapping[Stage, Endpoint | None]",
        stopping: "asyncio.Future[None]",
        *,
        give_up_lost: bool,
    ) -> "JobSender":
        from selfinstruct.core.requests.job_sender import JobSender  # noqa: PLC0415 - only with a Batch API

        return JobSender(
            self.workspace,
            endpoints,
            api=self.settings.api,
            price=self.settings.price_in_jobs,
            sends=self.in_jobs,
            width=self.width,
            give_up_lost=give_up_lost,
            stopping=stopping,
            clock=self._clock,
            emit=self.emit,
        )

    def take_in(self, request_id: int, decide: "Decide | None" = None) -> None:
        """Parse a request's stored response and store the results; see `Intake.take_in`.

        Raises:
            EndpointUnusableError: Too many requests in a row produced nothing.
        """
        self._working.intake.take_in(request_id, decide)

    @property
    def never_produced(self) -> str | None:
        """Why a stage has failed in all its requests under these settings; None if none has."""
        return self._working.intake.failures.never_produced()

    async def _for_each(self, subjects: Iterable[int], plan: Callable[[int], int]) -> None:
        """Plan and carry out a request for each task, or for each mention of a batch."""
        left = deque(subjects)

        def plan_next() -> int | None:
            if not left:
                return None
            request_id = plan(left[0])
            left.popleft()
            return request_id

        await self.run(plan=plan_next)
