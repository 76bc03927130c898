"""Resends requests that failed or are in doubt, when a person asks for it."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from selfinstruct.core.engine import Engine
from selfinstruct.core.errors import RequestRefusedError
from selfinstruct.db.records import Request


@dataclass(frozen=True, slots=True)
class Resent:
    """The result of asking for requests to be resent."""

    taken_on: tuple[int, ...]
    """Ids of the requests queued for resending."""
    refused: Mapping[int, str]
    """The other ids, each with a sentence that says why not."""


class Resender:
    """Tracks failed requests, and a queue of requests to resend, in the order in which a person asked.

    A queued request is planned, and its cost reserved, only when its turn comes; until then its state is
    unchanged. A stored response is never replaced: a request that has one is copied into a new request.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: deque[int] = deque()
        self._failed: dict[int, int | None] = {}
        """Requests that failed since the program started, with the task of each."""

    @property
    def failed(self) -> int:
        """Number of requests that failed since the program started and have not been replaced."""
        return len(self._failed)

    def note_failed(self, request: Request) -> None:
        """Count a request as failed."""
        self._failed[request.id] = request.task_id

    def make_up_for(self, task_id: int | None) -> None:
        """Forget the failed requests of a task, because a new request covers it."""
        if task_id is not None:
            self._failed = {failed: task for failed, task in self._failed.items() if task != task_id}

    def add_failed(self) -> Resent:
        """Queue the failed requests that are still needed, and forget the others."""
        resent = self.add(self.sendable(sorted(self._failed)), in_doubt=False)
        self._failed.clear()
        return resent

    def add(self, request_ids: Iterable[int], *, in_doubt: bool) -> Resent:
        """Queue requests for resending; those in doubt only if `in_doubt` is true."""
        taken_on: list[int] = []
        refused: dict[int, str] = {}
        for request_id in dict.fromkeys(request_ids):
            try:
                self._require_sendable(request_id, in_doubt=in_doubt)
            except RequestRefusedError as refusal:
                refused[request_id] = str(refusal)
            else:
                taken_on.append(request_id)
        for request_id in taken_on:
            self._failed.pop(request_id, None)
            if request_id not in self._waiting:
                self._waiting.append(request_id)
        return Resent(tuple(taken_on), refused)

    def sendable(self, request_ids: Iterable[int]) -> list[int]:
        """Filter failed requests down to those that can be resent."""
        return [request_id for request_id in request_ids if self._is_sendable(request_id)]

    def plan_next(self) -> Request | None:
        """Plan the next queued request that can still be sent; returns it, or None when none is left.

        Raises:
            CostLimitError: It could exceed the cost limit; it stays in the queue.
        """
        workspace, planner = self._engine.workspace, self._engine.planner
        while self._waiting:
            try:
                with workspace.savepoint():
                    request = self._require_sendable(self._waiting[0], in_doubt=True)
                    planned = workspace.requests.get(planner.send_again(request))
            except RequestRefusedError:
                # The situation has changed since the person asked; the Requests screen shows it.
                self._waiting.popleft()
            else:
                self._waiting.popleft()
                return planned
        return None

    def give_up(self) -> None:
        """Empty the queue; requests in it that had failed count as failed again."""
        for request in [*map(self._engine.workspace.requests.get, self._waiting)]:
            if request.state == "failed":
                self.note_failed(request)
        self._waiting.clear()

    def _is_sendable(self, request_id: int) -> bool:
        try:
            self._require_sendable(request_id, in_doubt=False)
        except RequestRefusedError:
            return False
        return True

    def _require_sendable(self, request_id: int, *, in_doubt: bool) -> Request:
        """Return the request if it can be resent now.

        Raises:
            RequestRefusedError: It cannot; the message says why.
        """
        workspace, plan, settings = self._engine.workspace, self._engine.planner, self._engine.settings
        request = workspace.requests.get(request_id)
        if request.state == "in_doubt":
            if not in_doubt:
                raise RequestRefusedError(
                    f"Request {request_id} is in doubt: it may have been answered and billed."
                )
            if not plan.is_ours(request):
                raise RequestRefusedError(
                    f"Request {request_id} was sent to {request.model} at {request.base_url}. It can only be"
                    " resent there."
                )
        elif request.state != "failed":
            raise RequestRefusedError(f"Request {request_id} has not failed.")
        if (anew := workspace.requests.asked_anew(request_id)) is not None:
            raise RequestRefusedError(f"Request {request_id} was already resent, as request {anew}.")
        if request.stage == "embed" and not plan.is_ours(request):
            raise RequestRefusedError(
                f"Request {request_id} was for embeddings by {request.model} at {request.base_url}, which is"
                " not the embedding model in use."
            )
        if request.stage != "embed" and request.api != settings.api:
            raise RequestRefusedError(
                f"The prompt of request {request_id} is written for the {request.api} API, but the settings"
                f" say {settings.api}."
            )
        self._require_wanted(request)
        limit = settings.max_requests
        if limit is not None and workspace.requests.count() >= limit and plan.would_ask_anew(request):
            raise RequestRefusedError(
                f"Resending request {request_id} requires a new request, and this workspace has reached"
                f" max_requests, {limit:,}. Raise it to allow more."
            )
        return request

    def _require_wanted(self, request: Request) -> None:
        if request.stage == "embed":
            if not self._engine.workspace.vectors.lacking(request.in_context, request.id):
                raise RequestRefusedError(
                    f"The tasks of request {request.id} already have their vectors, or a newer request for"
                    " them."
                )
            return
        if request.task_id is None:
            return
        task = self._engine.workspace.tasks.get(request.task_id)
        if request.stage == "instantiate" and task.state != "accepted":
            raise RequestRefusedError(f"Task {task.id} is no longer in the pool.")
        asked = task.classify_request_id if request.stage == "classify" else task.instantiate_request_id
        changed = task.instruction != request.instruction or (
            request.stage == "instantiate" and task.label != request.label
        )
        if changed:
            raise RequestRefusedError(f"Task {task.id} has changed since request {request.id} was planned.")
        if request.stage == "classify" and task.label is not None:
            raise RequestRefusedError(f"Task {task.id} already has a label, without request {request.id}.")
        if not request.more and asked not in {None, request.id}:
            raise RequestRefusedError(f"Task {task.id} has a newer request, {asked}.")
