"""The rows of a workspace as data classes, in the words of the method."""

from dataclasses import dataclass, field
from typing import Literal, TypedDict

Origin = Literal["seed", "model", "imported", "human"]
State = Literal["pending", "accepted", "rejected"]
Label = Literal["classification", "generation", "unknown"]
Who = Literal["human", "auto"]
Stage = Literal["propose", "embed", "classify", "instantiate"]
DecisionKind = Literal["accept", "reject", "edit", "relabel", "drop", "add", "restore", "undo", "redo"]
InstanceState = Literal["kept", "dropped", "withdrawn"]
"""An instance that a person added and took back is withdrawn: nobody sees it until they redo that."""

PASS = "pass"  # noqa: S105 - not a password
"""The verdict of a candidate that no filter objects to."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a filter objects, or why an instance was dropped: a code and a sentence with the evidence."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What decisions change of a task: the before and after of each decision."""

    state: State
    instruction: str
    label: Label | None


@dataclass(frozen=True, slots=True)
class Task:
    """An instruction with its label, its verdict and where it came from."""

    id: int
    origin: Origin
    name: str | None
    instruction: str
    label: Label | None
    state: State
    verdict: str | None
    """`pass`, the code of the first reason, or None while nobody has judged the task."""
    nearest_id: int | None
    score: float | None
    """ROUGE-L F-measure against the nearest task of the pool when last judged."""
    batch: int | None
    propose_request_id: int | None
    classify_request_id: int | None
    instantiate_request_id: int | None

    @property
    def standing(self) -> Standing:
        """What a decision on this task would find."""
        return Standing(self.state, self.instruction, self.label)


Order = Literal["id", "verdict", "score", "label", "origin", "instruction"]
"""What rows of tasks are sorted by; the highest ROUGE-L first."""


@dataclass(frozen=True, slots=True)
class TaskQuery:
    """Which tasks are looked for; None and empty look for all."""

    words: tuple[str, ...] = ()
    """Each is part of the instruction, in any case."""
    origin: Origin | None = None
    state: State | None = None
    label: Label | None = None
    verdict: str | None = None
    batch: int | None = None
    id: int | None = None
    more_than: float | None = None
    """The ROUGE-L of the nearest neighbour is more than this."""
    less_than: float | None = None


@dataclass(frozen=True, slots=True)
class NewInstance:
    """One input and output, kept or dropped with a reason, before it has a row."""

    input: str
    output: str
    state: InstanceState = "kept"
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class InstanceStanding:
    """What decisions change of an instance: the before and after of each decision."""

    input: str
    output: str
    state: InstanceState
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class Instance:
    """One input (may be empty) and output of a task, as stored."""

    id: int
    task_id: int
    input: str
    output: str
    state: InstanceState
    reason: Reason | None
    request_id: int | None
    """The request whose answer it came from; None for a seed's, and for one that a person added."""

    @property
    def standing(self) -> InstanceStanding:
        """What a decision on this instance would find."""
        return InstanceStanding(self.input, self.output, self.state, self.reason)


@dataclass(frozen=True, slots=True)
class Decision:
    """One append-only row: who decided what on which task, with before and after.

    `InstanceDecision` is its like for instances.
    """

    id: int
    step: int
    """Decisions taken with one key share a step, and are undone together; so do the undos and redos of it."""
    task_id: int
    kind: DecisionKind
    who: Who
    at: str
    before: Standing
    after: Standing
    undoes: int | None
    """The decision that an undo takes back, or the undo that a redo takes back."""
    tag: str | None
    """Why a person rejected it, in a word of their own or of ours."""


@dataclass(frozen=True, slots=True)
class InstanceDecision:
    """One append-only row: who decided what on which instance, with before and after."""

    id: int
    step: int
    task_id: int
    instance_id: int
    kind: DecisionKind
    who: Who
    at: str
    before: InstanceStanding
    after: InstanceStanding
    undoes: int | None


AnyDecision = Decision | InstanceDecision


@dataclass(frozen=True, slots=True)
class PoolChange:
    """What a decision means for the pool: the task as it now stands."""

    decision_id: int
    task_id: int
    origin: Origin
    state: State
    instruction: str
    label: Label | None


@dataclass(frozen=True, slots=True)
class PoolTask:
    """A task of the pool, or a candidate that waits."""

    id: int
    origin: Origin
    state: State
    instruction: str


@dataclass(frozen=True, slots=True)
class StoredIndex:
    """An image of a similarity index, in bytes of which the database knows nothing."""

    name: str
    """`pool` or `waiting`."""
    made_by: str
    last_decision: int
    last_task: int
    words: str
    ids: bytes
    lengths: bytes
    tokens: bytes
    sha256: str


class Message(TypedDict):
    """One chat message, as endpoints take it."""

    role: Literal["system", "user", "assistant"]
    content: str


ApiKind = Literal["chat", "completions"]

AnyApi = ApiKind | Literal["embeddings"]

TextPrompt = str | list[Message]
"""A legacy completion's text, or a chat's messages."""

Prompt = TextPrompt | tuple[str, ...]
"""What a request sends: a prompt, or the texts of which vectors are wanted."""

Parameters = dict[str, float | int | str | list[str]]
"""Sampling parameters by the name that the endpoint knows."""


@dataclass(frozen=True, slots=True)
class NewRequest:
    """One call of the model before it is planned: exact prompt and parameters."""

    stage: Stage
    batch: int
    task_id: int | None
    model: str
    base_url: str
    prompt: Prompt
    parameters: Parameters
    in_context: tuple[int, ...]
    """The ids of the tasks that the prompt shows, or of which vectors are wanted."""
    instruction: str | None
    """The wording that it asks about; None for new tasks."""
    label: Label | None
    """The label of the task when it asks for instances."""
    reserved_usd: float | None
    """What it can cost at most; None when that is not known."""
    held: bool
    """True when the decisions on what comes of it are left to a person."""
    more: bool = field(default=False, kw_only=True)
    """True when it asks for instances besides those that the task has."""

    @property
    def api(self) -> AnyApi:
        """The kind of API that it is for."""
        if isinstance(self.prompt, tuple):
            return "embeddings"
        return "completions" if isinstance(self.prompt, str) else "chat"


@dataclass(frozen=True, slots=True)
class Request(NewRequest):
    """One call of the model, as stored."""

    id: int
    state: str
    error: str | None
    instead_of: int | None
    """The failed request in whose place it was asked anew."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens and cost of one answer; None is unknown, never 0."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost_usd: float | None = None


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """The exact bytes that an endpoint sent with status 200."""

    attempt_id: int
    body: bytes


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """One instance with its task, as export takes it."""

    task_id: int
    origin: Origin
    instruction: str
    input: str
    output: str


@dataclass(frozen=True, slots=True)
class Unasked:
    """How many tasks the model will be asked about, and has not been yet."""

    labels: int
    """Those without a label."""
    instances: int
    """Those with a clear label and without instances."""
