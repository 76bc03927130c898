"""Restores the tasks and instances of a salvaged workspace from the decisions on them."""

import json

from selfinstruct.db.check.altered import altered
from selfinstruct.db.check.parts import gaps, numbers
from selfinstruct.db.check.replay import COLUMNS, Last, Replayed, Row, as_row, differs, replay
from selfinstruct.db.errors import NotRepairedError
from selfinstruct.db.repair.rebuild_requests import note
from selfinstruct.db.repair.salvage import highest_key
from selfinstruct.db.sqlite.driver import Connection

_MOST_NAMED = 20
"""Maximum ranges of ids that an error names."""


def replay_all(db: Connection, source: Connection | None, *, in_doubt: bool) -> Replayed:
    """Replay the salvaged decisions.

    Args:
        db: The new workspace, with the rows of the damaged one.
        source: The damaged workspace, whose indexes may list more ids; None if SQLite cannot open it.
        in_doubt: Whether SQLite could not read them all, so that the last ones may be missing.

    Raises:
        NotRepairedError: A decision is missing or cannot be read.
    """
    highest = highest_key(source, "decisions") if source else None
    rows = (Row(*row) for row in db.execute(f"SELECT {COLUMNS} FROM decisions ORDER BY id"))
    replayed = replay(rows, up_to=highest or 0)
    lost = sorted([*replayed.missing, *((number, number) for number in replayed.unreadable)])
    if lost:
        ranges = ", ".join(numbers(*gap) for gap in lost[:_MOST_NAMED]) + (
            ", and more" * (len(lost) > _MOST_NAMED)
        )
        raise NotRepairedError(
            f"The workspace cannot be repaired without losing decisions that cannot be read: {ranges}. It is"
            " left as it is. A backup may have them; selfinstruct export does not need them."
        )
    if in_doubt:
        _require_explained(db, replayed)
    return replayed


def _require_explained(db: Connection, replayed: Replayed) -> None:
    """Check that no task is in a state that only a missing decision explains."""
    unexplained = [
        task_id
        for task_id, state, instruction, label, held in db.execute(
            "SELECT id, state, instruction, label, held FROM tasks"
        )
        if differs(replayed.tasks.get(task_id), (state, instruction, label, held))
    ]
    # Planting the seeds stores decisions: a workspace that was ever used has some.
    if unexplained or not replayed.count:
        which = f", such as one on task {unexplained[0]}" if unexplained else ""
        raise NotRepairedError(
            "The workspace cannot be repaired without losing decisions: the last ones cannot be"
            f" read{which}. It is left as it is. A backup may have them."
        )


def mend_tasks(db: Connection, source: Connection | None, replayed: Replayed, *, at: str) -> list[str]:
    """Set tasks and instances to the result of the decisions; returns sentences about what is lost.

    Args:
        db: The new workspace, without triggers, with the rows of the damaged one.
        source: The damaged workspace; None if SQLite cannot open it.
        replayed: The replayed decisions.
        at: The current time, as ISO 8601 text.
    """
    notes: list[str] = []
    note(
        notes,
        sum(_add_task(db, task_id, at) for task_id in _missing_tasks(db)),
        "One task was rebuilt from its decisions or instances.",
        "{} tasks were rebuilt from their decisions or instances.",
    )
    for task_id, *row in db.execute("SELECT id, state, instruction, label, held FROM tasks").fetchall():
        state, instruction, label, held = row
        last = replayed.tasks.get(task_id)
        if last is None:
            db.execute("UPDATE tasks SET state = 'pending' WHERE id = ?", [task_id])
        elif differs(last, (state, instruction, label, held)):
            _set_task(db, task_id, last)
    note(
        notes,
        sum(_set_instance(db, instance_id, last) for instance_id, last in replayed.instances.items()),
        "One instance was rebuilt from the decisions on it.",
        "{} instances were rebuilt from the decisions on them.",
    )
    strange = list(altered(db, replayed))
    for instance_id, digest in strange:
        db.execute("UPDATE instances SET digest = ? WHERE id = ?", [digest, instance_id])
    note(
        notes,
        len(strange),
        "The content of one instance was altered, but by no decision; it stays as it is.",
        "The content of {} instances was altered, but by no decision; it stays as it is.",
    )
    for table in ("tasks", "instances"):
        known = highest_key(source, table) if source else None
        lost = sum(last - first + 1 for first, last in gaps(db, table, up_to=known or 0))
        note(
            notes,
            lost,
            f"One of the {table} is lost; there was no decision on it.",
            f"{{}} of the {table} are lost; there were no decisions on them.",
        )
    _drop_dangling(db)
    return notes


def _missing_tasks(db: Connection) -> list[int]:
    rows = db.execute(
        """SELECT task_id FROM decisions UNION SELECT task_id FROM instances
        EXCEPT SELECT id FROM tasks ORDER BY 1"""
    )
    return [task_id for (task_id,) in rows.fetchall()]


def _add_task(db: Connection, task_id: int, at: str) -> int:
    """Rebuild a task from what its first decision found, or from its instances; returns 1.

    Its decisions are applied later.
    """
    decided = db.execute(
        """SELECT before, who, at, kind FROM decisions WHERE task_id = ? AND instance_id IS NULL
        ORDER BY id LIMIT 1""",
        [task_id],
    ).fetchone()
    if decided is not None:
        before, (who, at, kind) = json.loads(decided[0]), decided[1:]
        instruction, label = before["instruction"], before["label"]
        # Seeds already have a label when they are planted and accepted.
        origin = "seed" if (who, kind) == ("auto", "accept") and label is not None else "model"
    else:
        instruction, label = db.execute(
            "SELECT instruction, label FROM instances WHERE task_id = ? ORDER BY id DESC LIMIT 1", [task_id]
        ).fetchone()
        origin = "model"
    return db.execute(
        "INSERT INTO tasks (id, origin, instruction, label, created_at) VALUES (?, ?, ?, ?, ?)",
        [task_id, origin, instruction, label, at],
    ).rowcount


def _set_task(db: Connection, task_id: int, last: Last) -> None:
    """Set a task to the result of its decisions; a label by the model is kept only for its own wording."""
    after = last.after
    db.execute(
        """UPDATE tasks SET state = ?2, instruction = ?3, held = max(held, ?4),
            label = coalesce(?5,
                CASE WHEN instruction = ?3 OR EXISTS (SELECT 1 FROM requests
                    WHERE requests.id = classify_request_id AND requests.instruction = ?3) THEN label END,
                (SELECT label FROM instances WHERE task_id = ?1 AND instruction = ?3
                    ORDER BY id DESC LIMIT 1))
        WHERE id = ?1""",
        [task_id, after["state"], after["instruction"], int(last.by_person), after["label"]],
    )
    db.execute(
        """UPDATE tasks SET
            classify_request_id = (SELECT max(id) FROM requests WHERE task_id = ?1 AND stage = 'classify'
                AND requests.instruction = tasks.instruction AND requests.state = 'parsed'
                AND tasks.label IS NOT NULL),
            instantiate_request_id = (SELECT min(request_id) FROM instances WHERE task_id = ?1
                AND instances.instruction = tasks.instruction AND instances.label IS tasks.label)
        WHERE id = ?1""",
        [task_id],
    )


def _set_instance(db: Connection, instance_id: int, last: Last) -> int:
    """Set an instance to the result of its decisions; returns 1 if it had to be rebuilt."""
    values = as_row(last.after)
    found = db.execute(
        "SELECT input, output, state, reason_code, reason_sentence FROM instances WHERE id = ?", [instance_id]
    ).fetchone()
    if found is None:
        return db.execute(
            """INSERT INTO instances (id, task_id, instruction, label, input, output, state, reason_code,
                reason_sentence)
            SELECT ?1, tasks.id, instruction, coalesce(label, 'generation'), ?3, ?4, ?5, ?6, ?7
            FROM tasks WHERE id = (SELECT task_id FROM decisions WHERE id = ?2)""",
            [instance_id, last.id, *values],
        ).rowcount
    if list(found) != values:
        db.execute(
            """UPDATE instances SET input = ?, output = ?, state = ?, reason_code = ?, reason_sentence = ?
            WHERE id = ?""",
            [*values, instance_id],
        )
    return 0


def _drop_dangling(db: Connection) -> None:
    """Remove references to lost rows."""
    for table, column, parent in (
        ("tasks", "nearest_id", "tasks"),
        ("requests", "task_id", "tasks"),
        ("requests", "instead_of", "requests"),
    ):
        db.execute(
            f"""UPDATE {table} SET {column} = NULL
            WHERE {column} IS NOT NULL AND {column} NOT IN (SELECT id FROM {parent})"""
        )
    db.execute("DELETE FROM reasons WHERE task_id NOT IN (SELECT id FROM tasks)")
