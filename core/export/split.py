"""Train-test split by task, stratified by label, with near-duplicates on one side."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from selfinstruct.core.errors import ExportError
from selfinstruct.core.export.near_groups import near_groups
from selfinstruct.db.records import TrainingRow


class Split(NamedTuple):
    """The rows of each side, in the order in which they were given."""

    train: list[TrainingRow]
    test: list[TrainingRow]


class _Group(NamedTuple):
    """Tasks that stay together."""

    tasks: tuple[int, ...]
    rows: int
    label: str
    """The label of most of its rows."""


def split_rows(rows: Sequence[TrainingRow], share: float, *, seed: int, near: float, language: str) -> Split:
    """Split rows into `train` and `test`; arguments and errors are those of `tasks_for_test`."""
    test_tasks = tasks_for_test(rows, share, seed=seed, near=near, language=language)
    split = Split([], [])
    for row in rows:
        (split.test if row.task_id in test_tasks else split.train).append(row)
    return split


def tasks_for_test(
    rows: Iterable[TrainingRow], share: float, *, seed: int, near: float, language: str
) -> frozenset[int]:
    """Choose the tasks whose rows are for testing; returns their ids.

    All rows of a task are on one side, and so are tasks whose instructions are near-duplicates, in chains.
    Each label has `share` of its rows for training, as nearly as these groups allow. The result depends on
    the rows and the seed, and not on their order.

    Args:
        rows: The rows; of each task only the instruction and the number of rows are held in memory.
        share: The share of rows for training, between 0 and 1.
        seed: The seed of the random order in which groups are considered.
        near: The ROUGE-L F-measure from which instructions are near-duplicates: above 0, up to 1.
        language: The code of the language of the instructions.

    Raises:
        ExportError: The share is out of range, or there is no split with a task on each side.
    """
    if not 0 < share < 1:
        raise ExportError(f"--split {share:g} is out of range. Give a share between 0 and 1, such as 0.9.")
    groups = _groups(rows, near, language)
    if len(groups) < 2:
        raise ExportError(_cannot_split(len(groups[0].tasks) if groups else 0, near))
    random.Random(seed).shuffle(groups)
    return frozenset(task_id for group in _chosen(groups, 1 - share) for task_id in group.tasks)


def _groups(rows: Iterable[TrainingRow], near: float, language: str) -> list[_Group]:
    """The groups of tasks, by the lowest id of each."""
    labels: defaultdict[int, Counter[str]] = defaultdict(Counter)
    instructions: dict[int, str] = {}
    for row in rows:
        labels[row.task_id][row.label or ""] += 1
        instructions[row.task_id] = row.instruction
    ids = sorted(instructions)
    members: defaultdict[int, list[int]] = defaultdict(list)
    for task_id, group in zip(
        ids, near_groups([instructions[task_id] for task_id in ids], near, language), strict=True
    ):
        members[group].append(task_id)
    return [_group(tasks, labels) for tasks in members.values()]


def _group(tasks: Iterable[int], labels: dict[int, Counter[str]]) -> _Group:
    tasks = tuple(tasks)
    counts = sum((labels[task_id] for task_id in tasks), Counter[str]())
    return _Group(tasks, counts.total(), min(counts, key=lambda label: (-counts[label], label)))


def _chosen(groups: Sequence[_Group], share: float) -> list[_Group]:
    """The groups of `test`: `share` of the rows of each label, and the next one evens out what is missing.

    A group is chosen, in the given order, if that brings the number of rows nearer.
    """
    by_label: defaultdict[str, list[_Group]] = defaultdict(list)
    for group in groups:
        by_label[group.label].append(group)
    chosen: list[_Group] = []
    missing = 0.0
    # The most frequent label comes last: it has the most groups to even things out with.
    for label in sorted(by_label, key=lambda name: (sum(group.rows for group in by_label[name]), name)):
        missing += share * sum(group.rows for group in by_label[label])
        for group in by_label[label]:
            if abs(missing - group.rows) < abs(missing):
                chosen.append(group)
                missing -= group.rows
    if not chosen:
        return [min(groups, key=lambda group: group.rows)]
    if len(chosen) == len(groups):
        chosen.remove(min(chosen, key=lambda group: group.rows))
    return chosen


def _cannot_split(tasks: int, near: float) -> str:
    if tasks > 1:
        return (
            f"All {tasks} tasks are near-duplicates of one another (ROUGE-L of {near:g} or more), so they"
            " cannot be split. Export without --split, or add tasks."
        )
    return (
        f"A split needs two tasks with rows, and there {'is one' if tasks else 'is none'}. Add tasks first."
    )
