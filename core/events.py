"""What has happened, in the past tense. The rows are in the workspace before an event is emitted."""

from dataclasses import dataclass

from selfinstruct.db.records import DecisionKind, Label, Stage, Who


@dataclass(frozen=True, slots=True)
class RequestPlanned:
    """A request has been written down and is about to be sent."""

    request_id: int


@dataclass(frozen=True, slots=True)
class RequestFailed:
    """A request got no usable answer."""

    request_id: int
    stage: Stage
    sentence: str


@dataclass(frozen=True, slots=True)
class RequestDelayed:
    """An attempt has failed, and the request waits for the next one."""

    request_id: int
    sentence: str
    """Why."""
    attempt: int
    """The number of the next attempt."""
    attempts: int
    """How many there may be."""
    wait_s: float
    """Seconds until then, at the least."""


@dataclass(frozen=True, slots=True)
class RequestsGivenUp:
    """Requests that waited to be sent have failed: they were for another endpoint, or without a price.

    Those that are made up for without anybody's word are not counted.
    """

    requests: int
    can_be_retried: bool
    """Whether all of them can be asked anew."""


@dataclass(frozen=True, slots=True)
class CandidatesProposed:
    """An answer has been parsed into candidates, and they have been judged."""

    request_id: int
    batch: int
    candidates: int


@dataclass(frozen=True, slots=True)
class CandidateAssessed:
    """A candidate has a verdict: `pass` or the code of the first reason."""

    task_id: int
    verdict: str


@dataclass(frozen=True, slots=True)
class TasksEmbedded:
    """Vectors have come, and what they concern has been judged."""

    request_id: int
    tasks: int


@dataclass(frozen=True, slots=True)
class TaskDecided:
    """A decision has been taken on a task or on one of its instances."""

    task_id: int
    kind: DecisionKind
    who: Who


@dataclass(frozen=True, slots=True)
class TaskClassified:
    """The model has given a task its label."""

    task_id: int
    label: Label


@dataclass(frozen=True, slots=True)
class TaskInstantiated:
    """A task has got instances."""

    task_id: int
    kept: int
    dropped: int


@dataclass(frozen=True, slots=True)
class BatchCompleted:
    """All propose requests of a batch have been taken in; unattended, also the vectors of what came."""

    batch: int
    accepted: int
    """How many of its candidates were accepted; with --hold, how many pass."""


@dataclass(frozen=True, slots=True)
class PoolRead:
    """The pool has been read into memory, and neighbours can be found at once."""

    tasks: int


@dataclass(frozen=True, slots=True)
class GenerationPaused:
    """No requests are sent until somebody asks again."""

    sentence: str


@dataclass(frozen=True, slots=True)
class LimitReached:
    """The cost limit leaves no room for the next request; none is sent until there is more."""

    sentence: str


Event = (
    RequestPlanned
    | RequestFailed
    | RequestDelayed
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
