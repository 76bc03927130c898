"""What comes of the requests of a job: answers and errors stored, and what follows for each request."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from selfinstruct.core.endpoint.job_answers import JobAnswer, RemoteJob
from selfinstruct.core.endpoint.send_error import SendError
from selfinstruct.core.endpoint.status_errors import ended
from selfinstruct.core.errors import EndpointUnusableError
from selfinstruct.core.events import EndpointWarned, Event, JobEnded
from selfinstruct.core.requests.job_files import request_id_of
from selfinstruct.core.requests.sender import MAX_ATTEMPTS
from selfinstruct.core.setting_names import setting
from selfinstruct.db.records import Job, Parameters, Request
from selfinstruct.db.workspace import Workspace

if TYPE_CHECKING:
    from selfinstruct.core.endpoint.client import Endpoint

Result = TypeVar("Result")

_COSTS_NOTHING = frozenset({"batch_expired", "batch_cancelled"})
_CANCELLED = frozenset({"cancelled", "canceled"})
_NOT_CARRIED_OUT = _CANCELLED | {"expired", "failed"}
"""States of a job in which its requests without an answer were not carried out."""


@dataclass(slots=True)
class Outcome:
    """What has come of a job so far."""

    answered: int = 0
    failures: list[tuple[int, Parameters, SendError]] = field(default_factory=list)
    """The requests with an error, the parameters that they were sent with, and the error."""


class JobOutcomes:
    """Stores what comes of the jobs of one endpoint.

    Args:
        workspace: Where it is stored.
        endpoint: The endpoint, which learns from refusals.
        clock: Returns the current time as ISO 8601 text.
        emit: Receives events.
    """

    def __init__(
        self,
        workspace: Workspace,
        endpoint: "Endpoint",
        *,
        clock: Callable[[], str],
        emit: Callable[[Event], None],
    ) -> None:
        self._workspace = workspace
        self._endpoint = endpoint
        self._clock = clock
        self._emit = emit
        self._less: dict[int, Parameters] = {}
        self._tries: Counter[int] = Counter()
        """The attempts of each request that have failed."""

    def less(self, request_id: int) -> Parameters | None:
        """Return parameters for fewer tokens, if the request was too long; else None."""
        return self._less.get(request_id)

    async def store(self, job: Job, answers: Sequence[JobAnswer], outcome: Outcome) -> None:
        """Store answers and errors; those of other requests, or of one that has an outcome, are left out."""
        requests, jobs = self._workspace.requests, self._workspace.jobs

        def store() -> Outcome:
            new, at = Outcome(), self._clock()
            with self._workspace.transaction():
                for answer in answers:
                    request_id = request_id_of(answer.custom_id, job.token)
                    if request_id is None or (sent := jobs.attempt(job.id, request_id)) is None:
                        continue
                    attempt_id, parameters = sent
                    error = self._error_of(answer, parameters)
                    if error is None:
                        requests.store_answer(attempt_id, http_status=200, body=answer.body, at=at)
                        new.answered += 1
                    else:
                        self._store_failure(attempt_id, error, at)
                        new.failures.append((request_id, parameters, error))
            return new

        if answers:
            stored = await self._when_free(store)
            outcome.answered += stored.answered
            outcome.failures += stored.failures

    def end(self, job: Job, rest: SendError, *, error: str | None) -> list[tuple[int, Parameters]]:
        """End a job, and store an error for its requests without an outcome; returns those.

        Args:
            job: The job.
            rest: The error of those requests.
            error: Why the whole job has failed; None if it has not.
        """
        at = self._clock()
        with self._workspace.transaction():
            waiting = self._workspace.jobs.waiting(job.id)
            for attempt_id, _ in waiting.values():
                self._store_failure(attempt_id, rest, at)
            self._workspace.jobs.end(job.id, error=error, at=at)
        return [(request_id, parameters) for request_id, (_, parameters) in waiting.items()]

    async def conclude(self, job: Job, remote: RemoteJob, outcome: Outcome) -> list[int]:
        """End a job that is over, and decide on its requests without an answer.

        Returns the ids of those that are to be sent again, which are planned. The others have failed.

        Raises:
            EndpointUnusableError: No request will succeed, or the job was refused or cancelled.
        """
        rest = _error_of_rest(remote)
        told = remote.errors or None
        for request_id, parameters in await self._when_free(lambda: self.end(job, rest, error=told)):
            outcome.failures.append((request_id, parameters, rest))
        if outcome.answered:
            await self._remember()
        again: list[int] = []
        unusable: SendError | None = None
        for request_id, parameters, error in outcome.failures:
            if await self._is_to_be_sent_again(request_id, parameters, error):
                again.append(request_id)
            elif error.unusable:
                unusable = unusable or error
        reason = outcome.failures[0][2].sentence if outcome.failures else ""
        failed = len(outcome.failures) - len(again)
        self._emit(JobEnded(remote.id, remote.status, outcome.answered, len(again), failed, reason))
        if unusable is not None:
            raise EndpointUnusableError(self._endpoint.advice(unusable))
        if remote.status == "failed" and not outcome.answered:
            raise EndpointUnusableError(_about_refused(remote, self._endpoint.address))
        if remote.status in _CANCELLED:
            raise EndpointUnusableError(
                f"Batch job {remote.id} was cancelled at {self._endpoint.address}. Its answers until then are"
                " stored. Its other requests cost nothing: the next start sends them."
            )
        return again

    async def _is_to_be_sent_again(self, request_id: int, sent: Parameters, error: SendError) -> bool:
        """Decide on a request without an answer; one that is not to be sent again is marked as failed."""
        requests = self._workspace.requests
        request = await self._when_free(lambda: requests.get(request_id))
        self._tries[request_id] += 1
        if self._differs_next_time(request, sent, error):
            return True
        if error.transient and not error.unusable and self._tries[request_id] < MAX_ATTEMPTS:
            return True
        await self._when_free(lambda: requests.fail(request_id, error.sentence))
        return False

    def _differs_next_time(self, request: Request, sent: Parameters, error: SendError) -> bool:
        """Whether a refusal, or the length of a request, has taught how to send it."""
        if request.id in self._less:
            return False
        less = self._endpoint.with_less(error, sent, request.stage)
        if less is None:
            return self._endpoint.learn(error, request.parameters, sent)
        self._less[request.id] = less
        if not self._endpoint.has_warned:
            self._endpoint.has_warned = True
            self._emit(EndpointWarned(f"{error.sentence} Such requests are sent again for fewer tokens."))
        return True

    async def _remember(self) -> None:
        """Store what refusals have taught, for later runs."""
        endpoint, settings = self._endpoint, self._workspace.settings
        if learned := endpoint.confirmed():
            await self._when_free(lambda: settings.learn(endpoint.address, endpoint.model, learned))

    def _error_of(self, answer: JobAnswer, sent: Parameters) -> SendError | None:
        if answer.status is not None and (answer.body or answer.status != 200):
            return self._endpoint.error_in(answer.status, answer.body, sent)
        why = ended(answer.message or answer.code or "it does not say why")
        free = answer.code in _COSTS_NOTHING
        sentence = f"The endpoint did not carry out the request: {why}"
        return SendError(sentence, None, answer.body, transient=True, free=free)

    def _store_failure(self, attempt_id: int, error: SendError, at: str) -> None:
        self._workspace.requests.store_failure(
            attempt_id,
            http_status=error.http_status,
            body=error.body,
            error=error.sentence,
            free=error.free or self._endpoint.is_free,
            at=at,
        )

    async def _when_free(self, step: Callable[[], Result]) -> Result:
        return await self._workspace.lock_wait.when_free(step)


def _error_of_rest(remote: RemoteJob) -> SendError:
    """Return the error of the requests that are in no file of a job."""
    if remote.status not in _NOT_CARRIED_OUT:
        sentence = f"Batch job {remote.id} ended without an answer to this request."
        return SendError(sentence, transient=True)
    what = "was cancelled" if remote.status in _CANCELLED else remote.status
    why = f": {ended(remote.errors)}" if remote.errors else "."
    return SendError(f"Batch job {remote.id} {what}{why}", transient=True, free=True)


def _about_refused(remote: RemoteJob, address: str) -> str:
    said = ended(remote.errors or "it does not say why")
    return (
        f"{address} refused batch job {remote.id}: {said} Nothing of it was carried out or billed. If it is"
        f" too large, lower {setting('batch_api_requests')}; if others fill the queue, start again later."
    )
