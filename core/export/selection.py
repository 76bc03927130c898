"""The rows of an export: which of a workspace's rows are taken, and which are left out and why."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from selfinstruct.core.export.exported import Tally
from selfinstruct.core.export.history import row_digest
from selfinstruct.core.export.options import ExportOptions
from selfinstruct.core.task_query import parse_filter
from selfinstruct.core.util.blocks import in_blocks
from selfinstruct.db.reads.card import CardRows
from selfinstruct.db.records import Conversation, TrainingRow
from selfinstruct.db.workspace import Workspace

_BLOCK = 500
"""Rows whose decisions are looked up at once."""

Selected = tuple[TrainingRow, bytes]
"""A row as it is to be encoded, and the hash of its content as stored."""


def matching(workspace: Workspace, where: str) -> frozenset[int]:
    """Return the ids of the tasks that a filter line finds.

    Raises:
        QueryError: The line cannot be parsed.
    """
    return frozenset(workspace.tasks.search(parse_filter(where)))


def selected(
    workspace: Workspace,
    options: ExportOptions,
    tally: Tally,
    *,
    holds_conversations: bool,
    task_ids: frozenset[int] | None = None,
) -> Iterator[Selected]:
    """Yield the rows to export, seeds first, then by task id; each step streams and counts what it drops.

    Args:
        workspace: The source of the rows.
        options: What a person has chosen.
        tally: Counts the rows by origin, and what is left out.
        holds_conversations: Whether the format has a place for several turns and system prompts.
        task_ids: The tasks whose rows are taken; None for all.
    """
    rows: Iterable[TrainingRow] = workspace.instances.training_rows(include_seeds=options.include_seeds)
    if task_ids is not None:
        rows = _of_tasks(rows, task_ids, tally)
    if options.reviewed_only:
        rows = _reviewed(rows, workspace.card, tally)
    if not holds_conversations:
        rows = _of_one_turn(rows, tally)
    chosen = _distinct(rows, tally)
    if options.max_instances is not None:
        chosen = _limited(chosen, options.max_instances, tally)
    for row, digest in chosen:
        if row.origin == "seed":
            tally.of_seeds += 1
        else:
            tally.of_model += 1
        yield (_with_system(row, options.system) if options.system else row), digest


def _of_tasks(rows: Iterable[TrainingRow], task_ids: frozenset[int], tally: Tally) -> Iterator[TrainingRow]:
    for row in rows:
        if row.task_id in task_ids:
            yield row
        else:
            tally.unmatched += 1


def _reviewed(rows: Iterable[TrainingRow], decisions: CardRows, tally: Tally) -> Iterator[TrainingRow]:
    for block in in_blocks(rows, _BLOCK):
        decided = {
            (one.task_id, one.instance_id) for one in decisions.of_people({row.task_id for row in block})
        }
        for row in block:
            if decided & {(row.task_id, None), (row.task_id, row.instance_id)}:
                yield row
            else:
                tally.unreviewed += 1


def _of_one_turn(rows: Iterable[TrainingRow], tally: Tally) -> Iterator[TrainingRow]:
    for row in rows:
        if row.conversation is None:
            yield row
        else:
            tally.conversations += 1


def _distinct(rows: Iterable[TrainingRow], tally: Tally) -> Iterator[Selected]:
    """Drop exact duplicates: the first is kept (section 2.3)."""
    seen: set[bytes] = set()
    for row in rows:
        digest = row_digest(row)
        if digest in seen:
            tally.duplicates += 1
        else:
            seen.add(digest)
            yield row, digest


def _limited(chosen: Iterable[Selected], most: int, tally: Tally) -> Iterator[Selected]:
    taken: Counter[int] = Counter()
    for row, digest in chosen:
        if taken[row.task_id] == most:
            tally.over_limit += 1
        else:
            taken[row.task_id] += 1
            yield row, digest


def _with_system(row: TrainingRow, system: str) -> TrainingRow:
    conversation = row.conversation or Conversation()
    if conversation.system:
        return row
    return replace(row, conversation=replace(conversation, system=system))
