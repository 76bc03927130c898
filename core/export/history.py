"""The history of exports: which rows came, went and changed between two of them, or between one and now."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from selfinstruct.db.content_digest import content_digest
from selfinstruct.db.records import ExportedRow, TrainingRow
from selfinstruct.db.tables.instances import conversation_text
from selfinstruct.db.workspace import Workspace

_DIGEST = 8
"""Bytes of a row's hash that are compared."""


@dataclass(frozen=True, slots=True)
class RowText:
    """The texts of an exported row."""

    instance_id: int
    task_id: int
    instruction: str
    input: str
    output: str


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """A row whose texts differ between two exports; a side is None if its texts cannot be found again."""

    instance_id: int
    before: RowText | None
    after: RowText | None


@dataclass(frozen=True, slots=True)
class Difference:
    """What distinguishes the rows of an export from those of another one."""

    came: tuple[RowText, ...]
    went: tuple[RowText, ...]
    changed: tuple[ChangedRow, ...]
    same: int
    """The number of rows that are in both, with the same texts."""


def exported_row(row: TrainingRow) -> ExportedRow:
    """Return what is remembered of an exported row.

    Raises:
        ValueError: The row is not stored.
    """
    if row.instance_id is None:
        raise ValueError("only stored rows are exported")
    return ExportedRow(row.instance_id, row_digest(row))


def row_digest(row: TrainingRow) -> bytes:
    """Return the hash of a row's content, which exact duplicates share."""
    return content_digest(row.instruction, row.input, row.output, conversation_text(row.conversation))


def difference(
    workspace: Workspace, before: Sequence[ExportedRow], after: Sequence[ExportedRow]
) -> Difference:
    """Compare the rows of two exports, by instance.

    Texts of a row that has changed since are those of the decision that made them.
    """
    old = {row.instance_id: row.digest[:_DIGEST] for row in before}
    new = {row.instance_id: row.digest[:_DIGEST] for row in after}
    changed = [one for one in new if one in old and old[one] != new[one]]
    return Difference(
        came=tuple(_texts(workspace, ((one, new[one]) for one in new if one not in old))),
        went=tuple(_texts(workspace, ((one, old[one]) for one in old if one not in new))),
        changed=tuple(
            ChangedRow(one, text_of(workspace, one, old[one]), text_of(workspace, one, new[one]))
            for one in changed
        ),
        same=len(new.keys() & old.keys()) - len(changed),
    )


def _texts(workspace: Workspace, rows: Iterable[tuple[int, bytes]]) -> Iterable[RowText]:
    for instance_id, digest in rows:
        found = text_of(workspace, instance_id, digest) or _now(workspace, instance_id)
        if found is not None:
            yield found


def text_of(workspace: Workspace, instance_id: int, digest: bytes) -> RowText | None:
    """Find the texts of a row by the hash of its content, now or before any decision; None without any."""
    now = _now(workspace, instance_id)
    if now is None:
        return None
    instance = workspace.instances.get(instance_id)
    conversation = conversation_text(instance.conversation)
    of_task = workspace.decisions.of_task(now.task_id)
    wordings = [now.instruction, *(one.before.instruction for one in of_task)]
    on_instance = [
        one for one in workspace.decisions.on_instances_of(now.task_id) if one.instance_id == instance_id
    ]
    pairs = [(now.input, now.output)]
    pairs += [
        (standing.input, standing.output) for one in on_instance for standing in (one.before, one.after)
    ]
    for wording in dict.fromkeys(wordings):
        for input_, output in dict.fromkeys(pairs):
            if content_digest(wording, input_, output, conversation)[:_DIGEST] == digest[:_DIGEST]:
                return RowText(instance_id, now.task_id, wording, input_, output)
    return None


def _now(workspace: Workspace, instance_id: int) -> RowText | None:
    try:
        instance = workspace.instances.get(instance_id)
    except KeyError:
        return None
    task = workspace.tasks.get(instance.task_id)
    return RowText(instance_id, task.id, task.instruction, instance.input, instance.output)
