"""Takes in the answers to requests for vectors: stores them, and judges what they concern."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from selfinstruct.core.endpoint.responses import AnswerError, read_told
from selfinstruct.core.errors import EndpointUnusableError
from selfinstruct.core.events import CandidateAssessed, Event, RequestFailed, TasksEmbedded
from selfinstruct.core.pool.assessor import Assessor
from selfinstruct.core.requests.embedding_messages import TEXTS, read_vectors, texts_at_once
from selfinstruct.core.requests.intake import Decide
from selfinstruct.core.setting_names import setting
from selfinstruct.core.settings.model import Settings
from selfinstruct.core.settings.prices import Prices
from selfinstruct.db.records import Request, Usage
from selfinstruct.db.tables.vectors import NewVector
from selfinstruct.db.workspace import Workspace

_FAILURES_IN_A_ROW = 10
_REFUSALS_IN_A_ROW = 3
_TOO_MUCH = frozenset({400, 413, 422})
"""What endpoints answer when a request has more texts than they take, or a text that is too long."""

_ADVICE = (
    f"Check {setting('embeddings')} and {setting('embeddings_url')}, or go on without embeddings:"
    f' {setting("embeddings")} "".'
)
_ASKED_AGAIN = "Nothing is lost; what waits for its vector is asked about again."


@dataclass(frozen=True, slots=True)
class _Refusal:
    """A text that was refused alone; whether that is the text or the endpoint is not known yet."""

    request: Request
    last_planned: int
    """The last request that had been planned then: the endpoint may have gone wrong under way."""


class VectorIntake:
    """Takes in vectors for one workspace.

    A request that fails without a full answer lets its tasks be asked about again, by another request.
    """

    def __init__(
        self, workspace: Workspace, assessor: Assessor, settings: Settings, *, emit: Callable[[Event], None]
    ) -> None:
        self._workspace = workspace
        self._assessor = assessor
        self._settings = settings
        self._emit = emit
        self._failures = 0
        self._refusals: list[_Refusal] = []
        self._refused_in_a_row = 0
        self._given_up_at = 0
        """The last request that had been planned when the endpoint was found to refuse everything."""

    def take_in(self, request: Request, decide: Decide | None) -> None:
        """Read the vectors of an answer, judge whom they concern, and decide where `decide` is given.

        Raises:
            EndpointUnusableError: the answer holds something else, or nothing comes any more.
        """
        if request.state == "failed":
            self._failed(request)
            return
        stored = self._workspace.requests.answer(request.id)
        if request.state != "answered" or stored is None:
            return
        vectors, texts = self._workspace.vectors, request.prompt
        try:
            found = read_vectors(
                stored.body, len(texts), dimension=vectors.dimension(request.model, request.base_url)
            )
        except AnswerError as error:
            with self._workspace.transaction():
                self._settle(request, stored.attempt_id, stored.body)
                self._workspace.requests.fail(request.id, str(error))
            self._emit(RequestFailed(request.id, request.stage, str(error)))
            raise EndpointUnusableError(
                f"{request.model} at {request.base_url} does not answer as a model for embeddings does."
                f" {error} What it has answered is not asked for again by itself: t on the screen of requests"
                f" asks anew. {_ADVICE}"
            ) from None
        new = [
            NewVector(task_id, str(text), vector.tobytes())
            for task_id, text, vector in zip(request.in_context, texts, found, strict=True)
        ]
        with self._assessed() as events:
            self._settle(request, stored.attempt_id, stored.body)
            self._workspace.requests.parsed(request.id)
            embedded = vectors.store(
                new, model=request.model, base_url=request.base_url, request_id=request.id
            )
            borne_out = [one for one in self._refusals if one.last_planned < request.id]
            refused = [task_id for one in borne_out for task_id in self._store_refusal(one.request)]
            self._assessor.catch_up()
            self._assess([*refused, *embedded], decide, events)
            events.append(TasksEmbedded(request.id, len(embedded)))
        self._refusals = [one for one in self._refusals if one not in borne_out]
        self._failures = self._refused_in_a_row = 0

    def _assess(self, embedded: Iterable[int], decide: Decide | None, events: list[Event]) -> None:
        tasks = self._workspace.tasks
        concerned: set[int] = set()
        for task in tasks.get_many(embedded):
            if task.state == "pending":
                concerned.add(task.id)
            elif task.state == "accepted":
                concerned |= self._assessor.waiting_in_meaning(task.id)
        if decide is not None:
            # What has fallen meanwhile is not asked about any more, and nothing else would decide on it.
            concerned.update(tasks.fallen())
        free = set() if decide is None else tasks.are_to_decide(concerned)
        for task_id in sorted(concerned):
            before = tasks.get(task_id)
            assessment = self._assessor.assess_task(task_id, before.instruction)
            if assessment.verdict != before.verdict:
                events.append(CandidateAssessed(task_id, assessment.verdict))
            if decide is not None and task_id in free:
                decide(task_id, assessment, events.append)

    def _settle(self, request: Request, attempt_id: int, body: bytes) -> None:
        told = read_told(body)
        asked = self._settings.model_copy(update={"model": request.model, "base_url": request.base_url})
        # Vectors are no tokens: only the texts are counted.
        cost = Prices(asked).cost(told.prompt_tokens, 0)
        self._workspace.requests.settle(
            attempt_id, answered_by=told.model, usage=Usage(told.prompt_tokens, 0, cost)
        )

    def _failed(self, request: Request) -> None:
        sentence = request.error or ""
        self._emit(RequestFailed(request.id, request.stage, sentence))
        attempts = self._workspace.request_log.record(request.id).attempts
        if attempts and attempts[-1].http_status in _TOO_MUCH:
            self._refused(request, sentence)
            return
        self._workspace.vectors.release(request.in_context, request.id)
        self._failures += 1
        if self._failures >= _FAILURES_IN_A_ROW:
            raise EndpointUnusableError(
                f"{self._failures} requests for vectors in a row came to nothing. The last one: {sentence}"
            )

    def _refused(self, request: Request, sentence: str) -> None:
        """Ask for fewer at once; a single text that is refused goes without a vector.

        It may be the endpoint that is out of order. So a candidate falls only when a request that was
        planned later brings vectors.
        """
        workspace, texts = self._workspace, len(request.in_context)
        if request.id <= self._given_up_at:
            # It was under way when the endpoint was found to refuse all, and says nothing of its texts.
            workspace.vectors.release(request.in_context, request.id)
            return
        learned = workspace.settings.learned(request.base_url, request.model)
        fewer = str(min(texts_at_once(learned), texts // 2)) if texts > 1 else None
        workspace.settings.learn(request.base_url, request.model, {TEXTS: fewer})
        if texts > 1:
            workspace.vectors.release(request.in_context, request.id)
            return
        last_planned = workspace.requests.next_id() - 1
        self._refusals.append(_Refusal(request, last_planned))
        self._refused_in_a_row += 1
        is_known = workspace.vectors.dimension(request.model, request.base_url) is not None
        if not is_known or self._refused_in_a_row >= _REFUSALS_IN_A_ROW:
            self._given_up_at = last_planned
            self._take_back_refusals()
            raise EndpointUnusableError(
                f"{request.model} at {request.base_url} makes no vectors of texts. {sentence} {_ADVICE}"
                f" {_ASKED_AGAIN}"
            )
        if workspace.tasks.get(request.in_context[0]).state == "accepted":
            # It stands in any case, and without it nothing else would be asked for, nor said to pass.
            with self._assessor.step():
                self._store_refusal(request)

    def _store_refusal(self, request: Request) -> list[int]:
        vectors, task_id = self._workspace.vectors, request.in_context[0]
        if not vectors.is_asked_by(task_id, request.id):
            return []  # it is asked for another time
        without = NewVector(task_id, str(request.prompt[0]), b"")
        return vectors.store([without], model=request.model, base_url=request.base_url, request_id=request.id)

    def _take_back_refusals(self) -> None:
        """It is not the texts: whatever was refused is asked for again."""
        with self._assessed() as events:
            for request in (one.request for one in self._refusals):
                self._workspace.vectors.take_back_refusal(request.in_context[0], request.id)
                self._workspace.vectors.release(request.in_context, request.id)
                self._assess(request.in_context, None, events)
        self._refusals.clear()
        self._refused_in_a_row = 0

    @contextmanager
    def _assessed(self) -> Iterator[list[Event]]:
        """A step whose events are told once it is stored."""
        events: list[Event] = []
        with self._assessor.step():
            yield events
        for event in events:
            self._emit(event)
