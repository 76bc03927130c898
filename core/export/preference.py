"""`--preference`: what people decided on outputs, as data for preference optimization."""

from collections.abc import Iterable, Iterator, Sequence

from selfinstruct.core.export.preference_rows import PreferencePair, RatedRow
from selfinstruct.core.util.blocks import in_blocks
from selfinstruct.db.reads.preferences import DroppedRow, InstanceStep, Preferences
from selfinstruct.db.records import TrainingRow

_BLOCK = 500
"""Rows whose decisions are looked up at once."""
_BY_HAND = "by_hand"
_FAULTS = frozenset({"cut", "same_as_input", "ends_with_colon", "placeholder", "refusal"})
"""Rules that object to a text; a duplicate, a contradiction or one too many may be a good output."""


def preference_pairs(rows: Iterable[TrainingRow], preferences: Preferences) -> Iterator[PreferencePair]:
    """Yield a pair for each row whose output a person has edited: the output before is rejected.

    Of several edits the first output and the last one count. An edit of the input alone gives no pair. An
    edit of both begins anew, since the output before answered another input. There is none either for an
    output that is back to what it was, differs only in spaces around it, or was empty; nor for edits that are
    undone.

    Args:
        rows: Kept instances of accepted tasks.
        preferences: The decisions of the workspace.
    """
    for row, steps in _with_steps(rows, preferences):
        rejected = _rejected(steps, row.output)
        if rejected is not None:
            yield PreferencePair(row, row.output, rejected)


def _rejected(steps: Sequence[InstanceStep], chosen: str) -> str | None:
    if not steps or steps[-1].after.output != chosen:
        return None
    rejected: str | None = None
    for step in steps:
        if step.before.output == step.after.output:
            continue
        if step.before.input != step.after.input:
            rejected = None
        elif rejected is None:
            rejected = step.before.output
    if rejected is None or rejected.strip() in {"", chosen.strip()}:
        return None
    return rejected


def rated_rows(
    kept: Iterable[TrainingRow],
    dropped: Iterable[DroppedRow],
    preferences: Preferences,
    *,
    by_filters: bool = False,
) -> Iterator[RatedRow]:
    """Yield the outputs that people judged: first the desirable ones, then the others.

    Desirable is what a person has edited, added or restored. An accepted task says nothing about its
    outputs, most of which are written after it was accepted, and an output that nobody has touched has
    perhaps been read by nobody. Undesirable is what a person has dropped, unless a desirable row has the
    same texts. Decisions that are undone count for nothing.

    Args:
        kept: Kept instances of accepted tasks.
        dropped: Dropped instances of accepted tasks (`Preferences.dropped`).
        preferences: The decisions of the workspace.
        by_filters: Whether what rules have dropped is undesirable too, where they object to its text: it is
            cut off, repeats the input, ends with a colon, or is a placeholder or a refusal.
    """
    liked = set()
    for row, steps in _with_steps(kept, preferences):
        if steps:
            liked.add(row.content)
            yield RatedRow(row, label=True)
    reasons = {_BY_HAND, *(_FAULTS if by_filters else ())}
    for one in dropped:
        if one.reason in reasons and one.row.output.strip() and one.row.content not in liked:
            yield RatedRow(one.row, label=False)


def _with_steps(
    rows: Iterable[TrainingRow], preferences: Preferences
) -> Iterator[tuple[TrainingRow, list[InstanceStep]]]:
    """Each row with the decisions of people that stand and led to it, oldest first."""
    for block in in_blocks(rows, _BLOCK):
        found = preferences.of_people({row.task_id for row in block})
        for row in block:
            steps = found.get(row.instance_id, []) if row.instance_id is not None else []
            yield row, _standing(steps)


def _standing(steps: Sequence[InstanceStep]) -> list[InstanceStep]:
    # An undo that was not possible any more is stored as well, and has changed nothing.
    effective = [step for step in steps if step.before != step.after]
    reverted = {step.undoes for step in effective}
    return [step for step in effective if step.kind != "undo" and step.id not in reverted]
