"""Sends again, on a person's word, what has failed or is in doubt."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from selfinstruct.core.engine import Engine
from selfinstruct.core.errors import RequestRefusedError
from selfinstruct.db.records import Request


@dataclass(frozen=True, slots=True)
class Resent:
    """What became of the wish to send requests again."""

    taken_on: tuple[int, ...]
    """Those that are sent again as soon as there is room."""
    refused: Mapping[int, str]
    """The others, each with a sentence that says why."""


class Resender:
    """Requests that have failed, and those that wait to be sent again in the order in which a person asked.

    Each of these is planned when its turn comes, so that its cost is looked at then, and only then is its
    state another one. A stored answer is never asked for again: a request that has one is asked anew.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: deque[int] = deque()
        self._failed: dict[int, int | None] = {}
        """What has failed since the program started, and its task."""

    @property
    def failed(self) -> int:
        """How many requests have failed since the program started and have not been made up for."""
        return len(self._failed)

    def note_failed(self, request: Request) -> None:
        """Count a request as failed."""
        self._failed[request.id] = request.task_id

    def make_up_for(self, task_id: int | None) -> None:
        """A task is asked about again: what has failed for it counts no more."""
        if task_id is not None:
            self._failed = {failed: task for failed, task in self._failed.items() if task != task_id}

    def add_failed(self) -> Resent:
        """Let what has failed and is still wanted wait for its turn; the rest counts no more."""
        wanted = self.sendable(sorted(self._failed))
        self._failed.clear()
        return self.add(wanted, in_doubt=False)

    def add(self, request_ids: Iterable[int], *, in_doubt: bool) -> Resent:
        """Let requests wait for their turn; those in doubt only when `in_doubt` says so."""
        taken_on: list[int] = []
        refused: dict[int, str] = {}
        for request_id in dict.fromkeys(request_ids):
            try:
                self._require_sendable(request_id, in_doubt=in_doubt)
            except RequestRefusedError as refusal:
                refused[request_id] = str(refusal)
            else:
                taken_on.append(request_id)
                self._failed.pop(request_id, None)
                if request_id not in self._waiting:
                    self._waiting.append(request_id)
        return Resent(tuple(taken_on), refused)

    def sendable(self, request_ids: Iterable[int]) -> list[int]:
        """Those of these failed requests that could be sent again."""
        return [request_id for request_id in request_ids if self._is_sendable(request_id)]

    def plan_next(self) -> int | None:
        """Plan the next one that can still be sent; returns the id to send, or None when none waits.

        Raises:
            CostLimitError: it could exceed the cost limit; it goes on waiting.
        """
        while self._waiting:
            try:
                request = self._require_sendable(self._waiting[0], in_doubt=True)
                planned = self._engine.planner.send_again(request)
            except RequestRefusedError:
                # What has come up since the person asked is in the list of requests.
                self._waiting.popleft()
            else:
                self._waiting.popleft()
                return planned
        return None

    def give_up(self) -> None:
        """Let none wait any longer; those that had failed count as failed again."""
        for request in map(self._engine.workspace.requests.get, self._waiting):
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
        """The request, if it can be sent again as things stand now.

        Raises:
            RequestRefusedError: why it cannot.
        """
        workspace, plan, settings = self._engine.workspace, self._engine.planner, self._engine.settings
        request = workspace.requests.get(request_id)
        if request.state == "in_doubt":
            if not in_doubt:
                raise RequestRefusedError(
                    f"Request {request_id} is in doubt: it may have been answered and paid."
                )
            if not plan.is_ours(request):
                raise RequestRefusedError(
                    f"Request {request_id} was sent to {request.model} at {request.base_url}. It can be sent"
                    " again only there."
                )
        elif request.state != "failed":
            raise RequestRefusedError(f"Request {request_id} has not failed.")
        if (anew := workspace.requests.asked_anew(request_id)) is not None:
            raise RequestRefusedError(f"Request {request_id} has been asked anew, as request {anew}.")
        if request.stage == "embed" and not plan.is_ours(request):
            raise RequestRefusedError(
                f"Request {request_id} was for vectors of {request.model} at {request.base_url}, which is not"
                " what is compared by now."
            )
        if request.stage != "embed" and request.api != settings.api:
            raise RequestRefusedError(
                f"The prompt of request {request_id} is written for the {request.api} API, and"
                f" {settings.api} is what is asked now."
            )
        self._require_wanted(request)
        limit = settings.max_requests
        if limit is not None and workspace.requests.count() >= limit and plan.would_ask_anew(request):
            raise RequestRefusedError(
                f"Asking request {request_id} anew is one more, and this workspace has had its {limit}"
                " requests. A higher max_requests allows more."
            )
        return request

    def _require_wanted(self, request: Request) -> None:
        if request.stage == "embed":
            if not self._engine.workspace.vectors.lacking(request.in_context, request.id):
                raise RequestRefusedError(
                    f"The tasks of request {request.id} have their vectors, or are asked about again."
                )
            return
        if request.task_id is None:
            return
        task = self._engine.workspace.tasks.get(request.task_id)
        if request.stage == "instantiate" and task.state != "accepted":
            raise RequestRefusedError(f"Task {task.id} is not in the pool any more.")
        asked = task.classify_request_id if request.stage == "classify" else task.instantiate_request_id
        changed = task.instruction != request.instruction or (
            request.stage == "instantiate" and task.label != request.label
        )
        if changed:
            raise RequestRefusedError(f"Task {task.id} has been changed since request {request.id} was made.")
        if request.stage == "classify" and task.label is not None:
            raise RequestRefusedError(f"Task {task.id} has its label without request {request.id}.")
        if not request.more and asked not in {None, request.id}:
            raise RequestRefusedError(f"Task {task.id} has been asked about again, with request {asked}.")
