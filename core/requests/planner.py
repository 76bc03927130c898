"""Plans the requests to the model: stores each before it is sent, and takes over unfinished ones."""

import math
import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import get_args

from selfinstruct.core.endpoint.answer_forms import PROMPTS, TEXT
from selfinstruct.core.endpoint.context_limit import in_context_at_most
from selfinstruct.core.errors import CostLimitError, EndpointUnusableError, RequestRefusedError, SettingsError
from selfinstruct.core.method.prompts import Example, PromptWriter, RenderedPrompt
from selfinstruct.core.pool.assessor import Assessor
from selfinstruct.core.requests.prompt_size import prompt_bytes
from selfinstruct.core.requests.reservations import Reservations, Room
from selfinstruct.core.setting_names import setting
from selfinstruct.core.settings.model import GENERATION_STAGES, Settings
from selfinstruct.core.settings.prices import Prices
from selfinstruct.core.settings.request import StageSettings
from selfinstruct.db.records import NewRequest, Parameters, Request, Stage, Task
from selfinstruct.db.workspace import Workspace


@dataclass(frozen=True, slots=True)
class LeftOver:
    """Unfinished requests found when none was in flight."""

    taken_over: list[int]
    """Ids of the requests to continue with, oldest first."""
    given_up: list[Request]
    """Requests that cannot be sent as planned; they are marked as failed."""


class Planner:
    """Plans the requests of one workspace. Each method stores its request before it returns.

    Every method that plans a request raises CostLimitError, and stores nothing, when the request could
    exceed the current cost limit of the workspace; and SettingsError, when there is a limit and no price.

    Args:
        workspace: Where requests are stored.
        settings: Model, endpoint and parameters.
        assessor: The pool that prompts sample from.
        prices: Token prices, for cost estimates.
        clock: Returns the current time as ISO 8601 text.
    """

    def __init__(
        self,
        workspace: Workspace,
        settings: Settings,
        assessor: Assessor,
        prices: Prices,
        *,
        clock: Callable[[], str],
    ) -> None:
        self._workspace = workspace
        self._settings = settings
        self._assessor = assessor
        self._prices = prices
        self._embeddings = settings.of_embeddings
        self._reservations = Reservations(workspace, prices, self._embeddings)
        self._clock = clock
        self._as_set = PromptWriter(
            settings.api,
            _examples(workspace),
            random.Random(settings.rng_seed),
            settings.prompts,
            settings.language,
            answers=settings.answers,
        )
        self._for_text = self._as_set.for_text()
        for prompts in (self._as_set, self._for_text):
            prompts.try_all()
        self.warning = self._as_set.warning
        """A warning about the user's own prompts, as a sentence; empty when there is none."""

    def _prompts(self, stage: Stage) -> PromptWriter:
        """Return the writer of a stage's prompts: for text, if its model is known to take no JSON format."""
        if self._settings.answers == "auto" and self._learned(stage).get(PROMPTS) == TEXT:
            return self._for_text
        return self._as_set

    def _learned(self, stage: Stage) -> Mapping[str, str | None]:
        """Return what is known about the model of a stage."""
        asked = self._settings.of_stage(stage)
        return self._workspace.settings.learned(asked.address, asked.model)

    def _in_context_at_most(self, stage: Stage) -> int | None:
        return in_context_at_most(self._learned(stage), stage)

    def new_batch(self) -> int:
        """Return the next free batch number; it is taken once a request with it is stored."""
        return self._workspace.requests.last_batch() + 1

    def propose(self, batch: int, *, held: bool = True) -> int:
        """Plan a propose request; `held` leaves the decisions to a person. Returns its id."""
        with self._assessor.step():
            # Seeded by rng_seed and request id, so that a run is reproducible.
            rng = random.Random(f"{self._settings.rng_seed}/{self._workspace.requests.next_id()}")
            clf_only = self._settings.clf_only
            shown = self._assessor.sample(rng, classification_only=clf_only)
            shown = shown[: self._in_context_at_most("propose")]
            prompt = self._prompts("propose").propose(shown, classification_only=clf_only)
            return self._write("propose", prompt, batch=batch, task=None, held=held)

    def classify(self, task_id: int) -> int:
        """Plan a classify request for a task; returns its id."""
        task = self._workspace.tasks.get(task_id)
        at_most = self._in_context_at_most("classify")
        prompt = self._prompts("classify").classify(task.instruction, at_most=at_most)
        return self._write("classify", prompt, batch=task.batch, task=task)

    def instantiate(self, task_id: int) -> int:
        """Plan an instantiate request for a task; returns its id."""
        task = self._workspace.tasks.get(task_id)
        prompt = self._prompts("instantiate").instantiate(
            task.instruction,
            output_first=task.label == "classification",
            at_most=self._in_context_at_most("instantiate"),
        )
        return self._write("instantiate", prompt, batch=task.batch, task=task)

    def more_instances(self, task_id: int) -> int:
        """Plan a request for additional instances of a task; returns its id.

        If the first instances were never requested, or that request failed, this requests the first ones.

        Raises:
            RequestRefusedError: The task is not in the pool, has no definite label, or has a request for
                instances in flight.
        """
        requests = self._workspace.requests
        with self._workspace.transaction():
            task = self._workspace.tasks.get(task_id)
            refusal = self._refusal_of_more(task)
            if refusal is not None:
                raise RequestRefusedError(refusal)
            asked = task.instantiate_request_id
            if asked is None:
                return self.instantiate(task_id)
            prompt = self._prompts("instantiate").instantiate(
                task.instruction,
                output_first=task.label == "classification",
                anew=random.Random(f"{self._settings.rng_seed}/{requests.next_id()}"),
                at_most=self._in_context_at_most("instantiate"),
            )
            more = requests.get(asked).state != "failed"
            return self._write("instantiate", prompt, batch=task.batch, task=task, more=more)

    def _refusal_of_more(self, task: Task) -> str | None:
        if task.origin == "seed":
            return f"Task {task.id} is a seed; seeds stay as they are."
        if task.state != "accepted":
            return f"Task {task.id} is not in the pool. Accept it first."
        if task.label not in {"classification", "generation"}:
            return "Its label is not clear yet, and the prompt depends on the label. Set it first."
        if self._workspace.requests.are_instances_under_way(task.id):
            return f"The model is being asked for instances of task {task.id} already."
        return None

    def next_of_pool(self, *, but: Collection[int] = ()) -> int | None:
        """Plan the next outstanding request: vectors, then instances, then labels; None when there is none.

        Args:
            but: Ids of tasks whose instances should not be requested now.
        """
        with self._workspace.transaction():
            if (request_id := self.embed()) is not None:
                return request_id
            if (task_id := self._workspace.backlog.to_instantiate(but=but)) is not None:
                return self.instantiate(task_id)
            if (task_id := self._workspace.backlog.to_classify()) is not None:
                return self.classify(task_id)
        return None

    def embed(self) -> int | None:
        """Plan a request for missing vectors: those of the pool first, then of one response's candidates.

        Returns its id, or None when embeddings are off or no vector is missing.

        Raises:
            SettingsError: Another program has switched the workspace to another embedding model.
            EndpointUnusableError: There are more vectors than can be compared here.
        """
        asked, vectors = self._embeddings, self._workspace.vectors
        if asked is None:
            return None
        from selfinstruct.core.requests.embedding_messages import request_for, texts_at_once  # noqa: PLC0415 - NumPy

        if self._assessor.unusable is not None:
            raise EndpointUnusableError(self._assessor.unusable)
        with self._workspace.transaction():
            self._require_in_use(asked)
            learned = self._workspace.settings.learned(asked.address, asked.model)
            wanted = vectors.unembedded(texts_at_once(learned))
            if not wanted:
                return None
            request = request_for(wanted, asked)
            reserved = self._reservations.reserve(request.prompt, 0, Prices(asked))
            request_id = self._workspace.requests.plan(
                replace(request, reserved_usd=reserved), run_id=self._workspace.run_id, at=self._clock()
            )
            vectors.assign(request.in_context, request_id)
        return request_id

    def _require_in_use(self, asked: Settings) -> None:
        if not self._workspace.vectors.is_in_use:
            model, address = self._workspace.vectors.in_use() or ("none", "none")
            raise SettingsError(
                f"Another program uses {model} at {address} for the embeddings of this workspace, and this"
                f" one uses {asked.model} at {asked.address}. A workspace has one embedding model at a time:"
                f" restart to continue with theirs, or restart with {setting('embeddings')} to switch back to"
                " this one."
            )

    def covers_accepted(self) -> bool:
        """Whether the cost limit covers all outstanding requests of accepted tasks.

        Those are requests for vectors, labels and instances.
        """
        return self._reservations.covers(self._cost_of_accepted())

    def room_for(self, refused: CostLimitError) -> Room | None:
        """Return the limits with which work could continue after a refusal, as `Reservations.room_for`."""
        return self._reservations.room_for(refused, self._cost_of_accepted())

    def _cost_of_accepted(self) -> float:
        """Return an upper bound on the cost of all outstanding requests of accepted tasks, in USD."""
        backlog, cost = self._workspace.backlog, self._cost_of_vectors()
        # The prompts differ only in the instruction, so an empty prompt represents all.
        instances = self._prompts("instantiate").instantiate("", output_first=False)
        waiting: tuple[tuple[tuple[int, int], Stage, RenderedPrompt], ...] = (
            (backlog.awaiting_instances(), "instantiate", instances),
            (backlog.awaiting_label(), "classify", self._prompts("classify").classify("")),
        )
        for (number, length), stage, prompt in waiting:
            max_tokens = self._parameters(stage, prompt)["max_tokens"]
            assert isinstance(max_tokens, int)
            prices = self._prices.of(stage)
            cost += number * (prices.at_most(prompt_bytes(prompt.prompt), max_tokens) or 0.0)
            cost += prices.highest(length, 0) or 0.0
        return cost

    def _cost_of_vectors(self) -> float:
        """Return an upper bound on the cost of pool vectors that have not been requested, in USD."""
        if self._embeddings is None:
            return 0.0
        count, length = self._workspace.vectors.unembedded_of_pool()
        return Prices(self._embeddings).at_most(length, 0) or 0.0 if count else 0.0

    def requests_needed(self) -> int:
        """Return the most requests that known tasks still need, besides those planned or under way.

        Those are requests for vectors, labels and instances, also of candidates that await their vectors.
        """
        needed = self._workspace.backlog.requests_needed()
        if self._embeddings is None:
            return needed
        from selfinstruct.core.requests.embedding_messages import texts_at_once  # noqa: PLC0415 - NumPy

        learned = self._workspace.settings.learned(self._embeddings.address, self._embeddings.model)
        of_pool, _ = self._workspace.vectors.unembedded_of_pool()
        candidates, responses = self._workspace.vectors.unembedded_candidates()
        at_once = texts_at_once(learned)
        # Each response has a last request that is not full.
        return needed + 2 * candidates + responses + math.ceil(of_pool / at_once) + candidates // at_once

    def lacking_vectors(self) -> int:
        """Return the number of tasks and passing candidates without a request for their vector."""
        if self._embeddings is None:
            return 0
        vectors = self._workspace.vectors
        return vectors.unembedded_of_pool()[0] + vectors.unembedded_candidates()[0]

    def has_work_for(self, requests: int) -> bool:
        """Whether at least `requests` tasks have an outstanding request, or any task lacks a vector."""
        lacks_vector = self._embeddings is not None and bool(self._workspace.vectors.unembedded(1))
        return lacks_vector or self._workspace.backlog.count_unasked(requests) >= requests

    def is_idle(self) -> bool:
        """Whether no task has an outstanding request."""
        return not self.has_work_for(1)

    def left_over(self, *, resend: bool, with_jobs: bool = False) -> LeftOver:
        """Take over unfinished requests; call it when none is in flight.

        These are requests of programs that have ended, and those that this one planned and did not send.
        One that this program sent without being able to store the outcome becomes in doubt.
        Requests in doubt are included when they are free, or when `resend` is true. Unsent requests for
        another endpoint are given up, and their tasks are released for new requests. With `with_jobs`,
        requests that are out in jobs of this endpoint are included.
        """
        doubtful = get_args(Stage) if resend else self._settings.free_stages
        left_over = LeftOver([], [])
        requests = self._workspace.requests
        with self._workspace.transaction():
            requests.put_in_doubt(self._workspace.run_id)
            for request in requests.left_over(
                run_id=self._workspace.run_id,
                states=("planned", "answered"),
                doubtful=doubtful,
                jobs=self._jobs_here() if with_jobs else (),
            ):
                is_sent = request.state in {"answered", "sent"}
                why = None if is_sent else self._why_not_as_planned(request)
                if why is None:
                    left_over.taken_over.append(request.id)
                    if request.state == "planned":
                        # The price may be another now: that of a job, or the normal one.
                        requests.reserve(request.id, self._reservations.at_most(request))
                elif request.state == "planned":
                    requests.fail(request.id, why)
                    left_over.given_up.append(request)
            if self._embeddings is not None:
                self._workspace.vectors.release_failed()
            self._workspace.backlog.release_failed()
        return left_over

    def _jobs_here(self) -> list[int]:
        """Return the ids of the jobs that are out at the models in use."""
        models = {self._settings.of_stage(stage).model for stage in GENERATION_STAGES}
        here = self._settings.address, self._settings.api
        out = (one.job for one in self._workspace.jobs.out())
        return [job.id for job in out if job.model in models and (job.base_url, job.api) == here]

    def _why_not_as_planned(self, request: Request) -> str | None:
        if not self.is_ours(request):
            return "It was planned for another endpoint."
        if request.reserved_usd is None and self._workspace.settings.cost_limit() is not None:
            return "It was planned without a price, and now there is a cost limit."
        return None

    def is_ours(self, request: Request) -> bool:
        """Whether a request is for the current model, address and API."""
        if request.stage == "embed":
            asked = self._embeddings
            return (
                asked is not None
                and (request.model, request.base_url) == (asked.model, asked.address)
                and self._workspace.vectors.is_in_use
            )
        return (request.model, request.base_url, request.api) == (
            self._settings.of_stage(request.stage).model,
            self._settings.address,
            self._settings.api,
        )

    def send_again(self, request: Request) -> int:
        """Plan to resend a request that failed or is in doubt, with the same prompt and parameters.

        One that has a stored response, or was for another endpoint, is copied into a new request. Returns
        the id of the request to send.

        Raises:
            RequestRefusedError: Another program has taken it over in the meantime.
        """
        requests = self._workspace.requests
        with self._workspace.transaction():
            reserved = self._reservations.reserve_again(request)
            request_id = request.id
            if self.would_ask_anew(request):
                request_id = requests.plan(
                    self._for_endpoint(request, reserved),
                    run_id=self._workspace.run_id,
                    at=self._clock(),
                    instead_of=request.id,
                )
            elif not requests.plan_again(request.id, reserved_usd=reserved, run_id=self._workspace.run_id):
                raise RequestRefusedError(f"Another program has taken over request {request.id}.")
            if request.stage == "embed":
                lacking = self._workspace.vectors.lacking(request.in_context, request.id)
                self._workspace.vectors.assign(lacking, request_id)
            elif request.task_id is not None and not request.more:
                self._workspace.tasks.assign(request.task_id, stage=request.stage, request_id=request_id)
        return request_id

    def _for_endpoint(self, request: Request, reserved: float | None) -> Request:
        if request.stage == "embed":
            return replace(request, reserved_usd=reserved)
        settings = self._settings.of_stage(request.stage)
        return replace(request, model=settings.model, base_url=settings.address, reserved_usd=reserved)

    def would_ask_anew(self, request: Request) -> bool:
        """Whether resending a request creates a new request."""
        return not self.is_ours(request) or self._workspace.requests.answer(request.id) is not None

    def _write(
        self,
        stage: Stage,
        rendered: RenderedPrompt,
        *,
        batch: int | None,
        task: Task | None,
        held: bool = True,
        more: bool = False,
    ) -> int:
        parameters = self._parameters(stage, rendered)
        max_tokens = parameters["max_tokens"]
        assert isinstance(max_tokens, int)
        with self._workspace.transaction():
            reserved = self._reservations.reserve(rendered.prompt, max_tokens, self._prices.of(stage))
            request_id = self._workspace.requests.plan(
                NewRequest(
                    stage=stage,
                    batch=batch or 0,
                    task_id=task.id if task else None,
                    model=self._settings.of_stage(stage).model,
                    base_url=self._settings.address,
                    prompt=rendered.prompt,
                    parameters=parameters,
                    in_context=rendered.in_context,
                    instruction=task.instruction if task else None,
                    label=task.label if task else None,
                    reserved_usd=reserved,
                    held=held,
                    more=more,
                ),
                run_id=self._workspace.run_id,
                at=self._clock(),
            )
            if task is not None and not more:
                self._workspace.tasks.assign(task.id, stage=stage, request_id=request_id)
        return request_id

    def _parameters(self, stage: Stage, rendered: RenderedPrompt) -> Parameters:
        """Return the parameters of a request: those of its stage in the settings take precedence."""
        own: StageSettings = getattr(self._settings.request, stage)
        max_tokens = own.max_tokens or rendered.parameters["max_tokens"]
        assert isinstance(max_tokens, int)
        parameters = {**rendered.parameters, "max_tokens": max_tokens + self._settings.thinking_tokens}
        return parameters if own.temperature is None else {**parameters, "temperature": own.temperature}


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
