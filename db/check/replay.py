"""Replay of decisions from first to last, which yields the state of every task and instance."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

COLUMNS = "id, task_id, instance_id, kind, who, before, after, undoes"

_TASK_KEYS = {"state", "instruction", "label"}
_INSTANCE_KEYS = {"input", "output", "state", "reason"}
_STATE_AFTER = {"accept": "accepted", "reject": "rejected", "restore": "pending"}
"""The state of a task after a decision of each kind."""

Standing = dict[str, Any]
"""The part of a task or instance that decisions change, as in the JSON of `before` and `after`."""


class Row(NamedTuple):
    """A decision as stored, in the order of `COLUMNS`."""

    id: int
    task_id: int
    instance_id: int | None
    kind: str
    who: str
    before: str
    after: str
    undoes: int | None


class Last(NamedTuple):
    """The last decision on a task or an instance."""

    id: int
    after: Standing
    by_person: bool
    """Whether a person took any of the decisions on it."""
    at_first: Standing
    """The state that the first decision on it found."""


@dataclass
class Replayed:
    """The result of a replay."""

    tasks: dict[int, Last] = field(default_factory=dict)
    """The last decision on each task itself, not on its instances."""
    instances: dict[int, Last] = field(default_factory=dict)
    count: int = 0
    missing: list[tuple[int, int]] = field(default_factory=list)
    """Gaps in the ids of decisions, as (first, last); ids are assigned without gaps."""
    unreadable: list[int] = field(default_factory=list)
    """Decisions whose `before` or `after` cannot be parsed."""
    faults: list[str] = field(default_factory=list)
    """Decisions that are inconsistent with earlier ones, one sentence each."""


def replay(rows: Iterable[Row], *, up_to: int = 0) -> Replayed:
    """Replay decisions in the order of their ids.

    Args:
        rows: The decisions, by id.
        up_to: The highest id known to be used.
    """
    replayed = Replayed()
    by_id: dict[int, tuple[str, int, int | None]] = {}
    expected = 1
    for row in rows:
        if row.id > expected:
            replayed.missing.append((expected, row.id - 1))
        expected = row.id + 1
        replayed.count += 1
        by_id[row.id] = row.kind, row.task_id, row.instance_id
        before, after = _standing(row, row.before), _standing(row, row.after)
        if before is None or after is None:
            replayed.unreadable.append(row.id)
            continue
        last = replayed.tasks if row.instance_id is None else replayed.instances
        key = row.task_id if row.instance_id is None else row.instance_id
        _find_faults(row, before, after, last.get(key), by_id, replayed.faults)
        by_person = row.who == "human" or (key in last and last[key].by_person)
        at_first = last[key].at_first if key in last else before
        last[key] = Last(row.id, after, by_person, at_first)
    if up_to >= expected:
        replayed.missing.append((expected, up_to))
    return replayed


def _standing(row: Row, text: Any) -> Standing | None:
    """Parse the `before` or `after` of a decision; None if it is invalid."""
    try:
        found = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return None
    keys = _TASK_KEYS if row.instance_id is None else _INSTANCE_KEYS
    return found if isinstance(found, dict) and set(found) == keys else None


def _find_faults(
    row: Row,
    before: Standing,
    after: Standing,
    last: Last | None,
    by_id: dict[int, tuple[str, int, int | None]],
    faults: list[str],
) -> None:
    """Append how a decision is inconsistent with earlier ones to `faults`."""
    what = _what(row)
    if last is not None and not _follows(before, last.after):
        faults.append(f"Decision {row.id} found {what} in another state than decision {last.id} left it in.")
    elif last is None and row.instance_id is None and before["state"] != "pending":
        faults.append(f"Decision {row.id} is the first on {what}, but found it {before['state']}.")
    wanted = _STATE_AFTER.get(row.kind) if row.instance_id is None else None
    if wanted is not None and after["state"] != wanted:
        faults.append(f"Decision {row.id} is to {row.kind} {what}, but left it {after['state']}.")
    takes_back = row.kind in {"undo", "redo"}
    if takes_back != (row.undoes is not None):
        faults.append(f"Decision {row.id} ({row.kind}) does not match what it reverts.")
    elif row.undoes is not None:
        kind, task_id, instance_id = by_id.get(row.undoes, ("", 0, None))
        if (task_id, instance_id) != (row.task_id, row.instance_id) or (kind == "undo") == (
            row.kind == "undo"
        ):
            faults.append(f"Decision {row.id} ({row.kind}) reverts decision {row.undoes}, which it cannot.")


_UNCLEAR = (None, "unknown")
"""Labels that the model may still give: there is none yet, or it can be asked again."""


def _follows(before: Standing, left: Standing) -> bool:
    """Whether a decision starts from the state that its predecessor left, except for a label by the model."""
    return before == left or (
        left.get("label", "") in _UNCLEAR and before == {**left, "label": before["label"]}
    )


def _what(row: Row) -> str:
    return f"task {row.task_id}" if row.instance_id is None else f"instance {row.instance_id}"


TaskState = tuple[str, str, str | None, int]
"""State, instruction, label and `held` of a task, as stored."""


def differs(last: Last | None, row: TaskState) -> Literal["state", "instruction", "label", "held"] | None:
    """Return the first column of a task that does not follow from its decisions; None if all do."""
    state, instruction, label, held = row
    if last is None:
        return None if state == "pending" else "state"
    if state != last.after["state"]:
        return "state"
    if instruction != last.after["instruction"]:
        return "instruction"
    if last.after["label"] not in _UNCLEAR and label != last.after["label"]:
        return "label"
    return "held" if last.by_person and not held else None


def as_row(after: Standing) -> list[Any]:
    """Return the input, output, state, reason code and reason sentence of an instance, as stored."""
    reason = after["reason"] or {}
    return [after["input"], after["output"], after["state"], reason.get("code"), reason.get("sentence")]
