"""What reparsing changes and what it leaves alone, as data."""

from dataclasses import dataclass, field
from typing import Literal

from selfinstruct.db.records import (
    DecisionKind,
    Instance,
    InstanceStanding,
    NewInstance,
    Reason,
    Request,
    Standing,
    Task,
)

REPARSED = Reason("reparsed", "The answer, read again, does not contain it.")
"""Why an instance is dropped that an earlier reading had found."""


def text_of(instance: Instance | NewInstance | InstanceStanding) -> str:
    """Return input and output as one text, to compare instances by."""
    return f"{instance.input}\0{instance.output}"


@dataclass(frozen=True, slots=True)
class TaskChange:
    """A decision on a task."""

    task: Task
    """As it was when it was compared."""
    kind: DecisionKind
    """`edit`: reworded. `reject`: no task. `restore`: a task after all. `relabel`."""
    after: Standing


@dataclass(frozen=True, slots=True)
class TaskFound:
    """A candidate that no earlier reading had found."""

    request: Request
    instruction: str
    known: frozenset[int]
    """The ids of the tasks that were stored for the request."""


@dataclass(frozen=True, slots=True)
class InstanceChange:
    """An instance as stored and as read; None where there is none."""

    stored: Instance | None
    read: NewInstance | None

    @property
    def what(self) -> Literal["found", "dropped", "changed"]:
        """`found` and `dropped` are those of one reading only; `changed` has another text or state."""
        if self.read is None:
            return "dropped"
        return "found" if self.stored is None or self.stored.state == "withdrawn" else "changed"

    @property
    def is_same_text(self) -> bool:
        """Whether input and output are the same."""
        stored, read = self.stored, self.read
        return stored is not None and read is not None and text_of(stored) == text_of(read)


@dataclass(frozen=True, slots=True)
class InstancesChange:
    """The changed instances of one answer."""

    request: Request
    stored: tuple[Instance, ...]
    """All instances of the request, as they were when they were compared."""
    changes: tuple[InstanceChange, ...]


@dataclass(frozen=True, slots=True)
class Spared:
    """A task or instance that is left unchanged although it is read differently now."""

    task_id: int
    why: Literal["person", "filters", "meanwhile"]
    """A person has decided on it; filters object to the new wording; somebody changed it meanwhile."""
    of_instance: bool = False
    reason: Reason | None = None
    """What a filter objects to."""
    wording: str = ""
    """The wording that the filters reject."""


@dataclass
class Differences:
    """All differences between the stored answers, read again, and what is stored."""

    up_to: int
    """The last decision before the comparison."""
    answers: int = 0
    """Number of answers read."""
    unreadable: int = 0
    """Number of answers that were read before and cannot be read now; what came of them stays."""
    rejected: list[TaskChange] = field(default_factory=list)
    """Stored tasks that are not tasks."""
    reworded: list[TaskChange] = field(default_factory=list)
    """Those of the pool come in an order in which each passes the filters."""
    restored: list[TaskChange] = field(default_factory=list)
    """Tasks that an earlier reparsing rejected, or added and a person undid that."""
    found: list[TaskFound] = field(default_factory=list)
    relabelled: list[TaskChange] = field(default_factory=list)
    instances: list[InstancesChange] = field(default_factory=list)
    readable: list[Request] = field(default_factory=list)
    """Requests that failed because their answers could not be read, and that can be read now."""
    spared: list[Spared] = field(default_factory=list)
    labels_again: int = 0
    """Number of tasks whose label has to be requested again."""
    instances_again: int = 0
    """Number of tasks whose instances have to be requested again."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to apply."""
        return not (
            self.rejected
            or self.reworded
            or self.restored
            or self.found
            or self.relabelled
            or self.instances
            or self.readable
        )


@dataclass(frozen=True, slots=True)
class Applied:
    """The result of applying differences."""

    decisions: int
    """Number of decisions taken, all in one step."""
    readable: int
    """Number of requests whose answers the next run takes in."""
    spared: tuple[Spared, ...]
    """What could not be applied."""
