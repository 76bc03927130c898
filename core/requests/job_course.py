"""The course of one job: its file uploaded, created, looked at until it is over, its answers downloaded.

Every step is stored before or as soon as it is made, so that a program that dies at any point leaves a job
that the next one finds again: the file by its name, the job by its token or its file.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from selfinstruct.core.endpoint.job_answers import JobAnswer, RemoteJob
from selfinstruct.core.endpoint.job_client import JobClient
from selfinstruct.core.endpoint.send_error import SendError
from selfinstruct.core.endpoint.status_errors import NOTHING_THERE, ended
from selfinstruct.core.errors import EndpointUnusableError
from selfinstruct.core.events import EndpointWarned, Event, JobSeen
from selfinstruct.core.requests.job_files import custom_id, file_name, request_line
from selfinstruct.core.requests.job_outcome import JobOutcomes, Outcome
from selfinstruct.core.requests.sender import MAX_ATTEMPTS, MAX_REFUSALS
from selfinstruct.db.records import ApiKind, Job, Parameters, Request
from selfinstruct.db.workspace import Workspace

if TYPE_CHECKING:
    from selfinstruct.core.endpoint.client import Endpoint

Result = TypeVar("Result")

FIRST_LOOK_S, LONGEST_LOOK_S = 2.0, 60.0
"""Seconds between two looks at a job, which grow by half each time."""
BELIEVED_AFTER_S = 20.0
"""Seconds after its creation was begun until a job that is not in the endpoint's list does not exist."""
FIRST_REST_S = 2.0
"""Seconds before the second try of a step, doubled for each one after that."""
_LONGEST_REST_S = 60.0
_LONGEST_ASKED_S = 600.0
"""The longest that an endpoint can make it wait between two looks."""
_UNTOLD_S = 10.0
"""Seconds up to which a rest is not worth a line."""
_TOLD_AFTER = 3
"""The failed looks in a row after which it says so."""
_AT_ONCE = 100
"""Answers that are stored in one transaction."""
_MOST_DOWNLOADS = 5


class LostError(Exception):
    """The endpoint cannot tell what became of a job, or has nothing of it any more; the message says why."""


class JobCourse:
    """Carries the jobs of one endpoint through, each on its own.

    Args:
        workspace: Where every step is stored.
        endpoint: The endpoint.
        outcomes: Stores what comes of their requests.
        give_up_lost: Whether to give up jobs that the endpoint no longer knows.
        stopping: Done when nothing more should be sent; jobs that are out stay out.
        clock: Returns the current time as ISO 8601 text.
        emit: Receives an event at each look at a job.
    """

    def __init__(
        self,
        workspace: Workspace,
        endpoint: "Endpoint",
        outcomes: JobOutcomes,
        *,
        give_up_lost: bool,
        stopping: "asyncio.Future[None]",
        clock: Callable[[], str],
        emit: Callable[[Event], None],
    ) -> None:
        self._workspace = workspace
        self._jobs = workspace.jobs
        self._endpoint = endpoint
        self._client = JobClient(endpoint)
        self._outcomes = outcomes
        self._give_up_lost = give_up_lost
        self._stopping = stopping
        self._clock = clock
        self._emit = emit

    def parameters(self, request: Request) -> Parameters:
        """Return the parameters that a request is sent with."""
        return self._outcomes.less(request.id) or self._endpoint.adapt(request.parameters)

    def line(self, token: str, api: ApiKind, request: Request, parameters: Parameters | None = None) -> bytes:
        """Return the line of a request in the file of a job."""
        sent = self.parameters(request) if parameters is None else parameters
        return request_line(custom_id(token, request.id), api, self._endpoint.body_of(request.prompt, sent))

    async def to_the_end(self, job: Job, *, is_new: bool) -> list[int]:
        """Carry a job through, from wherever it is; returns the ids of the requests to be sent again.

        Returns at once when it is to stop, except in the middle of a step.

        Args:
            job: The job.
            is_new: Whether no other program has begun it.

        Raises:
            LostError: It cannot be known what became of it.
            EndpointUnusableError: It was refused or cancelled, or the endpoint does not tell of it.
        """
        remote_id = job.remote_id or await self._create(job, look=not is_new)
        remote = remote_id and await self._await_end(job, remote_id)
        return await self._take_home(job, remote) if remote else []

    # Creating

    async def _create(self, job: Job, *, look: bool) -> str | None:
        """Return the endpoint's id of a job, created or found; None if it is to stop first."""
        file_id = job.file_id or await self._upload(job, look=look)
        remote = file_id and await self._create_or_find(job, file_id)
        if not remote:
            return None
        await self._when_free(lambda: self._jobs.created(job.id, remote.id))
        await self._note(job, remote)
        return remote.id

    async def _upload(self, job: Job, *, look: bool) -> str | None:
        """Upload the file, unless `look` and it is there already; None if it is to stop first."""
        content = await self._when_free(lambda: self._content(job))
        name, tries = file_name(job.token), 0
        while not self._stopping.done():
            tries += 1
            try:
                found = await _if_listed(self._client.find_file(name)) if look else None
                file_id = found or await self._client.upload(name, content)
            except SendError as error:
                look = not error.free
                await self._rest(job, error, tries)
            else:
                await self._when_free(lambda file_id=file_id: self._jobs.uploaded(job.id, file_id))  # type: ignore[misc]
                return file_id
        return None

    async def _create_or_find(self, job: Job, file_id: str) -> RemoteJob | None:
        """Create the job, unless its creation was begun and it is there already; None if it is to stop first.

        Raises:
            LostError: It may be there, and the endpoint does not list its jobs.
        """
        begun, tries = job.creating_at, 0
        while not self._stopping.done():
            tries += 1
            try:
                if begun is not None:
                    if (found := await self._find(job, file_id)) is not None:
                        return found
                    # What was sent a moment ago may not be in the list yet.
                    rest_s = BELIEVED_AFTER_S - self._seconds_since(begun)
                    if rest_s > 0:
                        await self._pause(min(rest_s, FIRST_LOOK_S))
                        tries -= 1
                        continue
                begun = await self._begin_creation(job)
                return await self._create_once(job, file_id)
            except SendError as error:
                if await self._when_free(lambda: self._jobs.get(job.id).creating_at) is None:
                    begun = None
                await self._rest(job, error, tries)
        return None

    async def _begin_creation(self, job: Job) -> str:
        at = self._clock()
        await self._when_free(lambda: self._jobs.creating(job.id, at=at))
        return at

    async def _create_once(self, job: Job, file_id: str) -> RemoteJob:
        try:
            return await self._client.create(job.token, file_id, job.api)
        except SendError as error:
            if error.free:  # certainly not there
                await self._when_free(lambda: self._jobs.creating(job.id, at=None))
            raise

    async def _find(self, job: Job, file_id: str) -> RemoteJob | None:
        try:
            return await self._client.find(job.token, file_id)
        except SendError as error:
            if error.transient or error.http_status in {401, 403}:
                raise
            raise LostError(error.sentence) from None

    async def _rest(self, job: Job, error: SendError, tries: int) -> None:
        """Wait before the next try.

        Raises:
            EndpointUnusableError: There is no use in another one. A job of which the endpoint has nothing is
                given up, and its requests are planned again.
        """
        most = MAX_REFUSALS if error.throttles else MAX_ATTEMPTS
        if error.transient and not error.unusable and tries < most:
            usual_s = min(FIRST_REST_S * 2 ** (tries - 1), _LONGEST_REST_S)
            rest_s = usual_s if error.retry_after_s is None else error.retry_after_s
            if rest_s > _UNTOLD_S:
                self._emit(EndpointWarned(f"{ended(error.sentence)} The next try is in {rest_s:.0f} s."))
            await self._pause(rest_s)
            return
        now = await self._when_free(lambda: self._jobs.get(job.id))
        if now.creating_at is None and (now.file_id is None or not error.transient):
            sentence = f"Not sent. {error.sentence}"
            never = SendError(sentence, error.http_status, error.body, transient=True, free=True)
            await self._when_free(lambda: self._outcomes.end(job, never, error=error.sentence))
        advice = ended(error.sentence if error.throttles else self._endpoint.advice(error))
        if error.http_status in NOTHING_THERE:
            advice += " Leave out --batch-api to send the requests one by one, at the normal price."
        raise EndpointUnusableError(advice)

    def _content(self, job: Job) -> bytes:
        """Return the file of a job, the same whenever it is made."""
        requests = self._workspace.requests
        return b"".join(
            self.line(job.token, job.api, requests.get(request_id), parameters)
            for request_id, (_, parameters) in self._jobs.waiting(job.id).items()
        )

    # Looking

    async def _await_end(self, job: Job, remote_id: str) -> RemoteJob | None:
        """Look at a job until it is over; None if it is to stop before that."""
        wait_s, failed = FIRST_LOOK_S, 0
        while not self._stopping.done():
            asked_s = 0.0
            try:
                remote = await self._client.retrieve(remote_id)
            except SendError as error:
                if not error.transient:
                    self._give_up(error)
                asked_s = min(error.retry_after_s or 0.0, _LONGEST_ASKED_S)
                failed += 1
                if failed == _TOLD_AFTER:
                    self._emit(
                        EndpointWarned(
                            f"Batch job {remote_id} cannot be looked at now: {ended(error.sentence)}"
                        )
                    )
            else:
                failed = 0
                if remote.is_over:
                    return remote
                await self._note(job, remote)
            await self._pause(max(wait_s, asked_s))
            wait_s = min(1.5 * wait_s, LONGEST_LOOK_S)
        return None

    async def _note(self, job: Job, remote: RemoteJob) -> None:
        def store() -> Job:
            self._jobs.note(
                job.id,
                status=remote.status,
                completed=remote.completed,
                failed=remote.failed,
                expires_at=remote.expires_at,
            )
            return self._jobs.get(job.id)

        self._emit(JobSeen(await self._when_free(store)))

    def _give_up(self, error: SendError) -> None:
        """Raise for an endpoint that does not tell of a job, or has lost what came of it."""
        is_gone = error.http_status in {404, 410}
        if is_gone and self._give_up_lost:
            raise LostError(error.sentence)
        sentence = f"{ended(self._endpoint.advice(error))} The batch job stays out."
        if is_gone:
            sentence += " --resend gives it up and sends its requests again; they may be billed twice."
        raise EndpointUnusableError(sentence)

    # Taking home

    async def _take_home(self, job: Job, remote: RemoteJob) -> list[int]:
        """Store what came of every request of a job that is over, and end it."""
        outcome = Outcome()
        for download in range(1, _MOST_DOWNLOADS + 1):
            is_whole = False
            try:
                is_whole = await self._download(job, remote, outcome)
            except SendError as error:
                if not error.transient:
                    self._give_up(error)
                if download == _MOST_DOWNLOADS:
                    raise EndpointUnusableError(
                        f"The answers of batch job {remote.id} cannot be downloaded. {ended(error.sentence)}"
                        " They stay at the endpoint: start again to take them in."
                    ) from None
            if is_whole or not await self._when_free(lambda: self._jobs.waiting(job.id)):
                break
            await self._pause(FIRST_REST_S * 2 ** (download - 1))
            if self._stopping.done():
                return []
        return await self._outcomes.conclude(job, remote, outcome)

    async def _download(self, job: Job, remote: RemoteJob, outcome: Outcome) -> bool:
        """Store what is in the files of a job; returns whether every line could be read."""
        is_whole = True
        for file_id in remote.files:
            some: list[JobAnswer] = []
            async with aclosing(self._client.answers(file_id)) as answers:
                async for answer in answers:
                    if answer is None:
                        is_whole = False
                    else:
                        some.append(answer)
                    if len(some) == _AT_ONCE:
                        await self._outcomes.store(job, some, outcome)
                        some = []
            await self._outcomes.store(job, some, outcome)
        return is_whole

    # Waiting

    async def _when_free(self, step: Callable[[], Result]) -> Result:
        return await self._workspace.lock_wait.when_free(step)

    async def _pause(self, seconds: float) -> None:
        """Wait, unless it is to stop."""
        await asyncio.wait({self._stopping}, timeout=seconds)

    def _seconds_since(self, at: str) -> float:
        return (datetime.fromisoformat(self._clock()) - datetime.fromisoformat(at)).total_seconds()


async def _if_listed(finding: Awaitable[str | None]) -> str | None:
    """Return what is found in a list; None also if the endpoint does not list it."""
    try:
        return await finding
    except SendError as error:
        if error.transient:
            raise
        return None
