"""Processes embedding responses: stores the vectors and assesses the candidates that they affect."""

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
from selfinstruct.db.records import Request, StoredAnswer, Usage
from selfinstruct.db.tables.vectors import NewVector
from selfinstruct.db.workspace import Workspace

_FAILURES_IN_A_ROW = 10
_REFUSALS_IN_A_ROW = 3
_TOO_MUCH = frozenset({400, 413, 422})
"""HTTP statuses for a request with too many texts, or with a text that is too long."""

_ADVICE = (
    f"Check {setting('embeddings')} and {setting('embeddings_url')}, or continue without embeddings:"
    f' {setting("embeddings")} "".'
)
_ASKED_AGAIN = "Nothing is lost; missing vectors are requested again."


@dataclass(frozen=True, slots=True)
class _Refusal:
    """A text that was refused alone; whether that is the text or the endpoint is not known yet."""

    request: Request
    last_planned: int
    """The last request that had been planned then: the endpoint may have gone wrong under way."""


class VectorIntake:
    """Processes the embedding responses of one workspace.

    When a request fails without a complete response, its tasks are released for another request.
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
        """The last request planned before the endpoint turned out to refuse everything."""

    def take_in(self, request: Request, decide: Decide | None) -> None:
        """Store the vectors of a response, assess the candidates affected, and decide if `decide` is given.

        Raises:
            EndpointUnusableError: The response holds no usable vectors, or too many requests failed in a row.
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
                self._settle(request, stored)
                self._workspace.requests.fail(request.id, str(error))
            self._emit(RequestFailed(request.id, request.stage, str(error)))
            raise EndpointUnusableError(
                f"{request.model} at {request.base_url} does not answer like an embedding model."
                f" {error} The request is not resent automatically: resend it on the Requests screen."
                f" {_ADVICE}"
            ) from None
        new = [
            NewVector(task_id, str(text), vector.tobytes())
            for task_id, text, vector in zip(request.in_context, texts, found, strict=True)
        ]
        with self._assessed() as events:
            self._settle(request, stored)
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
            # Candidates that failed the filters in the meantime get no vector, so nothing else decides them.
            concerned.update(tasks.filtered_out())
        free = set() if decide is None else tasks.are_to_decide(concerned)
        for task_id in sorted(concerned):
            before = tasks.get(task_id)
            assessment = self._assessor.assess_task(task_id, before.instruction)
            if assessment.verdict != before.verdict:
                events.append(CandidateAssessed(task_id, assessment.verdict))
            if decide is not None and task_id in free:
                decide(task_id, assessment, events.append)

    def _settle(self, request: Request, stored: StoredAnswer) -> None:
        told = read_told(stored.body)
        asked = self._settings.model_copy(update={"model": request.model, "base_url": request.base_url})
        # Embeddings have no completion tokens: only the input is billed.
        cost = Prices(asked).cost(told.prompt_tokens, 0, at=stored.at)
        self._workspace.requests.settle(
            stored.attempt_id, answered_by=told.model, usage=Usage(told.prompt_tokens, 0, cost)
        )

    # Another program's lock makes a step run again: its writes come first, then what it counts and emits.

    def _failed(self, request: Request) -> None:
        sentence = request.error or ""
        attempts = self._workspace.request_log.record(request.id).attempts
        if attempts and attempts[-1].http_status in _TOO_MUCH:
            self._refused(request, sentence)
            return
        self._workspace.vectors.release(request.in_context, request.id)
        self._failures += 1
        self._emit(RequestFailed(request.id, request.stage, sentence))
        if self._failures >= _FAILURES_IN_A_ROW:
            raise EndpointUnusableError(
                f"{self._failures} embedding requests in a row failed. The last one: {sentence}"
            )

    def _refused(self, request: Request, sentence: str) -> None:
        """Halve the number of texts per request; a single refused text goes without a vector.

        The endpoint itself may be at fault, so a refusal takes effect only once a request that was planned
        later returns vectors.
        """
        workspace, texts = self._workspace, len(request.in_context)
        # In flight when the endpoint turned out to refuse everything, it says nothing about the text.
        says_nothing = request.id <= self._given_up_at
        if says_nothing or texts > 1:
            with workspace.transaction():
                workspace.vectors.release(request.in_context, request.id)
                if not says_nothing:
                    self._learn_texts_at_once(request, texts // 2)
            self._emit(RequestFailed(request.id, request.stage, sentence))
            return
        refusal = _Refusal(request, last_planned=workspace.requests.next_id() - 1)
        with self._assessed() as events:
            events.append(RequestFailed(request.id, request.stage, sentence))
            self._learn_texts_at_once(request, None)
            is_known = workspace.vectors.dimension(request.model, request.base_url) is not None
            is_unusable = not is_known or self._refused_in_a_row + 1 >= _REFUSALS_IN_A_ROW
            if is_unusable:
                self._take_back([*self._refusals, refusal], events)
            elif workspace.tasks.get(request.in_context[0]).state == "accepted":
                # It stays in the pool anyway, and a missing vector there would hold up every candidate.
                self._store_refusal(request)
        if not is_unusable:
            self._refusals.append(refusal)
            self._refused_in_a_row += 1
            return
        self._given_up_at = refusal.last_planned
        self._refusals.clear()
        self._refused_in_a_row = 0
        raise EndpointUnusableError(
            f"{request.model} at {request.base_url} does not return embeddings. {sentence} {_ADVICE}"
            f" {_ASKED_AGAIN}"
        )

    def _learn_texts_at_once(self, request: Request, most: int | None) -> None:
        """Lower the number of texts per request; None sets it back."""
        settings = self._workspace.settings
        if most is not None:
            most = min(texts_at_once(settings.learned(request.base_url, request.model)), most)
        settings.learn(request.base_url, request.model, {TEXTS: None if most is None else str(most)})

    def _store_refusal(self, request: Request) -> list[int]:
        vectors, task_id = self._workspace.vectors, request.in_context[0]
        if not vectors.is_asked_by(task_id, request.id):
            return []  # another request has taken it over
        without = NewVector(task_id, str(request.prompt[0]), b"")
        return vectors.store([without], model=request.model, base_url=request.base_url, request_id=request.id)

    def _take_back(self, refusals: Iterable[_Refusal], events: list[Event]) -> None:
        """Release refused texts for new requests: the endpoint was at fault, not the texts."""
        for request in (one.request for one in refusals):
            self._workspace.vectors.take_back_refusal(request.in_context[0], request.id)
            self._workspace.vectors.release(request.in_context, request.id)
            self._assess(request.in_context, None, events)

    @contextmanager
    def _assessed(self) -> Iterator[list[Event]]:
        """An assessor step whose events are emitted after it is committed."""
        events: list[Event] = []
        with self._assessor.step():
            yield events
        for event in events:
            self._emit(event)
