"""The rows of a workspace as data classes, in the terms of the method."""

from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict

Origin = Literal["seed", "model", "imported", "human"]
State = Literal["pending", "accepted", "rejected"]
Label = Literal["classification", "generation", "unknown"]
Who = Literal["human", "auto"]
Stage = Literal["propose", "embed", "classify", "instantiate"]
SuggestedKind = Literal["accept", "reject", "edit"]
DecisionKind = Literal["accept", "reject", "edit", "relabel", "drop", "add", "restore", "undo", "redo"]
InstanceState = Literal["kept", "dropped", "withdrawn"]
"""`withdrawn`: a person added the instance and undid that; it is hidden until they redo it."""

REPARSE, IMPORT = "reparse", "import"
COMMANDS = (REPARSE, IMPORT)
"""The tags of what commands that people run decided, and of its undos and redos; none of it is a person's."""

PASS = "pass"  # noqa: S105 - not a password
"""The verdict on a candidate that every filter passes."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a filter rejects a candidate, or an instance was dropped: a code and a sentence with evidence."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Standing:
    """The part of a task that decisions change; each decision stores it before and after."""

    state: State
    instruction: str
    label: Label | None


@dataclass(frozen=True, slots=True)
class Task:
    """An instruction with its label, verdict and origin."""

    id: int
    origin: Origin
    name: str | None
    instruction: str
    label: Label | None
    state: State
    verdict: str | None
    """`pass`, or the code of the first reason; None until the task is assessed."""
    nearest_id: int | None
    score: float | None
    """ROUGE-L F-measure with the nearest task of the pool, when last assessed."""
    batch: int | None
    propose_request_id: int | None
    classify_request_id: int | None
    instantiate_request_id: int | None

    @property
    def standing(self) -> Standing:
        """The current state, which a decision on this task starts from."""
        return Standing(self.state, self.instruction, self.label)


Order = Literal["id", "verdict", "score", "label", "origin", "instruction"]
"""Sort keys for tasks; `score` sorts by ROUGE-L, highest first."""


@dataclass(frozen=True, slots=True)
class TaskQuery:
    """Conditions of a search for tasks; None and empty match all."""

    words: tuple[str, ...] = ()
    """Substrings of the instruction, which must all occur, ignoring case."""
    origin: Origin | None = None
    state: State | None = None
    label: Label | None = None
    verdict: str | None = None
    batch: int | None = None
    id: int | None = None
    more_than: float | None = None
    """Exclusive lower bound on the ROUGE-L with the nearest neighbour."""
    less_than: float | None = None
    """Exclusive upper bound on it."""
    suggested: SuggestedKind | Literal["yes", "no"] | None = None
    """What is suggested; `yes` for anything, `no` for nothing."""
    by: str | None = None
    """The name of a person who has decided on the task or its instances, in any case."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation."""

    role: Literal["user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a row has besides a question and an answer: a system prompt, and turns between the two.

    The first message of the user is the task's instruction, with the instance's input; the last message of
    the assistant is the instance's output.
    """

    system: str = ""
    turns: tuple[Turn, ...] = ()


@dataclass(frozen=True, slots=True)
class NewInstance:
    """An input and output, kept or dropped with a reason, before it is stored."""

    input: str
    output: str
    state: InstanceState = "kept"
    reason: Reason | None = None
    conversation: Conversation | None = None
    """None for a single turn without a system prompt."""
    thoughts: str = ""
    """The reasoning that came with the output, if it came apart from it."""


@dataclass(frozen=True, slots=True)
class InstanceStanding:
    """The part of an instance that decisions change; each decision stores it before and after."""

    input: str
    output: str
    state: InstanceState
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class Instance:
    """An input (possibly empty) and output of a task, as stored."""

    id: int
    task_id: int
    input: str
    output: str
    state: InstanceState
    reason: Reason | None
    request_id: int | None
    """The request whose response it came from; None if it belongs to a seed, or was added or imported."""
    conversation: Conversation | None = None
    thoughts: str = ""

    @property
    def standing(self) -> InstanceStanding:
        """The current state, which a decision on this instance starts from."""
        return InstanceStanding(self.input, self.output, self.state, self.reason)


@dataclass(frozen=True, slots=True)
class Decision:
    """An append-only row: who decided what on which task, with the states before and after.

    `InstanceDecision` is the counterpart for instances.
    """

    id: int
    step: int
    """Groups the decisions of one key press, which are undone together, and their undos and redos."""
    task_id: int
    kind: DecisionKind
    who: Who
    at: str
    before: Standing
    after: Standing
    undoes: int | None
    """The decision that an undo reverts, or the undo that a redo reverts."""
    tag: str | None
    """A person's reason for rejecting the task, in one word, suggested or their own; or one of `COMMANDS`."""
    person: str | None = None
    """The name under which a person, or a program at work for them, decided; None if none was given."""

    @property
    def is_of_command(self) -> bool:
        """Whether a command that a person ran took it, or it undoes or redoes what such a command did."""
        return self.who == "auto" and self.tag in COMMANDS


@dataclass(frozen=True, slots=True)
class InstanceDecision:
    """An append-only row: who decided what on which instance, with the states before and after."""

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
    tag: str | None
    person: str | None = None

    @property
    def is_of_command(self) -> bool:
        """As for decisions on tasks."""
        return self.who == "auto" and self.tag in COMMANDS


AnyDecision = Decision | InstanceDecision


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A decision that a program suggests and leaves to a person; open while the task is undecided."""

    id: int
    task_id: int
    decision: SuggestedKind
    instruction: str | None
    """The suggested wording, for `edit`."""
    reason: str | None
    person: str
    """Who suggests it."""
    at: str


@dataclass(frozen=True, slots=True)
class PoolChange:
    """The effect of a decision on the pool: the current state of its task."""

    decision_id: int
    task_id: int
    origin: Origin
    state: State
    instruction: str
    label: Label | None


@dataclass(frozen=True, slots=True)
class PoolTask:
    """A task of the pool, or an undecided candidate."""

    id: int
    origin: Origin
    state: State
    instruction: str


@dataclass(frozen=True, slots=True)
class StoredIndex:
    """A snapshot of a similarity index, opaque to the database."""

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
    """One chat message, as the API expects it."""

    role: Literal["system", "user", "assistant"]
    content: str


ApiKind = Literal["chat", "completions"]

AnswerKind = Literal["auto", "json", "text"]
"""What chat models are asked for: JSON where the endpoint accepts that, JSON in any case, or text."""

AnyApi = ApiKind | Literal["embeddings"]

TextPrompt = str | list[Message]
"""The text of a legacy completion, or the messages of a chat."""

Prompt = TextPrompt | tuple[str, ...]
"""The content of a request: a prompt, or the texts to embed."""

Parameters = dict[str, float | int | str | list[str] | dict[str, Any]]
"""Sampling parameters, by their names at the endpoint."""


@dataclass(frozen=True, slots=True)
class NewRequest:
    """A model call with its exact prompt and parameters, before it is planned."""

    stage: Stage
    batch: int
    task_id: int | None
    model: str
    base_url: str
    prompt: Prompt
    parameters: Parameters
    in_context: tuple[int, ...]
    """Ids of the tasks in the prompt, or of the tasks to embed."""
    instruction: str | None
    """The task's wording in the prompt; None for propose and embed requests."""
    label: Label | None
    """The task's label, in a request for instances."""
    reserved_usd: float | None
    """Upper bound on its cost, in USD; None if unknown."""
    held: bool
    """Whether decisions on its results are reserved for a person."""
    more: bool = field(default=False, kw_only=True)
    """Whether it asks for additional instances of a task that has some."""

    @property
    def api(self) -> AnyApi:
        """The kind of API that it is sent to."""
        if isinstance(self.prompt, tuple):
            return "embeddings"
        return "completions" if isinstance(self.prompt, str) else "chat"


@dataclass(frozen=True, slots=True)
class Request(NewRequest):
    """A model call, as stored."""

    id: int
    state: str
    error: str | None
    instead_of: int | None
    """The failed request that it replaces."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens and cost (USD) of one response; None means unknown, never 0."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost_usd: float | None = None


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """The exact body of a response with status 200."""

    attempt_id: int
    body: bytes
    at: tuple[str, str]
    """When the request was sent, and when the response was complete, as ISO 8601 text."""
    parameters: Parameters
    """The parameters as sent."""
    price: float = 1.0
    """The share of the normal price that it was sent for: less than 1 in a job of a Batch API."""


@dataclass(frozen=True, slots=True)
class Job:
    """Requests that are sent together as one batch of an endpoint's Batch API.

    It is called a job, because a batch is a step of the method here.
    """

    id: int
    token: str
    """Names the job at the endpoint; stored before anything is sent."""
    base_url: str
    model: str
    api: ApiKind
    price: float
    """The share of the normal price that its requests cost."""
    requests: int
    """The number of its requests."""
    planned_at: str
    file_id: str | None
    """The endpoint's id of the uploaded file; None until it is known, as for `remote_id`."""
    creating_at: str | None
    """When its creation was begun; None if it certainly does not exist at the endpoint."""
    remote_id: str | None
    """The endpoint's id of the job."""
    status: str | None
    """As the endpoint last told it, like the numbers of requests."""
    completed: int | None
    failed: int | None
    expires_at: str | None
    """Until when the endpoint works on it, as ISO 8601 text."""
    ended_at: str | None
    error: str | None

    @property
    def name(self) -> str:
        """Its name for people: the endpoint's id, else our token."""
        return self.remote_id or self.token


@dataclass(frozen=True, slots=True)
class JobOut:
    """A job that has not ended, and the number of its requests without a stored answer."""

    job: Job
    requests: int


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """An instance with its task, as exported."""

    task_id: int
    origin: Origin
    instruction: str
    input: str
    output: str
    instance_id: int | None = None
    """None: it is not stored."""
    label: Label | None = None
    conversation: Conversation | None = None
    thoughts: str = ""
    """The reasoning stored with it; that of generated instances is in the bytes of their response."""

    @property
    def content(self) -> tuple[str, str, str, Conversation | None]:
        """What makes two rows exact duplicates."""
        return self.instruction, self.input, self.output, self.conversation


@dataclass(frozen=True, slots=True)
class ImportedRow:
    """Where a row was imported from."""

    path: str
    line: int
    instance_id: int | None
    """None: the row had no output."""


@dataclass(frozen=True, slots=True)
class ExportedRow:
    """A row of an exported file: its instance, and at least 8 bytes of the hash of its content."""

    instance_id: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Export:
    """A file that was exported."""

    id: int
    path: str
    at: str
    format: str
    options: dict[str, Any]
    person: str | None
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The tasks whose label or instances have not been requested, or whose request is under way."""

    labels: int
    """Accepted tasks without a label."""
    instances: int
    """Accepted tasks with a clear label but no instances."""
    held: int
    """Candidates reserved for a person that lack a label."""
    failed: int
    """Accepted tasks whose request failed without a response: a later run asks again."""
