"""Processes responses: parses the stored bytes and stores the results in one transaction."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from selfinstruct.core.answer_schemas import RESPONSE_FORMAT
from selfinstruct.core.endpoint.answer_forms import FORM, PROMPTS, TEXT
from selfinstruct.core.endpoint.context_limit import (
    SHOWN,
    fewer_in_context,
    in_context_at_most,
    is_too_long,
)
from selfinstruct.core.endpoint.responses import (
    Answer,
    AnswerError,
    NoCompletionError,
    NoTextError,
    Told,
    read_error,
    read_told,
)
from selfinstruct.core.events import (
    CandidateAssessed,
    CandidatesProposed,
    EndpointWarned,
    Event,
    RequestFailed,
    TaskClassified,
    TaskInstantiated,
)
from selfinstruct.core.filtering.candidate import Candidate
from selfinstruct.core.filtering.registry import BUILT_IN
from selfinstruct.core.method.thoughts import spoken
from selfinstruct.core.pool.assessor import Assessment, Assessor
from selfinstruct.core.requests.answer_reader import AnswerReader, answer_to
from selfinstruct.core.requests.prompt_size import prompt_bytes
from selfinstruct.core.requests.stage_failures import StageFailures
from selfinstruct.core.requests.truncation import truncation
from selfinstruct.core.setting_names import setting
from selfinstruct.core.settings.model import Settings
from selfinstruct.core.settings.prices import Prices
from selfinstruct.db.records import NewInstance, Request, StoredAnswer, Task, Usage
from selfinstruct.db.workspace import Workspace

if TYPE_CHECKING:
    from selfinstruct.core.requests.embedding_intake import VectorIntake

_LONGEST_QUOTED = 60
_AN_ANSWER = Answer("9. Name three rivers.", cut=False)

Decide = Callable[[int, Assessment, Callable[[Event], None]], None]
"""Decides on a candidate inside the transaction that assessed it; passes events to its last argument."""


class Intake:
    """Processes the responses of one workspace.

    Args:
        workspace: The workspace that holds them.
        assessor: Assesses the candidates in them.
        prices: The prices of the model's tokens.
        settings: The settings of the requests.
        reader: Reads the answers.
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
        reader: AnswerReader,
        clock: Callable[[], str],
        emit: Callable[[Event], None],
    ) -> None:
        self._workspace = workspace
        self._assessor = assessor
        self._reader = reader
        self._prices = prices
        self._settings = settings
        self._vectors: VectorIntake | None = None
        self._clock = clock
        self._emit = emit
        self.failures = StageFailures()
        """The requests that produced nothing, by stage."""
        self._has_warned = settings.is_offline

    def take_in(self, request_id: int, decide: Decide | None = None) -> None:
        """Parse the stored response of a request and store the results.

        Candidates are assessed in order and, if `decide` is given, decided on one by one, so that each
        is compared with those accepted before it. A request that failed or was already processed changes
        nothing.

        Raises:
            EndpointUnusableError: Too many requests in a row, of one stage or of all, produced nothing.
        """
        request = self._workspace.requests.get(request_id)
        if request.stage == "embed":
            self._vector_intake().take_in(request, decide)
            return
        stored = self._workspace.requests.answer(request_id)
        if request.state == "failed":
            if (goes_on := self._show_fewer(request)) is None:
                self._failed(request, request.error or "")
            else:
                # The request differs from now on, so that its failure says nothing about the next one.
                self._emit(RequestFailed(request.id, request.stage, f"{request.error} {goes_on}"))
        if request.state != "answered" or stored is None:
            return
        try:
            answer = answer_to(request, stored.body)
        except AnswerError as error:
            with self._workspace.transaction():
                self._settle(request, stored)
                self._workspace.requests.fail(request_id, str(error))
            self._failed(request, str(error), foreign=isinstance(error, NoCompletionError | NoTextError))
            return
        events: list[Event] = []
        with self._assessor.step() if request.task_id is None else self._workspace.savepoint():
            told = self._settle(request, stored)
            self._workspace.requests.parsed(request_id)
            useless = self._store(request, answer, decide, events)
        for event in events:
            self._emit(event)
        if not self._has_warned and (warning := truncation(request, told.prompt_tokens)) is not None:
            self._has_warned = True
            self._emit(EndpointWarned(warning))
        if useless:
            self.failures.useless(request.stage, useless, cut=answer.at_token_limit)
        else:
            self.failures.produced(request.stage)

    def prepare(self) -> None:
        """Load the parsers and the rules of our filters, which the first answer would wait for.

        It reads and writes nothing else, so it can run in a thread; a filter of a plugin may not.
        """
        for instruction in self._reader.tasks(_AN_ANSWER, "chat"):
            candidate = Candidate(instruction, self._assessor.language)
            for one in BUILT_IN:
                one.check(candidate, self._assessor.filters)

    def look_ahead(self, request_id: int) -> Iterator[None]:
        """Look up the neighbours of the proposed tasks one at a time; `take_in` then finds them cached."""
        request, stored = self._workspace.requests.get(request_id), None
        if request.stage == "propose" and request.state == "answered" and self._assessor.is_ready:
            stored = self._workspace.requests.answer(request_id)
        if stored is None:
            return
        try:
            answer = answer_to(request, stored.body)
        except AnswerError:
            return
        for instruction in self._reader.tasks(answer, request.api):
            yield
            self._assessor.look_up(instruction)

    def _vector_intake(self) -> "VectorIntake":
        if self._vectors is None:
            from selfinstruct.core.requests.embedding_intake import VectorIntake  # noqa: PLC0415 - only with embeddings

            self._vectors = VectorIntake(self._workspace, self._assessor, self._settings, emit=self._emit)
        return self._vectors

    def _settle(self, request: Request, stored: StoredAnswer) -> Told:
        told = read_told(stored.body)
        cost = self._prices.of(request.stage).cost(told.prompt_tokens, told.completion_tokens, at=stored.at)
        if cost is not None:
            cost *= stored.price
        self._workspace.requests.settle(
            stored.attempt_id,
            answered_by=told.model,
            usage=Usage(told.prompt_tokens, told.completion_tokens, cost),
        )
        self._note_form(request, stored)
        return told

    def _note_form(self, request: Request, stored: StoredAnswer) -> None:
        """Note that prompts should ask for text, once a model that refused JSON has answered without it.

        Noted here and not at the refusal: requests are planned between two responses, so that the prompt of
        each does not depend on when a refusal arrives.
        """
        if self._settings.answers != "auto" or RESPONSE_FORMAT not in request.parameters:
            return
        if RESPONSE_FORMAT in stored.parameters:
            return
        settings = self._workspace.settings
        learned = settings.learned(request.base_url, request.model)
        # The user may have left it out as well.
        if learned.get(FORM) == TEXT and PROMPTS not in learned:
            settings.learn(request.base_url, request.model, {PROMPTS: TEXT})

    def _failed(self, request: Request, sentence: str, *, foreign: bool = False) -> None:
        self._emit(RequestFailed(request.id, request.stage, sentence))
        self.failures.failed(request.stage, sentence, foreign=foreign)

    def _show_fewer(self, request: Request) -> str | None:
        """Show half as many tasks or examples if a prompt was too long, and ask about its task again.

        Returns what follows, as a sentence; None if a shorter prompt is not the remedy.
        """
        attempts = self._workspace.request_log.record(request.id).attempts
        last = attempts[-1] if attempts else None
        if last is None or not is_too_long(last.http_status, read_error(last.body or b"")):
            return None
        if 2 * len(request.instruction or "") > prompt_bytes(request.prompt):
            return None  # the prompts of other tasks are shorter
        settings, shown = self._workspace.settings, len(request.in_context)
        at_most = in_context_at_most(settings.learned(request.base_url, request.model), request.stage)
        fewer = fewer_in_context(shown, request.stage)
        with self._workspace.transaction():
            # Requests in flight together are all too long for the same reason.
            if at_most is None or at_most >= shown:
                if fewer is None:
                    return None
                settings.learn(request.base_url, request.model, {SHOWN[request.stage]: str(fewer)})
            if request.task_id is None:
                return "The next prompts show fewer tasks."
            if not request.more:
                self._workspace.tasks.release(request.task_id, stage=request.stage, request_id=request.id)
        return "The next prompts show fewer examples."

    def _store(
        self, request: Request, answer: Answer, decide: Decide | None, events: list[Event]
    ) -> str | None:
        """Store what is in an answer; returns why it is useless, as a sentence, if it is."""
        if request.task_id is None:
            return self._store_candidates(request, answer, decide, events)
        task = self._workspace.tasks.get(request.task_id)
        if request.stage == "classify":
            return self._store_label(request, task, answer, events)
        return self._store_instances(request, task, answer, events)

    def _store_label(self, request: Request, task: Task, answer: Answer, events: list[Event]) -> str | None:
        label = self._reader.label(answer)
        # A person may have labelled or edited the task in the meantime; that takes precedence.
        if task.label is None and task.instruction == request.instruction:
            self._workspace.tasks.set_label(task.id, label)
            events.append(TaskClassified(task.id, label))
        return _about_unclear(answer.text) if label == "unknown" else None

    def _store_instances(
        self, request: Request, task: Task, answer: Answer, events: list[Event]
    ) -> str | None:
        assert request.instruction is not None
        assert request.label is not None
        instances = self._workspace.instances
        if not request.more and instances.are_answered(task.id, request.instruction, request.label):
            return None
        there = instances.of_wording(task.id, request.instruction, request.label)
        made = self._reader.instances(answer, request.label, instruction=request.instruction, besides=there)
        instances.add(task.id, request.instruction, request.label, made, request_id=request.id)
        if not request.more and (task.instruction, task.label) == (request.instruction, request.label):
            # The task may have been edited and restored while the request was in flight.
            self._workspace.tasks.assign(task.id, stage="instantiate", request_id=request.id)
        kept = sum(instance.state == "kept" for instance in made)
        events.append(TaskInstantiated(task.id, kept, len(made) - kept))
        # Of a task that has instances, a model may well have no others to tell.
        has_kept = kept or any(instance.state == "kept" for instance in there)
        return None if has_kept else _about_none_kept(made)

    def _store_candidates(
        self, request: Request, answer: Answer, decide: Decide | None, events: list[Event]
    ) -> str | None:
        proposed = self._reader.tasks(answer, request.api)
        for instruction in proposed:
            task_id, assessment = self._assessor.add_candidate(
                instruction,
                at=self._clock(),
                batch=request.batch,
                request_id=request.id,
                held=request.held,
            )
            events.append(CandidateAssessed(task_id, assessment.verdict))
            if decide is not None and not request.held:
                decide(task_id, assessment, events.append)
        events.append(CandidatesProposed(request.id, request.batch, len(proposed)))
        if proposed:
            return None
        as_json = RESPONSE_FORMAT in request.parameters
        hint = f" It was asked for JSON; {setting('answers')} text asks for plain text." if as_json else ""
        return f"Its answer holds no list of tasks.{hint}"


def _about_unclear(text: str) -> str:
    said = " ".join(spoken(text).split())
    if not said:
        return "Its answer is empty."
    quoted = said if len(said) <= _LONGEST_QUOTED else f"{said[:_LONGEST_QUOTED]}…"
    return f"Its answer is no clear label: “{quoted}”."


def _about_none_kept(made: Sequence[NewInstance]) -> str:
    why = next((instance.reason.sentence for instance in made if instance.reason), None)
    return f"No instance of its answer was kept. {why}" if why else "Its answer holds no instance."
