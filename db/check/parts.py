"""The parts of a check: one function for each aspect of a workspace."""

import hashlib
import json
import math
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from selfinstruct.db.check.altered import altered
from selfinstruct.db.check.replay import COLUMNS, Row, as_row, differs, replay
from selfinstruct.db.errors import DamagedError, StorageError
from selfinstruct.db.sqlite.driver import Connection
from selfinstruct.db.sqlite.schema_version import SCHEMA_VERSION, newest, version_of
from selfinstruct.db.tables.pool_snapshots import PoolSnapshots, digest_of

_FTS = "tasks_text"
_SEARCH_PATIENCE_MS = 2000
"""Busy timeout of the search check, in milliseconds: short, because the index can be rebuilt."""
KEPT = """SELECT count(*), count(*) FILTER (
        WHERE instances.instruction = tasks.instruction AND instances.label = tasks.label)
    FROM instances WHERE task_id = tasks.id AND instances.state = 'kept'"""
"""Counts what a task's columns `kept` and `kept_now` hold."""
JSON_COLUMNS = {
    "settings": ("value",),
    "endpoints": ("learned",),
    "requests": ("prompt", "parameters", "in_context"),
    "attempts": ("parameters",),
    "instances": ("conversation",),
    "imports": ("options",),
    "exports": ("options",),
}
_KINDS = {
    "INTEGER": ("integer",),
    "REAL": ("real", "integer"),
    "TEXT": ("text",),
    "BLOB": ("text",),  # text is read as bytes here, like blobs
}


@dataclass
class Part:
    """The result of one part of a check."""

    name: str
    looked_at: str = ""
    """A sentence that says what was checked, and how much of it."""
    is_left_out: bool = False
    """Whether the part was skipped; `looked_at` says why."""
    wrong: list[str] = field(default_factory=list)
    """Damage, one sentence per finding."""
    harmless: list[str] = field(default_factory=list)
    """Findings about derived data, which can be rebuilt, or about objects of other programs."""


def _structure(db: Connection, part: Part) -> None:
    """Check pages, indexes and constraints with SQLite's own integrity check."""
    (pages,) = db.execute("PRAGMA page_count").fetchone()
    part.looked_at = f"{pages:,} pages with their indexes, and all references between tables."
    found = [text for (text,) in db.execute("PRAGMA integrity_check")]
    if found != ["ok"]:
        part.wrong += [f"SQLite says: {line}." for text in found for line in text.splitlines() if line]
    for table, rowid, parent, _ in db.execute("PRAGMA foreign_key_check"):
        part.wrong.append(f"Row {rowid} of {table} refers to a row of {parent} that does not exist.")


def _schema(db: Connection, part: Part) -> None:
    """Check that exactly the tables, indexes, triggers and views of the current schema exist."""
    version = version_of(db)
    part.looked_at = f"Tables, indexes, triggers and views of schema {version}."
    if version < SCHEMA_VERSION:
        part.looked_at += " The next program that opens it for writing migrates it."
        return
    with closing(newest()) as fresh:
        wanted, found = objects_of(fresh), objects_of(db)
    for kind, name in sorted(wanted.keys() - found.keys()):
        part.wrong.append(f"The {kind} {name} is missing.")
    for kind, name in sorted(wanted.keys() & found.keys()):
        # Other versions of SQLite may phrase the full-text index's internal tables differently.
        is_own = not name.startswith((f"{_FTS}_", "_sqlite")) or kind == "trigger"
        if is_own and wanted[kind, name] != found[kind, name]:
            part.wrong.append(f"The {kind} {name} differs from the one that this program creates.")
    for kind, name in sorted(found.keys() - wanted.keys()):
        if kind == "trigger":
            part.wrong.append(f"The trigger {name} is not from this program, and may change stored data.")
        elif not name.startswith("sqlite_"):
            part.harmless.append(f"The {kind} {name} is not from this program.")


def objects_of(db: Connection) -> dict[tuple[str, str], str]:
    """Return the SQL of every table, index, trigger and view, by kind and name."""
    rows = db.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
    return {(kind, name): " ".join((sql or "").split()) for kind, name, sql in rows}


def _values(db: Connection, part: Part) -> None:
    """Check every value: the type that its column declares, valid UTF-8, valid JSON."""
    count = 0
    for table, columns in columns_of(db).items():
        names = [name for name, kind in columns.items() if kind != "BLOB"]
        kinds = [_KINDS.get(columns[name], ()) for name in names]
        for row in _raw(db, f"SELECT {', '.join(map(quoted, names))} FROM {quoted(table)}"):
            count += 1
            for name, kind, value in zip(names, kinds, row, strict=True):
                if value is None or not kind:
                    continue
                what = _wrong_value(value, kind, is_json=name in JSON_COLUMNS.get(table, ()))
                if what:
                    part.wrong.append(f"The {name} of {_named(table, names, row)} {what}.")
    part.looked_at = f"{count:,} rows, value by value."


def columns_of(db: Connection) -> dict[str, dict[str, str]]:
    """Return the columns of each table with data, with their declared types."""
    tables = db.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
        " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE ? || '\\_%' ESCAPE '\\' ORDER BY name",
        [_FTS],
    ).fetchall()
    return {
        table: dict(db.execute("SELECT name, type FROM pragma_table_info(?)", [table]).fetchall())
        for (table,) in tables
    }


def quoted(name: str) -> str:
    """Quote a name as an SQL identifier."""
    # Not in double quotes, in which SQLite reads the name of a missing column as a string.
    doubled = name.replace("`", "``")
    return f"`{doubled}`"


def _raw(db: Connection, sql: str) -> Iterator[tuple[Any, ...]]:
    """Yield rows with text as bytes, so that invalid UTF-8 in one row does not hide the others."""
    db.text_factory = bytes
    try:
        yield from db.execute(sql)
    finally:
        db.text_factory = str


def _wrong_value(value: Any, kinds: tuple[str, ...], *, is_json: bool) -> str:
    """Return what is wrong with a value, as a predicate; empty if nothing is. Text comes as bytes."""
    found = {int: "integer", float: "real"}.get(type(value), "text")
    if found not in kinds:
        return f"should be {' or '.join(kinds)}, but is {found}"
    if found == "text":
        try:
            text = value.decode("utf-8")
            if is_json:
                json.loads(text)
        except UnicodeDecodeError:
            return "is not valid UTF-8"
        except (ValueError, RecursionError):
            return "is not valid JSON"
    return ""


def _named(table: str, names: list[str], row: tuple[Any, ...]) -> str:
    first = row[0].decode("utf-8", "replace") if isinstance(row[0], bytes) else row[0]
    return f"row {first} of {table}" if names[0] == "id" else f"{first} in {table}"


def _answers(db: Connection, part: Part) -> None:
    """Check every response against its hash, and that every answered request has a response."""
    count = 0
    for attempt_id, request_id, body, digest in db.execute(
        "SELECT id, request_id, body, sha256 FROM attempts WHERE body IS NOT NULL OR sha256 IS NOT NULL"
    ):
        count += 1
        if not isinstance(body, bytes) or hashlib.sha256(body).hexdigest() != digest:
            part.wrong.append(
                f"The response of attempt {attempt_id} (request {request_id}) does not match its stored hash."
            )
    part.looked_at = f"{count:,} responses, against the hashes stored with them."
    for request_id, state in db.execute(
        """SELECT id, state FROM requests WHERE state IN ('answered', 'parsed') AND NOT EXISTS
        (SELECT 1 FROM attempts WHERE request_id = requests.id AND body IS NOT NULL) ORDER BY id"""
    ).fetchall():
        if not _is_placeholder(db, request_id):
            part.wrong.append(f"Request {request_id} is marked as {state}, but has no response.")
    for table in ("requests", "attempts"):
        part.wrong += [f"Missing from {table}: {numbers(*gap)}." for gap in gaps(db, table)]


def _is_placeholder(db: Connection, request_id: int) -> bool:
    """Whether a repair recorded that the response to a request is lost."""
    (error,) = db.execute("SELECT error FROM requests WHERE id = ?", [request_id]).fetchone()
    return error is not None


def gaps(db: Connection, table: str, *, up_to: int = 0) -> list[tuple[int, int]]:
    """Return the gaps in the ids of a table, as (first, last); ids up to `up_to` are known to be used."""
    rows = db.execute(
        f"""SELECT before + 1, id - 1 FROM
        (SELECT id, lag(id, 1, 0) OVER (ORDER BY id) AS before FROM {table}) WHERE id > before + 1"""
    ).fetchall()
    (last,) = db.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()
    return [*rows, (last + 1, up_to)] if up_to > last else rows


def numbers(first: int, last: int) -> str:
    """Format a range of ids."""
    return f"number {first}" if first == last else f"numbers {first} to {last}"


def _decisions(db: Connection, part: Part) -> None:
    """Check that the state of tasks and instances follows from the decisions on them."""
    rows = (Row(*row) for row in db.execute(f"SELECT {COLUMNS} FROM decisions ORDER BY id"))
    replayed = replay(rows)
    part.wrong += [f"Missing from decisions: {numbers(*gap)}." for gap in replayed.missing]
    part.wrong += [f"Decision {number} cannot be read." for number in replayed.unreadable]
    part.wrong += replayed.faults
    tasks = instances = 0
    for task_id, *row in db.execute("SELECT id, state, instruction, label, held FROM tasks"):
        tasks += 1
        state, instruction, label, held = row
        what = differs(replayed.tasks.get(task_id), (state, instruction, label, held))
        if what:
            part.wrong.append(f"The {what} of task {task_id} does not follow from the decisions.")
    for instance_id, *row in db.execute(
        "SELECT id, input, output, state, reason_code, reason_sentence FROM instances"
    ):
        instances += 1
        last = replayed.instances.get(instance_id)
        if last is not None and row != as_row(last.after):
            part.wrong.append(f"Instance {instance_id} does not follow from the decisions.")
    if version_of(db) == SCHEMA_VERSION:
        part.wrong += [
            f"The content of instance {instance_id} was altered, but by no decision."
            for instance_id, _ in altered(db, replayed)
        ]
    for table in ("tasks", "instances"):
        part.harmless += [
            f"Missing from {table}, without decisions: {numbers(*gap)}." for gap in gaps(db, table)
        ]
    part.looked_at = (
        f"{replayed.count:,} decisions, replayed from first to last, and the resulting states of"
        f" {tasks:,} tasks and {instances:,} instances."
    )


def _sums(db: Connection, part: Part) -> None:
    """Check the running totals of costs, which the cost limit relies on, and the counts of kept instances."""
    part.looked_at = "The running totals of the attempts' costs, and each task's count of kept instances."
    stored = db.execute("SELECT known_usd, known_attempts, charged_usd FROM spending").fetchone()
    summed = db.execute(
        """SELECT total(cost_usd), count(cost_usd), total(coalesce(cost_usd, reserved_usd)) FROM attempts"""
    ).fetchone()
    if stored is None or not all(map(_are_equal, stored, summed)):
        part.wrong.append("They do not match the sums of the attempts' costs.")
    if version_of(db) < SCHEMA_VERSION:
        return
    miscounted = f"SELECT id FROM tasks WHERE (kept, kept_now) != ({KEPT}) ORDER BY id"
    part.wrong += [
        f"Task {task_id} does not have as many kept instances as are counted for it."
        for (task_id,) in db.execute(miscounted)
    ]


def _are_equal(stored: Any, summed: float) -> bool:
    return isinstance(stored, int | float) and math.isclose(stored, summed, rel_tol=1e-6, abs_tol=1e-6)


def _image(db: Connection, part: Part) -> None:
    """Check the snapshots of the pool's indexes, which programs verify before they use them."""
    part.looked_at = "The snapshots of the pool's indexes, which speed up the start."
    for name, stored in PoolSnapshots(db).read().items():
        if stored.sha256 != digest_of(stored):
            part.harmless.append(f"The snapshot {name} is damaged. It is derived, and will be rebuilt.")


def look_at_search(db: Connection, part: Part) -> None:
    """Check the full-text index, with a command that needs the write lock but changes nothing."""
    part.looked_at = "The full-text index of the instructions."
    db.execute("ROLLBACK")
    (patience,) = db.execute("PRAGMA busy_timeout").fetchone()
    db.execute(f"PRAGMA busy_timeout = {_SEARCH_PATIENCE_MS}")
    db.execute("PRAGMA query_only = OFF")
    try:
        db.execute("BEGIN IMMEDIATE")
        db.execute(f"INSERT INTO {_FTS} ({_FTS}, rank) VALUES ('integrity-check', 1)")
    except DamagedError:
        part.wrong.append("It does not match the instructions. It is derived, and can be rebuilt.")
    except StorageError as error:
        _leave_out(part, str(error.__cause__))
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")
        db.execute("PRAGMA query_only = ON")
        db.execute(f"PRAGMA busy_timeout = {patience}")


def pass_over_search(db: Connection, part: Part) -> None:
    """Report that the full-text index was skipped, because its check needs write access."""
    del db
    _leave_out(part, "that requires write access to the file and its folder")


def _leave_out(part: Part, because: str) -> None:
    part.is_left_out = True
    part.looked_at = f"The full-text index of the instructions was not checked: {because}."


PARTS: dict[str, Callable[[Connection, Part], None]] = {
    "structure": _structure,
    "schema": _schema,
    "values": _values,
    "answers": _answers,
    "decisions": _decisions,
    "sums": _sums,
    "image": _image,
}
"""The parts that only read, by name."""
