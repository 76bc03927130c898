"""Processes responses: parses the stored bytes and stores the results in one transaction."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from selfinstruct.core.answer_schemas import RESPONSE_FORMAT
from selfinstruct.core.endpoint.answer_forms import PROMPTS, TEXT
from selfinstruct.core.endpoint.responses import Answer, AnswerError, read_answer, read_told
from selfinstruct.core.errors import EndpointUnusableError
from selfinstruct.core.events import (
    CandidateAssessed,
    CandidatesProposed,
    Event,
    RequestFailed,
    TaskClassified,
    TaskInstantiated,
)
from selfinstruct.core.method.instance_rules import keep_or_drop
from selfinstruct.core.method.parsing import (
    clean_instruction,
    parse_input_first,
    parse_label,
    parse_output_first,
    parse_proposals,
)
from selfinstruct.core.method.vocabulary import OwnNames
from selfinstruct.core.pool.assessor import Assessment, Assessor
from selfinstruct.core.setting_names import setting
from selfinstruct.core.settings.model import Settings
from selfinstruct.core.settings.prices import Prices
from selfinstruct.db.records import Request, StoredAnswer, Task, Usage
from selfinstruct.db.workspace import Workspace

if TYPE_CHECKING:
    from selfinstruct.core.requests.embedding_intake import VectorIntake

FAILURES_IN_A_ROW = 10

_MOST_PROPOSED = 500
"""Upper bound on tasks per response, far above the eight requested and what the token limit allows."""

Decide = Callable[[int, Assessment, Callable[[Event], None]], None]
"""Decides on a candidate inside the transaction that assessed it; passes events to its last argument."""


class Intake:
    """Processes the responses of one workspace.

    Args:
        workspace: The workspace that holds them.
        assessor: Assesses the candidates in them.
        prices: The prices of the model's tokens.
        settings: The settings of the requests.
        own: The field names of the user's own prompts.
        clock: Returns the time for what is stored.
        emit: Receives what happens, once it is stored.
    """

    def __init__(
        self,
        workspace: Workspace,
        assessor: Assessor,
        prices: Prices,
        settings: Settings,
        *,
        own: OwnNames,
        clock: Callable[[], str],
        emit: Callable[[Event], None],
    ) -> None:
        self._workspace = workspace
        self._assessor = assessor
        self._own = own
        self._prices = prices
        self._settings = settings
        self._vectors: VectorIntake | None = None
        self._clock = clock
        self._emit = emit
        self._failures = 0

    def take_in(self, request_id: int, decide: Decide | None = None) -> None:
        """Parse the stored response of a request and store the results.

        Candidates are assessed in order and, if `decide` is given, decided on one by one, so that each
        is compared with those accepted before it. A request that failed or was already processed changes
        nothing.

        Raises:
            EndpointUnusableError: Too many requests in a row produced nothing.
        """
        request = self._workspace.requests.get(request_id)
        if request.stage == "embed":
            self._vector_intake().take_in(request, decide)
            return
        stored = self._workspace.requests.answer(request_id)
        if request.state == "failed":
            self._failed(request, request.error or "")
        if request.state != "answered" or stored is None:
            return
        try:
            answer = read_answer(stored.body, request.api)
        except AnswerError as error:
            with self._workspace.transaction():
                self._settle(request, stored)
                self._workspace.requests.fail(request_id, str(error))
            self._failed(request, str(error))
            return
        events: list[Event] = []
        with self._assessor.step():
            self._settle(request, stored)
            self._workspace.requests.parsed(request_id)
            self._store(request, answer, decide, events)
        for event in events:
            self._emit(event)
        if any(isinstance(event, CandidatesProposed) and not event.candidates for event in events):
            # A valid response without tasks is still paid for, so it counts as a failure.
            self._came_to_nothing("Its answer holds no list of tasks.")
        else:
            self._failures = 0

    def look_ahead(self, request_id: int) -> Iterator[None]:
        """Look up the neighbours of the proposed tasks one at a time; `take_in` then finds them cached."""
        request, stored = self._workspace.requests.get(request_id), None
        if request.stage == "propose" and request.state == "answered" and self._assessor.is_ready:
            stored = self._workspace.requests.answer(request_id)
        if stored is None:
            return
        try:
            answer = read_answer(stored.body, request.api)
        except AnswerError:
            return
        for instruction in self._proposed(request, answer):
            yield
            self._assessor.look_up(instruction)

    def _vector_intake(self) -> "VectorIntake":
        if self._vectors is None:
            from selfinstruct.core.requests.embedding_intake import VectorIntake  # noqa: PLC0415 - only with embeddings

            self._vectors = VectorIntake(self._workspace, self._assessor, self._settings, emit=self._emit)
        return self._vectors

    def _settle(self, request: Request, stored: StoredAnswer) -> None:
        told = read_told(stored.body)
        cost = self._prices.cost(told.prompt_tokens, told.completion_tokens)
        self._workspace.requests.settle(
            stored.attempt_id,
            answered_by=told.model,
            usage=Usage(told.prompt_tokens, told.completion_tokens, cost),
        )
        self._note_form(request, stored)

    def _note_form(self, request: Request, stored: StoredAnswer) -> None:
        """Note that prompts should ask for text, once an endpoint has answered without a request for JSON.

        Noted here and not at the refusal: requests are planned between two responses, so that the prompt of
        each does not depend on when a refusal arrives.
        """
        if self._settings.answers != "auto" or RESPONSE_FORMAT not in request.parameters:
            return
        settings = self._workspace.settings
        if RESPONSE_FORMAT not in stored.parameters and (
            PROMPTS not in settings.learned(request.base_url, request.model)
        ):
            settings.learn(request.base_url, request.model, {PROMPTS: TEXT})

    def _failed(self, request: Request, sentence: str) -> None:
        self._emit(RequestFailed(request.id, request.stage, sentence))
        self._came_to_nothing(sentence)

    def _came_to_nothing(self, sentence: str) -> None:
        self._failures += 1
        if self._failures >= FAILURES_IN_A_ROW:
            raise EndpointUnusableError(
                f"{self._failures} requests in a row produced nothing. The last one: {sentence} The answers"
                f" are on the Requests screen; check {setting('model')}, {setting('base_url')} and"
                f" {setting('api')}."
            )

    def _store(self, request: Request, answer: Answer, decide: Decide | None, events: list[Event]) -> None:
        if request.task_id is None:
            self._store_candidates(request, answer, decide, events)
            return
        task = self._workspace.tasks.get(request.task_id)
        if request.stage == "classify":
            # A person may have labelled or edited the task in the meantime; that takes precedence.
            if task.label is None and task.instruction == request.instruction:
                label = parse_label(answer.text, self._assessor.language.code, own=self._own)
                self._workspace.tasks.set_label(task.id, label)
                events.append(TaskClassified(task.id, label))
        else:
            self._store_instances(request, task, answer, events)

    def _store_instances(self, request: Request, task: Task, answer: Answer, events: list[Event]) -> None:
        assert request.instruction is not None
        assert request.label is not None
        instances = self._workspace.instances
        if not request.more and instances.are_answered(task.id, request.instruction, request.label):
            return
        parse = parse_output_first if request.label == "classification" else parse_input_first
        there = instances.of_wording(task.id, request.instruction, request.label)
        parsed = parse(answer.text, self._assessor.language.code, own=self._own)
        made = keep_or_drop(parsed, cut=answer.cut, besides=there)
        instances.add(task.id, request.instruction, request.label, made, request_id=request.id)
        if not request.more and (task.instruction, task.label) == (request.instruction, request.label):
            # The task may have been edited and restored while the request was in flight.
            self._workspace.tasks.assign(task.id, stage="instantiate", request_id=request.id)
        kept = sum(instance.state == "kept" for instance in made)
        events.append(TaskInstantiated(task.id, kept, len(made) - kept))

    def _store_candidates(
        self, request: Request, answer: Answer, decide: Decide | None, events: list[Event]
    ) -> None:
        proposed = self._proposed(request, answer)
        for instruction in proposed:
            task_id = self._workspace.tasks.add(
                instruction,
                origin="model",
                at=self._clock(),
                batch=request.batch,
                request_id=request.id,
                held=request.held,
            )
            assessment = self._assessor.assess_task(task_id, instruction)
            events.append(CandidateAssessed(task_id, assessment.verdict))
            if decide is not None and not request.held:
                decide(task_id, assessment, events.append)
        events.append(CandidatesProposed(request.id, request.batch, len(proposed)))

    def _proposed(self, request: Request, answer: Answer) -> list[str]:
        """Parse the proposed instructions from a response, cleaned."""
        proposed = parse_proposals(
            answer.text,
            cut=answer.cut,
            continues_item=request.api == "completions",
            language=self._assessor.language.code,
            own=self._own,
        )
        return [clean_instruction(text) for text in proposed[:_MOST_PROPOSED]]
