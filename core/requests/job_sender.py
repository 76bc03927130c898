"""Sends requests as jobs of a Batch API: collected until nothing more can be planned, then sent together."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from selfinstruct.core.endpoint.status_errors import ended
from selfinstruct.core.errors import CostLimitError
from selfinstruct.core.events import EndpointWarned, Event
from selfinstruct.core.requests.job_course import JobCourse, LostError
from selfinstruct.core.requests.job_files import in_files, new_token
from selfinstruct.core.requests.job_outcome import JobOutcomes
from selfinstruct.db.records import ApiKind, Job, Request, Stage
from selfinstruct.db.workspace import Workspace

if TYPE_CHECKING:
    from selfinstruct.core.endpoint.client import Endpoint
    from selfinstruct.core.requests.pipeline import Pipeline

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class JobSender:
    """Sends planned requests in jobs, and takes in what comes of jobs that are out.

    It has the interface of `Sender`. `watch`, `plan_by`, `carry_out_by` and `stopped_by` tie it to the
    pipeline, from which it learns when nothing more will be planned before answers arrive.

    Args:
        workspace: Where every step is stored first.
        endpoints: Where the requests of each stage are sent; embeddings are not sent in jobs.
        api: The API of the requests.
        price: The share of the normal price that they cost.
        sends: Whether to send new requests in jobs, or only to take in what comes of those that are out.
        width: The most requests of the pipeline.
        give_up_lost: Whether to end jobs that the endpoint no longer knows; their requests are in doubt then.
        stopping: Done when nothing more should be sent; jobs that are out stay out.
        clock: Returns the current time as ISO 8601 text.
        emit: Receives events.
    """

    def __init__(
        self,
        workspace: Workspace,
        endpoints: "Mapping[Stage, Endpoint | None]",
        *,
        api: ApiKind,
        price: float,
        sends: bool,
        width: int,
        give_up_lost: bool,
        stopping: "asyncio.Future[None]",
        clock: Callable[[], str],
        emit: Callable[[Event], None],
    ) -> None:
        self._workspace = workspace
        self._api = api
        self._price = price
        self._sends = sends
        self._width = width
        self._stopping = stopping
        self._clock = clock
        self._emit = emit
        self._courses: dict[str, JobCourse] = {}
        """By the names of the models."""
        for stage, endpoint in endpoints.items():
            if endpoint is not None and stage != "embed":
                outcomes = JobOutcomes(workspace, endpoint, clock=clock, emit=emit)
                self._courses[endpoint.model] = JobCourse(
                    workspace,
                    endpoint,
                    outcomes,
                    give_up_lost=give_up_lost,
                    stopping=stopping,
                    clock=clock,
                    emit=emit,
                )
        self._pipeline: Pipeline | None = None
        self._is_all_planned = False
        self._waiting: dict[int, asyncio.Future[None]] = {}
        """What `carry_out` awaits, by request."""
        self._coming: set[int] = set()
        """Requests that are planned and have not arrived here yet."""
        self._collected: dict[int, Request] = {}
        """The requests of the next jobs."""
        self._again: deque[int] = deque()
        self._followed: set[int] = set()
        """The ids of the jobs that have a task."""
        self._tasks: set[asyncio.Task[None]] = set()
        stopping.add_done_callback(lambda _: self._look())

    # The pipeline

    def watch(self, pipeline: "Pipeline") -> None:
        """Learn from this pipeline what is under way."""
        self._pipeline = pipeline

    def plan_by(self, plan: Callable[[], int | None]) -> Callable[[], int | None]:
        """Return what plans the next request: one that has to be sent again, else what `plan` plans."""

        def plan_next() -> int | None:
            self._is_all_planned = False
            request_id = self._again.popleft() if self._again else self.stopped_by(plan)()
            self._is_all_planned = request_id is None
            if request_id is not None:
                self._coming.add(request_id)
            self._look()
            return request_id

        return plan_next

    def stopped_by(self, step: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
        """Return a step of the pipeline whose failure ends the sending: nobody waits a day for an error."""

        def carry_out(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
            try:
                return step(*args, **kwargs)
            except Exception:
                self._stop()
                raise

        return carry_out

    def carry_out_by(
        self, alone: Callable[[int], Awaitable[None]], *, goes_alone: Callable[[int], bool]
    ) -> Callable[[int], Awaitable[None]]:
        """Return what carries a request out: in a job, or `alone`."""

        async def carry_out(request_id: int) -> None:
            try:
                if goes_alone(request_id):
                    self._arrived(request_id)
                    await alone(request_id)
                else:
                    await self.carry_out(request_id)
            except Exception:
                self._stop()
                raise

        return carry_out

    def takes(self, request: Request) -> bool:
        """Whether a request is carried out in a job."""
        if request.state == "answered":
            return False
        # What is sent already is out in a job.
        return request.state == "sent" or (self._sends and request.stage != "embed")

    def _arrived(self, request_id: int) -> None:
        self._coming.discard(request_id)
        self._look()

    @property
    def waiting(self) -> int:
        """The number of requests that are collected for a job, or out in one."""
        return len(self._waiting)

    async def carry_out(self, request_id: int) -> None:
        """Send a request in a job; returns when it is `answered` or `failed`.

        Returns as well if it stays `planned`, to be planned again, or out in its job, when sending stops.

        Raises:
            CostLimitError: It could exceed the cost limit; its state is unchanged.
            EndpointUnusableError: No job will succeed at this endpoint, or somebody has to look after one.
        """
        when_free = self._workspace.lock_wait.when_free
        request, job = await when_free(
            lambda: (self._workspace.requests.get(request_id), self._workspace.jobs.of_request(request_id))
        )
        if request.state in {"answered", "parsed", "failed"} or self._stopping.done():
            self._arrived(request_id)
            return
        self._waiting[request_id] = future = asyncio.get_running_loop().create_future()
        if job is None:
            self._collected[request_id] = request
        elif job.id not in self._followed:
            self._follow(job, is_new=False)
        self._arrived(request_id)
        try:
            await future
        finally:
            self._waiting.pop(request_id, None)
            self._collected.pop(request_id, None)

    async def close(self) -> None:
        """Leave the jobs as they are."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # Collecting

    def _look(self) -> None:
        """Send what is collected, once nothing more can be planned until a request of a job is answered.

        That is when the pipeline is full or has nothing to plan, and what it processes next is collected or
        out: it processes in request order.
        """
        if self._stopping.done():
            self._release(list(self._collected))
            return
        if not self._collected or self._coming or self._pipeline is None:
            return
        is_full = self._is_all_planned or self._pipeline.under_way >= self._width
        if is_full and self._pipeline.first in self._waiting:
            collected, self._collected = self._collected, {}
            self._start(self._send(list(collected.values())))

    async def _send(self, requests: Sequence[Request]) -> None:
        """Store jobs of these requests, one model in each, and follow them."""
        by_model: defaultdict[str, list[Request]] = defaultdict(list)
        for request in requests:
            by_model[request.model].append(request)
        for model, ours in by_model.items():
            course = self._courses[model]
            lines = [(one, course.line(new_token(), self._api, one)) for one in ours]
            for one_file in in_files(lines):
                ids = [request.id for request in one_file]
                try:
                    job = await self._workspace.lock_wait.when_free(
                        lambda course=course, one_file=one_file: self._store(course, one_file)  # type: ignore[misc]
                    )
                except Exception as error:  # noqa: BLE001 - raised again by each `carry_out`
                    self._release(ids, error)
                    continue
                if job is not None:
                    self._follow(job, is_new=True)
                    continue
                for request in one_file:
                    is_charged = request.state == "planned"
                    self._release([request.id], CostLimitError(request.reserved_usd, is_charged=is_charged))

    def _store(self, course: JobCourse, requests: Sequence[Request]) -> Job | None:
        return self._workspace.jobs.begin(
            new_token(),
            [(one.id, course.parameters(one)) for one in requests],
            base_url=requests[0].base_url,
            model=requests[0].model,
            api=self._api,
            price=self._price,
            run_id=self._workspace.run_id,
            at=self._clock(),
        )

    def _follow(self, job: Job, *, is_new: bool) -> None:
        self._followed.add(job.id)
        self._start(self._carry_through(job, is_new=is_new))

    async def _carry_through(self, job: Job, *, is_new: bool) -> None:
        jobs, when_free = self._workspace.jobs, self._workspace.lock_wait.when_free
        ids: Collection[int] = ()
        error: Exception | None = None
        try:
            ids = (await when_free(lambda: jobs.waiting(job.id))).keys()
            again = await self._courses[job.model].to_the_end(job, is_new=is_new)
            # Others are planned by the run itself, which took them over.
            self._again.extend(request_id for request_id in again if request_id in self._waiting)
        except LostError as lost:
            told = ended(str(lost))
            await when_free(lambda: jobs.end(job.id, error=told, at=self._clock()))
            self._emit(
                EndpointWarned(
                    f"Batch job {job.name} is lost: {told} Its requests may have been answered and billed."
                )
            )
        except Exception as caught:  # noqa: BLE001 - raised again by each `carry_out`
            error = caught
            self._stop()
        self._release(ids, error)

    def _start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _stop(self) -> None:
        if not self._stopping.done():
            self._stopping.set_result(None)

    def _release(self, request_ids: Collection[int], error: Exception | None = None) -> None:
        """Let `carry_out` return for these requests, or raise."""
        for request_id in request_ids:
            future = self._waiting.pop(request_id, None)
            if future is None or future.done():
                continue
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)
