"""The engine: the five stages of the method over one workspace, one method each.

Everything is written to the workspace first; events follow. A person's decisions are in
`selfinstruct.core.decisions.tasks`; what works through the stages, in `selfinstruct.core.runs`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from selfinstruct.core.decisions.tasks import Decider
from selfinstruct.core.endpoint.client import Endpoint
from selfinstruct.core.endpoint.key_consent import KeyConsent
from selfinstruct.core.events import CandidateAssessed, Event, PoolRead, RequestPlanned
from selfinstruct.core.export.files import Exported, write_export
from selfinstruct.core.language.registry import AUTO, Language, language
from selfinstruct.core.method.seeds import as_begun, plant
from selfinstruct.core.pool.assessor import Assessor
from selfinstruct.core.requests.intake import Decide
from selfinstruct.core.requests.pipeline import Pipeline, let_others, no_steps
from selfinstruct.core.requests.sender import Sender
from selfinstruct.core.settings.model import Settings
from selfinstruct.core.settings.prices import Prices, limited_prices
from selfinstruct.core.settings.sources import check, storable, with_changes
from selfinstruct.core.working_set import WorkingSet
from selfinstruct.db.errors import WorkspaceError
from selfinstruct.db.workspace import Workspace

if TYPE_CHECKING:
    from selfinstruct.core.requests.planner import Planner


def utc_now() -> str:
    """The present time as ISO 8601 text, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _ignore(event: Event) -> None:
    del event


class Engine:
    """The method at work on one workspace.

    Args:
        workspace: An open workspace; a new one gets its seeds now.
        settings: How to work on it; stored in it.
        consent: What the user has said about keys; by default, what they have said on this machine.
        listener: Called with each event, on the thread of the engine.
        clock: The present time as ISO 8601 text.

    Raises:
        SettingsError: the settings do not fit the workspace, or the seeds or prompts are wrong.
    """

    def __init__(
        self,
        workspace: Workspace,
        settings: Settings,
        *,
        consent: KeyConsent | None = None,
        listener: Callable[[Event], None] = _ignore,
        clock: Callable[[], str] = utc_now,
    ) -> None:
        self.workspace = workspace
        self.consent = KeyConsent() if consent is None else consent
        self.listener = listener
        self._clock = clock
        prices = limited_prices(settings)
        self.language_found: Language | None = None
        """The language of the workspace, if `auto` was to find it now."""
        self.warning = ""
        """What speaks against this beginning of a workspace, in a sentence; empty when nothing does."""
        if workspace.read_only:
            self._begin(as_begun(workspace, settings), prices)
            return
        with workspace.transaction():
            planted = plant(workspace, settings, at=clock())
            self._begin(planted.settings, prices)
            workspace.settings.write(storable(planted.settings, workspace.path))
        if planted.in_language is not None:
            self.warning = planted.in_language.as_warning(self.language)
        if settings.language == AUTO:
            self.language_found = self.language

    def _begin(self, settings: Settings, prices: Prices) -> None:
        self.assessor = Assessor(self.workspace, settings.filters, language(settings.language))
        self.decisions = Decider(self.workspace, self.assessor, clock=self._clock, emit=self.emit)
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
        )

    def enter(self) -> None:
        """Enter this program in the workspace's runs: what programs that are gone left is in doubt now."""
        if not self.workspace.has_run:
            self.workspace.start_run(at=self._clock())

    @property
    def planner(self) -> "Planner":
        """What plans requests; with the first use this program enters the workspace's runs."""
        planner = self._working.planner
        self.enter()
        return planner

    async def apply(self, settings: Settings) -> None:
        """Work by other settings from now on; for an engine with nothing under way.

        Candidates keep the verdicts that they have until they are judged again. Only what is another now is
        stored: what another program has changed meanwhile stays.

        Raises:
            SettingsError: they do not fit the workspace; all stays as it was.
            WorkspaceError: they could not be stored; all stays as it was.
        """
        before = self._working
        self._working = await self.workspace.lock_wait.when_free(lambda: self._store(settings))
        self._working.put_to_work()
        await before.close()

    def _store(self, settings: Settings) -> WorkingSet:
        """Store other settings; returns the working set that follows from them."""
        with self.workspace.transaction():
            if settings.max_cost == self.settings.max_cost:
                # Nobody has changed it here; another program may have.
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
        """Read the pool, a little at a time, so that a large one keeps nobody waiting."""
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
        """End this program's run; requests still under way are in doubt from now on."""
        await self._working.close()
        with suppress(WorkspaceError):  # the next program sees for itself that this one is gone
            self.workspace.end_run(at=self._clock())
        with suppress(WorkspaceError):  # only the next start is slower without it
            self.assessor.keep()

    def limit_cost(self, max_cost_usd: float) -> None:
        """Change the cost limit, also while requests are under way; it is stored in the workspace.

        Raises:
            SettingsError: it is no amount of USD, or the price of the model is not known.
        """
        settings = check(
            {**storable(self.settings, self.workspace.path), "max_cost": max_cost_usd}, source="the settings"
        )
        limited_prices(settings)
        self.workspace.settings.change({"max_cost": max_cost_usd})
        self.settings = settings

    @property
    def settings(self) -> Settings:
        """How it works on the workspace.

        To set them is for what nothing else depends on, such as the theme; `apply` is for the rest.
        """
        return self._working.settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        self._working.settings = settings

    @property
    def language(self) -> Language:
        """The language of the workspace's tasks."""
        return self.assessor.language

    def cost_limit(self) -> float | None:
        """The workspace's cost limit in USD, as any program has set it last; None: there is none."""
        return self.workspace.settings.cost_limit()

    def follow_cost_limit(self) -> bool:
        """Let the settings have the cost limit that another program may have set.

        Returns whether it leaves more room than the one that they had.
        """
        before, limit = self.settings.max_cost, self.cost_limit()
        if limit != before:
            self.settings = self.settings.model_copy(update={"max_cost": limit})
        return before is not None and (limit is None or limit > before)

    def emit(self, event: Event) -> None:
        """Tell the listener."""
        self.listener(event)

    @property
    def endpoint(self) -> Endpoint:
        """The model's endpoint.

        Raises:
            EndpointUnusableError: it needs a key that it cannot have.
        """
        return self._working.endpoint

    @property
    def embeddings_endpoint(self) -> Endpoint | None:
        """The endpoint that makes vectors; None when nothing is compared by meaning.

        Raises:
            EndpointUnusableError: it needs a key that it cannot have.
        """
        return self._working.embeddings_endpoint

    # The five stages

    async def propose(self) -> list[int]:
        """Stage 1: one batch of requests for new tasks; returns the ids of the candidates.

        With embeddings, the vectors of the pool and of the candidates are asked for as well.
        """
        batch = self.planner.new_batch()
        planned = (self.planner.propose(batch) for _ in range(self.settings.requests_per_batch))
        await self.run(plan=lambda: next(planned, None))
        if self.settings.embeddings is not None:
            await self.run(plan=self.planner.embed)
        return [task.id for task in self.workspace.tasks.of_batch(batch)]

    def assess(self, task_ids: Iterable[int]) -> dict[int, str]:
        """Stage 2: judge candidates against the pool as it is now; returns verdicts by id."""
        verdicts = {}
        with self.assessor.step():
            for task in self.workspace.tasks.get_many(task_ids):
                verdicts[task.id] = self.assessor.assess_task(task.id, task.instruction).verdict
        for task_id, verdict in verdicts.items():
            self.emit(CandidateAssessed(task_id, verdict))
        return verdicts

    async def classify(self, task_ids: Iterable[int]) -> None:
        """Stage 3: ask whether these tasks are classification tasks; those with a label are left out."""
        tasks = self.workspace.tasks.get_many(task_ids)
        await self._for_each([task.id for task in tasks if task.label is None], self.planner.classify)

    async def instantiate(self, task_ids: Iterable[int]) -> None:
        """Stage 4: ask for instances of these tasks.

        Those whose label is not clear, and those that have instances, are left out.
        """
        tasks = self.workspace.tasks.get_many(task_ids)
        clear = [task.id for task in tasks if task.label in {"classification", "generation"}]
        lacking = [task_id for task_id in clear if not self.workspace.instances.of_task(task_id)]
        await self._for_each(lacking, self.planner.instantiate)

    def export(
        self,
        path: Path,
        export_format: str,
        *,
        include_seeds: bool = False,
        rng_seed: int = 0,
        force: bool = False,
    ) -> Exported:
        """Stage 5: write the kept instances of accepted tasks as a training file."""
        return write_export(
            self.workspace, path, export_format, include_seeds=include_seeds, rng_seed=rng_seed, force=force
        )

    # Requests: planned, carried out, taken in

    async def run(
        self,
        *,
        plan: Callable[[], int | None],
        take_in: Callable[[int], None] | None = None,
        started: Callable[[Pipeline], None] | None = None,
        give_way: Callable[[], Awaitable[None]] = let_others,
        look_ahead: bool = False,
    ) -> None:
        """Keep `concurrency` requests under way until `plan` has no more.

        Args:
            plan: Writes the next request down and returns its id, or None.
            take_in: What to do with each request that is over, in their order; `self.take_in` if None.
            started: Given the pipeline, which can be stopped.
            give_way: Awaited before each step, for others that share the loop.
            look_ahead: Whether answers are looked at before they are taken in: more work, in shorter steps.

        Raises:
            EndpointUnusableError: no request will get an answer.
            CostLimitError: the next request could exceed the cost limit.
        """
        stopping = asyncio.get_running_loop().create_future()
        senders = {
            is_for_vectors: Sender(
                self.workspace,
                endpoint,
                stopping=stopping,
                clock=self._clock,
                emit=self.emit,
            )
            for is_for_vectors, endpoint in ((False, self.endpoint), (True, self.embeddings_endpoint))
            if endpoint is not None
        }

        async def carry_out(request_id: int) -> None:
            request = self.workspace.requests.get(request_id)
            if request.state != "answered":
                await senders[request.stage == "embed"].carry_out(request_id)

        def next_request() -> int | None:
            request_id = plan()
            if request_id is not None:
                self.emit(RequestPlanned(request_id))
            return request_id

        pipeline = Pipeline(
            width=self.settings.concurrency,
            plan=next_request,
            carry_out=carry_out,
            take_in=take_in or self.take_in,
            look_ahead=self._working.intake.look_ahead if look_ahead else no_steps,
            stopping=stopping,
            when_free=self.workspace.lock_wait.when_free,
            give_way=give_way,
        )
        if started:
            started(pipeline)
        await pipeline.run()

    def take_in(self, request_id: int, decide: Decide | None = None) -> None:
        """Parse a request's stored answer and store what comes of it; see `Intake.take_in`.

        Raises:
            EndpointUnusableError: too many requests in a row have come to nothing.
        """
        self._working.intake.take_in(request_id, decide)

    async def _for_each(self, task_ids: Iterable[int], plan: Callable[[int], int]) -> None:
        planned = (plan(task_id) for task_id in task_ids)
        await self.run(plan=lambda: next(planned, None))
