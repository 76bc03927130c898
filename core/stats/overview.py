"""The counts of the Overview screen."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from selfinstruct.core.language.registry import Language
from selfinstruct.core.language.unicode_tokens import is_unspaced, words
from selfinstruct.core.language.word_count import count_words
from selfinstruct.core.util.time_slices import Sliced
from selfinstruct.db.reads.counts import Spending
from selfinstruct.db.reads.overview import Answered, Proposed, Tokens, TrainingText
from selfinstruct.db.records import PASS, Label
from selfinstruct.db.workspace import Workspace

_STRETCH = 250
"""Tasks read per step, which takes about a millisecond."""
_AROUND_A_WORD = ".,:;!?\"'()[]“”‘’«»¿¡「」『』【】（）《》、。，：；！？…"
_TWO = 2
"""Characters counted as the first word in scripts without spaces, where most words have two."""


@dataclass(frozen=True, slots=True)
class BatchCount:
    """The counts of a batch, or of several consecutive ones."""

    first: int
    last: int
    """Numbers of the first and last batch, inclusive."""
    proposed: int
    passing: int
    accepted: int


@dataclass(frozen=True, slots=True)
class Overview:
    """The counts of the overview, all of them without seeds."""

    answered: Answered
    spending: Spending
    tokens: Tokens
    candidates: int
    verdicts: Mapping[str | None, int]
    """All candidates by verdict, most common first; None if not assessed yet."""
    accepted: int
    accepted_despite: int
    """Tasks accepted although their last verdict was not `pass`."""
    rejected: int
    labels: Mapping[Label | None, int]
    """Accepted tasks by label; None if there is no label yet."""
    with_instances: int
    """Accepted tasks with at least one kept instance."""
    rows: int
    """Rows that an export without seeds would write, after removal of exact duplicates."""
    batches: tuple[BatchCount, ...]
    """One entry for each batch, in order."""
    instruction_words: Mapping[int, int]
    """Accepted tasks by length of instruction in words, as the filters count them."""
    input_words: Mapping[int, int]
    """Training rows by length of input in words; 0 means no input."""
    output_words: Mapping[int, int]
    first_words: Mapping[str, int]
    """Accepted tasks by first word in lower case, most common first.

    In scripts without spaces, the first two characters count as the first word.
    """

    @property
    def passing(self) -> int:
        """The number of candidates whose last verdict is `pass`."""
        return self.verdicts.get(PASS, 0)

    @property
    def labelled(self) -> int:
        """The number of accepted tasks with a clear label."""
        return self.labels.get("classification", 0) + self.labels.get("generation", 0)

    @property
    def usd_per_accepted(self) -> float | None:
        """USD per accepted task; None if nothing is accepted or no cost is known."""
        cost = self.spending.cost_usd
        return cost / self.accepted if cost is not None and self.accepted else None

    @property
    def tokens_per_accepted(self) -> float | None:
        """Prompt and answer tokens per accepted task; None if nothing is accepted or they are unknown."""
        prompt, completion = self.tokens.of_prompts, self.tokens.of_answers
        if prompt is None or completion is None or not self.accepted:
            return None
        return (prompt + completion) / self.accepted


def read_overview(workspace: Workspace, language: Language) -> Sliced[Overview]:
    """Count everything in short steps (0.5 s of work for 100,000 English tasks)."""
    counting = _Counting(language)
    last = workspace.tasks.last_id()
    for after in range(0, last, _STRETCH):
        counting.add_tasks(workspace.overview.proposed(after, after + _STRETCH))
        counting.add_texts(workspace.overview.training_texts(after, after + _STRETCH))
        yield min(1.0, (after + _STRETCH) / last)
    answered = workspace.overview.answered()
    yield 1.0
    tokens = workspace.overview.tokens()
    yield 1.0
    return counting.overview(answered, workspace.spending(), tokens)


class _Counting:
    def __init__(self, language: Language) -> None:
        self._language = language
        self._verdicts: Counter[str | None] = Counter()
        self._states: Counter[tuple[str, bool]] = Counter()
        self._labels: Counter[Label | None] = Counter()
        self._proposed: Counter[int] = Counter()
        self._passing: Counter[int] = Counter()
        self._accepted: Counter[int] = Counter()
        self._instructions: Counter[int] = Counter()
        self._inputs: Counter[int] = Counter()
        self._outputs: Counter[int] = Counter()
        self._first_words: Counter[str] = Counter()
        self._with_instances = 0
        self._rows: set[int] = set()

    def add_tasks(self, tasks: list[Proposed]) -> None:
        for task in tasks:
            passes, accepted = task.verdict == PASS, task.state == "accepted"
            self._verdicts[task.verdict] += 1
            self._states[task.state, passes] += 1
            if task.batch is not None:
                self._proposed[task.batch] += 1
                self._passing[task.batch] += passes
                self._accepted[task.batch] += accepted
            if accepted:
                self._labels[task.label] += 1
                self._instructions[count_words(task.instruction, self._language)] += 1
                self._first_words[_first_word(task.instruction)] += 1

    def add_texts(self, texts: list[TrainingText]) -> None:
        self._with_instances += len({text.task_id for text in texts})
        for text in texts:
            # An input without words, such as "?!", is an input too.
            self._inputs[count_words(text.input, self._language) or int(bool(text.input.strip()))] += 1
            self._outputs[count_words(text.output, self._language)] += 1
            self._rows.add(hash((text.instruction, text.input, text.output)))

    def overview(self, answered: Answered, spending: Spending, tokens: Tokens) -> Overview:
        accepted = {passes: self._states["accepted", passes] for passes in (True, False)}
        return Overview(
            answered=answered,
            spending=spending,
            tokens=tokens,
            candidates=self._verdicts.total(),
            verdicts=dict(self._verdicts.most_common()),
            accepted=sum(accepted.values()),
            accepted_despite=accepted[False],
            rejected=self._states["rejected", True] + self._states["rejected", False],
            labels=dict(self._labels.most_common()),
            with_instances=self._with_instances,
            rows=len(self._rows),
            batches=tuple(
                BatchCount(batch, batch, self._proposed[batch], self._passing[batch], self._accepted[batch])
                for batch in sorted(self._proposed)
            ),
            instruction_words=self._instructions,
            input_words=self._inputs,
            output_words=self._outputs,
            first_words=dict(self._first_words.most_common()),
        )


def _first_word(instruction: str) -> str:
    first = instruction.split(maxsplit=1)[0] if instruction else ""
    word = first.strip(_AROUND_A_WORD).lower() or first
    if not any(map(is_unspaced, word)):
        return word
    # A Latin name may precede words in a script without spaces.
    tokens = words(word)
    return "".join(tokens[:_TWO]) if is_unspaced(tokens[0][0]) else tokens[0]


def in_buckets(batches: tuple[BatchCount, ...], at_most: int) -> list[BatchCount]:
    """Merge consecutive batches into at most `at_most` buckets of equal size."""
    size = max(1, -(-len(batches) // at_most))
    return [_together(batches[start : start + size]) for start in range(0, len(batches), size)]


def _together(batches: tuple[BatchCount, ...]) -> BatchCount:
    return BatchCount(
        batches[0].first,
        batches[-1].last,
        sum(batch.proposed for batch in batches),
        sum(batch.passing for batch in batches),
        sum(batch.accepted for batch in batches),
    )
