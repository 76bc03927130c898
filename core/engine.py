"""The engine: the five stages of the method over one workspace, one method each.

Everything is written to the workspace first; events follow. A person's decisions are in
`selfinstruct.core.decisions`, unattended work in `selfinstruct.core.auto`.
"""

import random
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from selfinstruct.core.answers import Answer, AnswerError, read_answer
from selfinstruct.core.decisions import Decider
from selfinstruct.core.endpoint import Endpoint
from selfinstruct.core.errors import EndpointUnusableError, SettingsError
from selfinstruct.core.events import (
    CandidateJudged,
    CandidatesProposed,
    Event,
    RequestFailed,
    RequestPlanned,
    TaskClassified,
    TaskInstantiated,
)
from selfinstruct.core.export import Exported, ExportFormat, write_export
from selfinstruct.core.filters import clean_instruction
from selfinstruct.core.flow import Flow
from selfinstruct.core.instance_rules import keep_or_drop
from selfinstruct.core.judge import Judge, Judgement
from selfinstruct.core.ledger import Ledger
from selfinstruct.core.parsing import (
    parse_input_first,
    parse_label,
    parse_output_first,
    parse_proposals,
)
from selfinstruct.core.prices import Prices
from selfinstruct.core.prompts import Example, PromptWriter, RenderedPrompt
from selfinstruct.core.seeds import plant
from selfinstruct.core.settings import ApiKind, Settings, storable
from selfinstruct.db.rows import NewRequest, Request, Stage, Usage
from selfinstruct.db.workspace import Workspace

FAILURES_IN_A_ROW = 10


def utc_now() -> str:
    """The present time as ISO 8601 text, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _ignore(event: Event) -> None:
    del event


Decide = Callable[[int, Judgement, Callable[[Event], None]], None]
"""Decides on a judged candidate inside the transaction that judged it; gives events to its last argument."""


class Engine:
    """The method at work on one workspace.

    Args:
        workspace: An open workspace; a new one gets its seeds now.
        settings: How to work on it; stored in it.
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
        listener: Callable[[Event], None] = _ignore,
        clock: Callable[[], str] = utc_now,
    ) -> None:
        self.workspace = workspace
        self.settings = settings
        self.listener = listener
        self._clock = clock
        self.prices = Prices(settings)
        if settings.max_cost is not None and not self.prices.known:
            raise SettingsError(
                f"The price of '{settings.model}' is not known, so --max-cost cannot be kept. Give it in"
                f' selfinstruct.toml, in USD for a million tokens: [prices."{settings.model}"] with input = '
                "and output = ."
            )
        with workspace.transaction():
            plant(workspace, settings, at=clock())
            self._prompts = PromptWriter(
                settings.api, _examples(workspace), random.Random(settings.rng_seed), settings.prompts
            )
            self._prompts.try_all()
            workspace.settings.write(storable(settings))
        self.judging = Judge(workspace, settings.filters, settings.language)
        self.decisions = Decider(workspace, self.judging, clock=clock, emit=self.emit)
        self.put_in_doubt = workspace.start_run(at=clock())
        """How many requests programs that died have left without an answer."""
        self._endpoint: Endpoint | None = None
        self._failures = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End this program's run; requests still under way are in doubt from now on."""
        if self._endpoint is not None:
            await self._endpoint.close()
        self.workspace.end_run(at=self._clock())

    def emit(self, event: Event) -> None:
        """Tell the listener."""
        self.listener(event)

    @property
    def endpoint(self) -> Endpoint:
        """The model's endpoint.

        Raises:
            EndpointUnusableError: it needs a key, and there is none.
        """
        if self._endpoint is None:
            learned = self.workspace.settings.learned(self.settings.address, self.settings.model)
            self._endpoint = Endpoint(self.settings, learned=learned)
        return self._endpoint

    # The five stages

    async def propose(self) -> list[int]:
        """Stage 1: one batch of requests for new tasks; returns the ids of the candidates."""
        batch = self.new_batch()
        planned = (self.plan_propose(batch) for _ in range(self.settings.requests_per_batch))
        await self.run(plan=lambda: next(planned, None))
        return [task.id for task in self.workspace.tasks.of_batch(batch)]

    def judge(self, task_ids: Iterable[int]) -> dict[int, str]:
        """Stage 2: judge candidates against the pool as it is now; returns verdicts by id."""
        verdicts = {}
        with self.judging.step():
            for task in self.workspace.tasks.get_many(task_ids):
                verdicts[task.id] = self.judging.judge_task(task.id, task.instruction).verdict
        for task_id, verdict in verdicts.items():
            self.emit(CandidateJudged(task_id, verdict))
        return verdicts

    async def classify(self, task_ids: Iterable[int]) -> None:
        """Stage 3: ask whether these tasks are classification tasks."""
        await self._for_each(task_ids, self.plan_classify)

    async def instantiate(self, task_ids: Iterable[int]) -> None:
        """Stage 4: ask for instances of these tasks; those whose label is not clear are left out."""
        tasks = self.workspace.tasks.get_many(task_ids)
        clear = [task.id for task in tasks if task.label in {"classification", "generation"}]
        await self._for_each(clear, self.plan_instantiate)

    def export(
        self,
        path: Path,
        export_format: ExportFormat,
        *,
        include_seeds: bool = False,
        rng_seed: int = 0,
        force: bool = False,
    ) -> Exported:
        """Stage 5: write the kept instances of accepted tasks as a training file."""
        return write_export(
            self.workspace, path, export_format, include_seeds=include_seeds, rng_seed=rng_seed, force=force
        )

    # Requests: plan, carry out, take in

    async def run(
        self,
        *,
        plan: Callable[[], int | None],
        take_in: Callable[[int], None] | None = None,
        started: Callable[[Flow], None] | None = None,
    ) -> None:
        """Keep `concurrency` requests under way until `plan` has no more.

        Args:
            plan: Writes the next request down and returns its id, or None.
            take_in: What to do with each request that is over, in their order; `self.take_in` if None.
            started: Given the flow, which can be stopped.

        Raises:
            EndpointUnusableError: no request will get an answer.
            CostLimitError: the next request could exceed the cost limit.
        """
        ledger = Ledger(
            self.workspace,
            self.endpoint,
            self.prices,
            max_cost_usd=self.settings.max_cost,
            clock=self._clock,
        )

        def next_request() -> int | None:
            request_id = plan()
            if request_id is not None:
                self.emit(RequestPlanned(request_id))
            return request_id

        flow = Flow(
            width=self.settings.concurrency,
            plan=next_request,
            carry_out=ledger.carry_out,
            take_in=take_in or self.take_in,
        )
        if started:
            started(flow)
        await flow.run()

    async def _for_each(self, task_ids: Iterable[int], plan: Callable[[int], int]) -> None:
        planned = (plan(task_id) for task_id in task_ids)
        await self.run(plan=lambda: next(planned, None))

    def new_batch(self) -> int:
        """The number of a batch that nobody has begun."""
        return self.workspace.requests.last_batch() + 1

    def left_over(self, *, resend: bool) -> list[int]:
        """Take over what programs that are gone have left unfinished; returns request ids, oldest first.

        Requests in doubt are among them when they cost nothing, or when `resend` says so. Those of
        another endpoint are not: if never sent, their tasks are free to be asked about again.
        """
        states = (
            ("planned", "answered", "in_doubt")
            if resend or self.settings.is_free
            else ("planned", "answered")
        )
        found = []
        with self.workspace.transaction():
            self.workspace.tasks.release_unanswered()
            for request in self.workspace.requests.left_over(run_id=self.workspace.run_id, states=states):
                if request.state == "answered" or self._is_ours(request):
                    found.append(request.id)
                elif request.state == "planned":
                    self.workspace.requests.fail(request.id, "It was planned for another endpoint.")
                    self.workspace.tasks.release_unanswered()
        return found

    def _is_ours(self, request: Request) -> bool:
        return (request.model, request.base_url, _api_of(request)) == (
            self.settings.model,
            self.settings.address,
            self.settings.api,
        )

    def plan_propose(self, batch: int, *, held: bool = True) -> int:
        """Write down a request for new tasks; `held` leaves the decisions to a person."""
        with self.workspace.transaction():
            self.judging.catch_up()
            # Chance depends on the seed and the place of the request, so that a run can be repeated.
            rng = random.Random(f"{self.settings.rng_seed}/{self.workspace.requests.next_id()}")
            clf_only = self.settings.clf_only
            shown = self.judging.sample(rng, classification_only=clf_only)
            prompt = self._prompts.propose(shown, classification_only=clf_only)
            return self._plan("propose", prompt, batch=batch, held=held)

    def plan_classify(self, task_id: int) -> int:
        """Write down a request for a task's label."""
        task = self.workspace.tasks.get(task_id)
        prompt = self._prompts.classify(task.instruction)
        return self._plan("classify", prompt, batch=task.batch or 0, task_id=task_id)

    def plan_instantiate(self, task_id: int) -> int:
        """Write down a request for a task's instances."""
        task = self.workspace.tasks.get(task_id)
        prompt = self._prompts.instantiate(task.instruction, output_first=task.label == "classification")
        return self._plan("instantiate", prompt, batch=task.batch or 0, task_id=task_id)

    def plan_next_of_pool(self) -> int | None:
        """Write down the next request that a task of the workspace is in need of, if any."""
        with self.workspace.transaction():
            if (task_id := self.workspace.tasks.to_instantiate()) is not None:
                return self.plan_instantiate(task_id)
            if (task_id := self.workspace.tasks.to_classify()) is not None:
                return self.plan_classify(task_id)
        return None

    def needs_requests(self) -> bool:
        """Whether any task waits for its label or its instances."""
        tasks = self.workspace.tasks
        return tasks.to_instantiate() is not None or tasks.to_classify() is not None

    def _plan(
        self,
        stage: Stage,
        rendered: RenderedPrompt,
        *,
        batch: int,
        task_id: int | None = None,
        held: bool = True,
    ) -> int:
        request = NewRequest(
            stage=stage,
            batch=batch,
            task_id=task_id,
            model=self.settings.model,
            base_url=self.settings.address,
            prompt=rendered.prompt,
            parameters=rendered.parameters,
            in_context=rendered.in_context,
            held=held,
        )
        with self.workspace.transaction():
            request_id = self.workspace.requests.plan(request, run_id=self.workspace.run_id, at=self._clock())
            if task_id is not None:
                self.workspace.tasks.assign(task_id, stage=stage, request_id=request_id)
        return request_id

    def take_in(self, request_id: int, decide: Decide | None = None) -> None:
        """Parse a request's stored answer, and store what comes of it.

        Candidates are judged at once, in their order, and decided on when `decide` is given, so that
        each is judged against those accepted before it. A request that failed, or was taken in
        already, changes nothing.

        Raises:
            EndpointUnusableError: too many requests in a row have come to nothing.
        """
        request = self.workspace.requests.get(request_id)
        stored = self.workspace.requests.answer(request_id)
        if request.state == "failed":
            self._failed(request, request.error or "")
        if request.state != "answered" or stored is None:
            return
        try:
            answer = read_answer(stored.body, _api_of(request))
        except AnswerError as error:
            self.workspace.requests.fail(request_id, str(error))
            self._failed(request, str(error))
            return
        self._failures = 0
        usage = Usage(
            answer.prompt_tokens,
            answer.completion_tokens,
            self.prices.cost(answer.prompt_tokens, answer.completion_tokens),
        )
        events: list[Event] = []
        try:
            with self.workspace.transaction():
                self.workspace.requests.parsed(
                    request_id, stored.attempt_id, answered_by=answer.model, usage=usage
                )
                self._store(request, answer, decide, events)
        except BaseException:
            self.judging.forget()
            raise
        for event in events:
            self.emit(event)

    def _failed(self, request: Request, sentence: str) -> None:
        self.emit(RequestFailed(request.id, request.stage, sentence))
        self._failures += 1
        if self._failures >= FAILURES_IN_A_ROW:
            raise EndpointUnusableError(
                f"{self._failures} requests in a row came to nothing. The last one: {sentence}"
            )

    def _store(self, request: Request, answer: Answer, decide: Decide | None, events: list[Event]) -> None:
        if request.stage == "propose":
            self._store_candidates(request, answer, decide, events)
            return
        assert request.task_id is not None
        task = self.workspace.tasks.get(request.task_id)
        if request.stage == "classify":
            # A person may have labelled or reworded the task meanwhile; that stands.
            if task.label is None and task.classify_request_id == request.id:
                label = parse_label(answer.text)
                self.workspace.tasks.set_label(task.id, label)
                events.append(TaskClassified(task.id, label))
        elif task.instantiate_request_id == request.id:
            parse = parse_output_first if task.label == "classification" else parse_input_first
            instances = keep_or_drop(parse(answer.text), cut=answer.cut)
            self.workspace.instances.add(task.id, instances, request_id=request.id)
            kept = sum(instance.state == "kept" for instance in instances)
            events.append(TaskInstantiated(task.id, kept, len(instances) - kept))

    def _store_candidates(
        self, request: Request, answer: Answer, decide: Decide | None, events: list[Event]
    ) -> None:
        self.judging.catch_up()
        proposed = parse_proposals(
            answer.text, cut=answer.cut, continues_item=_api_of(request) == "completions"
        )
        for text in proposed:
            instruction = clean_instruction(text)
            task_id = self.workspace.tasks.add(
                instruction,
                origin="model",
                at=self._clock(),
                batch=request.batch,
                request_id=request.id,
                held=request.held,
            )
            judgement = self.judging.judge_task(task_id, instruction)
            events.append(CandidateJudged(task_id, judgement.verdict))
            if decide is not None and not request.held:
                decide(task_id, judgement, events.append)
        events.append(CandidatesProposed(request.id, request.batch, len(proposed)))


def _api_of(request: Request) -> ApiKind:
    return "completions" if isinstance(request.prompt, str) else "chat"


def _examples(workspace: Workspace) -> list[Example]:
    return [
        Example(
            id=task.id,
            instruction=task.instruction,
            is_classification=task.label == "classification",
            instances=tuple((one.input, one.output) for one in workspace.instances.of_task(task.id)),
        )
        for task in workspace.tasks.seeds()
    ]
