"""Events, named in the past tense. An event is emitted after its rows are committed to the workspace."""

from dataclasses import dataclass

from selfinstruct.db.records import DecisionKind, Job, Label, Stage, Who


@dataclass(frozen=True, slots=True)
class RequestPlanned:
    """A request has been stored and is about to be sent."""

    request_id: int


@dataclass(frozen=True, slots=True)
class RequestFailed:
    """A request got no usable response."""

    request_id: int
    stage: Stage
    sentence: str


@dataclass(frozen=True, slots=True)
class RequestDelayed:
    """An attempt failed, and the request is waiting to be retried."""

    request_id: int
    sentence: str
    """Why the attempt failed."""
    attempt: int
    """The number of the next attempt."""
    attempts: int
    """The maximum number of attempts."""
    wait_s: float
    """Minimum seconds until the next attempt."""


@dataclass(frozen=True, slots=True)
class EndpointWarned:
    """The endpoint does not handle requests as intended; the work continues."""

    sentence: str


@dataclass(frozen=True, slots=True)
class JobSeen:
    """The endpoint has been asked about a job of its Batch API, or has got it."""

    job: Job


@dataclass(frozen=True, slots=True)
class JobEnded:
    """What came of a job has been stored."""

    name: str
    """The endpoint's id of the job."""
    status: str
    answered: int
    """The number of answers stored; the other numbers are those of other requests."""
    again: int
    """Sent again in another job."""
    failed: int
    reason: str
    """Why the first of those without an answer has none, as a sentence; empty if all were answered."""


@dataclass(frozen=True, slots=True)
class RequestsGivenUp:
    """Unsent requests were given up, because they were for another endpoint or had no price.

    Requests that are replaced automatically are not counted.
    """

    requests: int
    can_be_retried: bool
    """Whether all of them can be resent."""


@dataclass(frozen=True, slots=True)
class CandidatesProposed:
    """A response has been parsed into candidates, and they have been assessed."""

    request_id: int
    batch: int
    candidates: int


@dataclass(frozen=True, slots=True)
class CandidateAssessed:
    """A candidate has been assessed; the verdict is `pass` or the code of the first reason."""

    task_id: int
    verdict: str


@dataclass(frozen=True, slots=True)
class TasksEmbedded:
    """Vectors have been stored, and the candidates that they affect have been assessed."""

    request_id: int
    tasks: int


@dataclass(frozen=True, slots=True)
class TaskDecided:
    """A task or one of its instances has been decided on."""

    task_id: int
    kind: DecisionKind
    who: Who


@dataclass(frozen=True, slots=True)
class TaskClassified:
    """The model has labelled a task."""

    task_id: int
    label: Label


@dataclass(frozen=True, slots=True)
class TaskInstantiated:
    """Instances of a task have been stored."""

    task_id: int
    kept: int
    dropped: int


@dataclass(frozen=True, slots=True)
class BatchCompleted:
    """All propose requests of a batch have been processed, and the awaited vectors of its candidates."""

    batch: int
    yielded: int
    """Number of its candidates that pass the filters and, in an unattended run that decides, are accepted."""


@dataclass(frozen=True, slots=True)
class PoolRead:
    """The pool has been loaded into memory, so neighbour lookups are fast from here on."""

    tasks: int


@dataclass(frozen=True, slots=True)
class GenerationPaused:
    """Generation is paused: no requests are sent until a person resumes it."""

    sentence: str


@dataclass(frozen=True, slots=True)
class LimitReached:
    """The cost limit leaves no room for the next request; none is sent until it is raised."""

    sentence: str


Event = (
    RequestPlanned
    | RequestFailed
    | RequestDelayed
    | EndpointWarned
    | JobSeen
    | JobEnded
    | RequestsGivenUp
    | CandidatesProposed
    | CandidateAssessed
    | TasksEmbedded
    | TaskDecided
    | TaskClassified
    | TaskInstantiated
    | BatchCompleted
    | PoolRead
    | GenerationPaused
    | LimitReached
)
