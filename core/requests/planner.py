"""What to ask the model next: writes requests down, and takes over those that others have left."""

import random
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import get_args

from selfinstruct.core.endpoint.client import prompt_bytes
from selfinstruct.core.errors import EndpointUnusableError, RequestRefusedError, SettingsError
from selfinstruct.core.method.prompts import Example, PromptWriter, RenderedPrompt
from selfinstruct.core.pool.assessor import Assessor
from selfinstruct.core.requests.sender import CostLimitError
from selfinstruct.core.setting_names import setting
from selfinstruct.core.settings.model import Settings
from selfinstruct.core.settings.prices import Prices, rounded_up
from selfinstruct.db.records import NewRequest, Prompt, Request, Stage, Task
from selfinstruct.db.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Room:
    """What the cost limit has no room for, and which one has; all are rounded up to be easily read."""

    at_most_usd: float
    """What the request that was wanted can cost at most, in USD."""
    limit_usd: float
    """The cost limit from which there is room for it, in USD."""
    for_all_usd: float
    """The one from which there is room also for all that accepted tasks still wait for, in USD."""


@dataclass(frozen=True, slots=True)
class LeftOver:
    """What was unfinished when nothing was under way."""

    taken_over: list[int]
    """The requests to go on with, oldest first."""
    given_up: list[Request]
    """Those that cannot be sent as they were planned; they have failed."""


class Planner:
    """Plans the requests of one workspace. Each method writes before it returns.

    Every method that plans a request raises CostLimitError, and writes nothing, when the request could
    exceed the cost limit that the workspace has then; and SettingsError, when there is a limit and no price.

    Args:
        workspace: Where requests are written.
        settings: Whom to ask, and how.
        judging: The pool that prompts are drawn from.
        prices: What requests cost.
        clock: The present time as ISO 8601 text.
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
        self._clock = clock
        self._prompts = PromptWriter(
            settings.api,
            _examples(workspace),
            random.Random(settings.rng_seed),
            settings.prompts,
            settings.language,
        )
        self._prompts.try_all()

    def new_batch(self) -> int:
        """The number of a batch that nobody has begun; it is taken once a request has it."""
        return self._workspace.requests.last_batch() + 1

    def propose(self, batch: int, *, held: bool = True) -> int:
        """Plan a request for new tasks; `held` leaves the decisions to a person. Returns its id."""
        with self._assessor.step():
            # Chance depends on the seed and the place of the request, so that a run can be repeated.
            rng = random.Random(f"{self._settings.rng_seed}/{self._workspace.requests.next_id()}")
            clf_only = self._settings.clf_only
            shown = self._assessor.sample(rng, classification_only=clf_only)
            prompt = self._prompts.propose(shown, classification_only=clf_only)
            return self._write("propose", prompt, batch=batch, task=None, held=held)

    def classify(self, task_id: int) -> int:
        """Plan a request for a task's label; returns its id."""
        task = self._workspace.tasks.get(task_id)
        return self._write("classify", self._prompts.classify(task.instruction), batch=task.batch, task=task)

    def instantiate(self, task_id: int) -> int:
        """Plan a request for a task's instances; returns its id."""
        task = self._workspace.tasks.get(task_id)
        prompt = self._prompts.instantiate(task.instruction, output_first=task.label == "classification")
        return self._write("instantiate", prompt, batch=task.batch, task=task)

    def more_instances(self, task_id: int) -> int:
        """Plan a request for instances besides those that a task has; returns its id.

        A task whose instances nobody has asked for yet, or in vain, gets its first ones.

        Raises:
            RequestRefusedError: it is not in the pool, its label is not clear, or a request for its
                instances is under way.
        """
        requests = self._workspace.requests
        with self._workspace.transaction():
            task = self._workspace.tasks.get(task_id)
            objection = self._objection_to_more(task)
            if objection is not None:
                raise RequestRefusedError(objection)
            asked = task.instantiate_request_id
            if asked is None:
                return self.instantiate(task_id)
            prompt = self._prompts.instantiate(
                task.instruction,
                output_first=task.label == "classification",
                anew=random.Random(f"{self._settings.rng_seed}/{requests.next_id()}"),
            )
            more = requests.get(asked).state != "failed"
            return self._write("instantiate", prompt, batch=task.batch, task=task, more=more)

    def _objection_to_more(self, task: Task) -> str | None:
        if task.origin == "seed":
            return f"Task {task.id} is a seed; seeds stay as they are."
        if task.state != "accepted":
            return f"Task {task.id} is not in the pool. Accept it first."
        if task.label not in {"classification", "generation"}:
            return "Its label is not clear yet, and the model is asked differently for each label."
        if self._workspace.requests.are_instances_under_way(task.id):
            return f"The model is being asked for instances of task {task.id} already."
        return None

    def next_of_pool(self, *, but: Collection[int] = ()) -> int | None:
        """Plan the next request that a task of the workspace is in need of; None when there is none.

        Args:
            but: Tasks whose instances are not to be asked for now.
        """
        with self._workspace.transaction():
            if (request_id := self.embed()) is not None:
                return request_id
            if (task_id := self._workspace.tasks.to_instantiate(but=but)) is not None:
                return self.instantiate(task_id)
            if (task_id := self._workspace.tasks.to_classify()) is not None:
                return self.classify(task_id)
        return None

    def embed(self) -> int | None:
        """Plan a request for vectors that are lacking: of the pool, or else of one answer's candidates.

        Returns its id, or None when nothing is compared by meaning or none is lacking.

        Raises:
            SettingsError: another program has given the workspace another model for embeddings.
            EndpointUnusableError: there are more vectors than can be compared here.
        """
        asked, vectors = self._embeddings, self._workspace.vectors
        if asked is None:
            return None
        from selfinstruct.core.requests.embedding_messages import request_for, texts_at_once  # noqa: PLC0415 - see Judge

        if self._assessor.unusable is not None:
            raise EndpointUnusableError(self._assessor.unusable)
        with self._workspace.transaction():
            self._require_in_use(asked)
            learned = self._workspace.settings.learned(asked.address, asked.model)
            wanted = vectors.unembedded(texts_at_once(learned))
            if not wanted:
                return None
            request = request_for(wanted, asked)
            reserved = self._reserve(request.prompt, 0, Prices(asked))
            request_id = self._workspace.requests.plan(
                replace(request, reserved_usd=reserved), run_id=self._workspace.run_id, at=self._clock()
            )
            vectors.assign(request.in_context, request_id)
        return request_id

    def _require_in_use(self, asked: Settings) -> None:
        if not self._workspace.vectors.is_in_use:
            model, address = self._workspace.vectors.in_use() or ("none", "none")
            raise SettingsError(
                f"Another program compares the tasks of this workspace by meaning with {model} at {address},"
                f" and this one would with {asked.model} at {asked.address}. A workspace has one model for"
                f" that at a time: start again to go on with theirs, or with {setting('embeddings')} to go"
                " back to this."
            )

    def covers_accepted(self) -> bool:
        """Whether the cost limit leaves room for all that accepted tasks still wait for.

        That is their vectors, labels and instances.
        """
        limit = self._limit()
        return limit is None or self._workspace.requests.charged_usd() + self._cost_of_accepted() <= limit

    def room_for(self, refused: CostLimitError) -> Room | None:
        """Which cost limit lets work go on after this one has refused a request.

        None when there is no limit any more, when nobody knows what the request costs, or when there is
        room by now: what was under way may have cost less than was reserved for it.
        """
        limit = self._limit()
        if limit is None or refused.at_most_usd is None:
            return None
        charged, at_most = self._workspace.requests.charged_usd(), refused.at_most_usd
        enough = charged if refused.is_charged else charged + at_most
        if enough <= limit:
            return None
        for_all = max(enough, charged + self._cost_of_accepted())
        return Room(rounded_up(at_most), rounded_up(enough), rounded_up(for_all))

    def _cost_of_accepted(self) -> float:
        """USD that all can cost at most that accepted tasks still wait for."""
        tasks, cost = self._workspace.tasks, self._cost_of_vectors()
        # The prompts differ in the instruction only.
        for (number, length), prompt in (
            (tasks.awaiting_instances(), self._prompts.instantiate("", output_first=False)),
            (tasks.awaiting_label(), self._prompts.classify("")),
        ):
            max_tokens = prompt.parameters["max_tokens"]
            assert isinstance(max_tokens, int)
            max_tokens += self._settings.thinking_tokens
            cost += number * (self._prices.at_most(prompt_bytes(prompt.prompt), max_tokens) or 0.0)
            cost += self._prices.cost(length, 0) or 0.0
        return cost

    def _cost_of_vectors(self) -> float:
        """USD that the vectors of the pool can cost at most that nobody has asked for."""
        if self._embeddings is None:
            return 0.0
        count, length = self._workspace.vectors.unembedded_of_pool()
        return Prices(self._embeddings).at_most(length, 0) or 0.0 if count else 0.0

    def has_work_for(self, requests: int) -> bool:
        """Whether so many tasks, or more, wait to be asked about; one without a vector is enough."""
        lacks_vector = self._embeddings is not None and bool(self._workspace.vectors.unembedded(1))
        return lacks_vector or self._workspace.tasks.count_unasked(requests) >= requests

    def is_idle(self) -> bool:
        """Whether no task waits to be asked about."""
        return not self.has_work_for(1)

    def left_over(self, *, resend: bool) -> LeftOver:
        """Take over what is unfinished; for when nothing is under way.

        That is what programs that are gone have left, and what this one has planned and not sent. Requests
        in doubt are among them when they cost nothing, or when `resend` says so. Those of another endpoint
        are not: if never sent, they are given up, and their tasks are free to be asked about again.
        """
        doubtful = get_args(Stage) if resend else self._settings.free_stages
        left_over = LeftOver([], [])
        requests = self._workspace.requests
        with self._workspace.transaction():
            for request in requests.left_over(
                run_id=self._workspace.run_id, states=("planned", "answered"), doubtful=doubtful
            ):
                why = None if request.state == "answered" else self._why_not_as_planned(request)
                if why is None:
                    left_over.taken_over.append(request.id)
                elif request.state == "planned":
                    requests.fail(request.id, why)
                    left_over.given_up.append(request)
            if self._embeddings is not None:
                self._workspace.vectors.release_failed()
            self._workspace.tasks.release_unanswered()
        return left_over

    def _why_not_as_planned(self, request: Request) -> str | None:
        if not self.is_ours(request):
            return "It was planned for another endpoint."
        if request.reserved_usd is None and self._limit() is not None:
            return "It was planned without a price, and now there is a cost limit."
        return None

    def is_ours(self, request: Request) -> bool:
        """Whether a request is for the model, the address and the API that are asked now."""
        if request.stage == "embed":
            asked = self._embeddings
            return (
                asked is not None
                and (request.model, request.base_url) == (asked.model, asked.address)
                and self._workspace.vectors.is_in_use
            )
        return (request.model, request.base_url, request.api) == (
            self._settings.model,
            self._settings.address,
            self._settings.api,
        )

    def send_again(self, request: Request) -> int:
        """Plan a request again that has failed or is in doubt, with the same prompt and parameters.

        One with a stored answer, and one that was for another endpoint, is asked anew, as a request of
        its own. Returns the id of the request that is to be sent.

        Raises:
            RequestRefusedError: another program has taken it on meanwhile.
        """
        requests = self._workspace.requests
        with self._workspace.transaction():
            reserved = self._reserve_again(request)
            request_id = request.id
            if self.would_ask_anew(request):
                request_id = requests.plan(
                    self._for_endpoint(request, reserved),
                    run_id=self._workspace.run_id,
                    at=self._clock(),
                    instead_of=request.id,
                )
            elif not requests.plan_again(request.id, reserved_usd=reserved, run_id=self._workspace.run_id):
                raise RequestRefusedError(f"Another program has taken on request {request.id} meanwhile.")
            if request.stage == "embed":
                lacking = self._workspace.vectors.lacking(request.in_context, request.id)
                self._workspace.vectors.assign(lacking, request_id)
            elif request.task_id is not None and not request.more:
                self._workspace.tasks.assign(request.task_id, stage=request.stage, request_id=request_id)
        return request_id

    def _reserve_again(self, request: Request) -> float | None:
        if request.stage == "embed":
            assert self._embeddings is not None
            return self._reserve(request.prompt, 0, Prices(self._embeddings))
        max_tokens = request.parameters["max_tokens"]
        assert isinstance(max_tokens, int)
        return self._reserve(request.prompt, max_tokens, self._prices)

    def _for_endpoint(self, request: Request, reserved: float | None) -> Request:
        if request.stage == "embed":
            return replace(request, reserved_usd=reserved)
        return replace(
            request, model=self._settings.model, base_url=self._settings.address, reserved_usd=reserved
        )

    def would_ask_anew(self, request: Request) -> bool:
        """Whether sending a request again means a request of its own."""
        return not self.is_ours(request) or self._workspace.requests.answer(request.id) is not None

    def _reserve(self, prompt: Prompt, max_tokens: int, prices: Prices) -> float | None:
        """USD that a request can cost at most, if the limit leaves room for it; None when not known.

        The limit is the workspace's, and read in the transaction that reserves: any program may change it.
        """
        reserved, limit = prices.at_most(prompt_bytes(prompt), max_tokens), self._limit()
        if limit is not None:
            prices.require_known()
            if self._workspace.requests.charged_usd() + (reserved or 0.0) > limit:
                raise CostLimitError(reserved)
        return reserved

    def _limit(self) -> float | None:
        return self._workspace.settings.cost_limit()

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
        max_tokens = rendered.parameters["max_tokens"]
        assert isinstance(max_tokens, int)
        max_tokens += self._settings.thinking_tokens
        with self._workspace.transaction():
            reserved = self._reserve(rendered.prompt, max_tokens, self._prices)
            request_id = self._workspace.requests.plan(
                NewRequest(
                    stage=stage,
                    batch=batch or 0,
                    task_id=task.id if task else None,
                    model=self._settings.model,
                    base_url=self._settings.address,
                    prompt=rendered.prompt,
                    parameters={**rendered.parameters, "max_tokens": max_tokens},
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
