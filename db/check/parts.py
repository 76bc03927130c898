"""What a check looks at, one part of a workspace after the other."""

import hashlib
import json
import math
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from selfinstruct.db.check.replay import COLUMNS, Row, as_row, differs, replay
from selfinstruct.db.errors import DamagedError, StorageError
from selfinstruct.db.sqlite.driver import Connection
from selfinstruct.db.sqlite.schema_version import SCHEMA_VERSION, newest, version_of
from selfinstruct.db.tables.pool_snapshots import PoolSnapshots, digest_of

_FTS = "tasks_text"
_SEARCH_PATIENCE_MS = 2000
"""How long to wait for a program that writes; what is derived is not worth more."""
JSON_COLUMNS = {
    "settings": ("value",),
    "endpoints": ("learned",),
    "requests": ("prompt", "parameters", "in_context"),
    "attempts": ("parameters",),
}
_KINDS = {
    "INTEGER": ("integer",),
    "REAL": ("real", "integer"),
    "TEXT": ("text",),
    "BLOB": ("text",),  # text is read as bytes here, as blobs are
}


@dataclass
class Part:
    """One thing that was looked at."""

    name: str
    looked_at: str = ""
    """What, and how much of it, in a sentence."""
    is_left_out: bool = False
    """Whether nobody could look at it now; why stands in the sentence."""
    wrong: list[str] = field(default_factory=list)
    """What is not as it was written, each in a sentence."""
    harmless: list[str] = field(default_factory=list)
    """What is derived and can be made anew, or is nothing of ours."""


def _structure(db: Connection, part: Part) -> None:
    """Pages, indexes and constraints, as SQLite looks at them."""
    (pages,) = db.execute("PRAGMA page_count").fetchone()
    part.looked_at = f"{pages:,} pages with their indexes, and every reference from one table to another."
    found = [text for (text,) in db.execute("PRAGMA integrity_check")]
    if found != ["ok"]:
        part.wrong += [f"SQLite says: {line}." for text in found for line in text.splitlines() if line]
    for table, rowid, parent, _ in db.execute("PRAGMA foreign_key_check"):
        part.wrong.append(f"Row {rowid} of {table} refers to a row of {parent} that is not there.")


def _schema(db: Connection, part: Part) -> None:
    """Tables, indexes, triggers and views: ours, and all of them."""
    version = version_of(db)
    part.looked_at = f"Tables, indexes, triggers and views of schema {version}."
    if version < SCHEMA_VERSION:
        part.looked_at += " It is brought up to date when a program works on it the next time."
        return
    with closing(newest()) as fresh:
        wanted, found = objects_of(fresh), objects_of(db)
    for kind, name in sorted(wanted.keys() - found.keys()):
        part.wrong.append(f"The {kind} {name} is missing.")
    for kind, name in sorted(wanted.keys() & found.keys()):
        # Tables that SQLite itself makes for the search may be worded otherwise by another version.
        is_own = not name.startswith((f"{_FTS}_", "_sqlite")) or kind == "trigger"
        if is_own and wanted[kind, name] != found[kind, name]:
            part.wrong.append(f"The {kind} {name} is another than this program makes.")
    for kind, name in sorted(found.keys() - wanted.keys()):
        if kind == "trigger":
            part.wrong.append(f"The trigger {name} is not of this program, and may change what is stored.")
        elif not name.startswith("sqlite_"):
            part.harmless.append(f"The {kind} {name} is not of this program.")


def objects_of(db: Connection) -> dict[tuple[str, str], str]:
    """The SQL of every table, index, trigger and view, by kind and name."""
    rows = db.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
    return {(kind, name): " ".join((sql or "").split()) for kind, name, sql in rows}


def _values(db: Connection, part: Part) -> None:
    """Every value: of the kind that its column is for, text that can be read, JSON that can be read."""
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
    """The columns of the tables that hold data, each with its declared type."""
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
    """A name as SQL takes it, whatever is in it."""
    # Not in double quotes: in them, the name of a column that is not there would be a text.
    doubled = name.replace("`", "``")
    return f"`{doubled}`"


def _raw(db: Connection, sql: str) -> Iterator[tuple[Any, ...]]:
    """Rows with their text as bytes, so that one that is not UTF-8 does not hide the others."""
    db.text_factory = bytes
    try:
        yield from db.execute(sql)
    finally:
        db.text_factory = str


def _wrong_value(value: Any, kinds: tuple[str, ...], *, is_json: bool) -> str:
    """What is wrong with a value; text comes as bytes, as blobs do. Empty: nothing."""
    found = {int: "integer", float: "real"}.get(type(value), "text")
    if found not in kinds:
        return f"should be {' or '.join(kinds)} and is {found}"
    if found == "text":
        try:
            text = value.decode("utf-8")
            if is_json:
                json.loads(text)
        except UnicodeDecodeError:
            return "is not text any more"
        except (ValueError, RecursionError):
            return "is not JSON any more"
    return ""


def _named(table: str, names: list[str], row: tuple[Any, ...]) -> str:
    first = row[0].decode("utf-8", "replace") if isinstance(row[0], bytes) else row[0]
    return f"row {first} of {table}" if names[0] == "id" else f"{first} in {table}"


def _answers(db: Connection, part: Part) -> None:
    """Every response by its hash, and that what counts as answered has an answer."""
    count = 0
    for attempt_id, request_id, body, digest in db.execute(
        "SELECT id, request_id, body, sha256 FROM attempts WHERE body IS NOT NULL OR sha256 IS NOT NULL"
    ):
        count += 1
        if not isinstance(body, bytes) or hashlib.sha256(body).hexdigest() != digest:
            part.wrong.append(
                f"The response of attempt {attempt_id} (request {request_id}) is not the one that was stored."
            )
    part.looked_at = f"{count:,} responses, by the hashes that were stored with them."
    for request_id, state in db.execute(
        """SELECT id, state FROM requests WHERE state IN ('answered', 'parsed') AND NOT EXISTS
        (SELECT 1 FROM attempts WHERE request_id = requests.id AND body IS NOT NULL) ORDER BY id"""
    ).fetchall():
        if not _is_placeholder(db, request_id):
            part.wrong.append(f"Request {request_id} counts as {state}, and has no answer.")
    for table in ("requests", "attempts"):
        part.wrong += [f"{numbers(*gap).capitalize()} of {table} is missing." for gap in gaps(db, table)]


def _is_placeholder(db: Connection, request_id: int) -> bool:
    """Whether a repair has said of a request that its answer is lost."""
    (error,) = db.execute("SELECT error FROM requests WHERE id = ?", [request_id]).fetchone()
    return error is not None


def gaps(db: Connection, table: str, *, up_to: int = 0) -> list[tuple[int, int]]:
    """First and last of the numbers that no row of a table has; `up_to` is known to have been given."""
    rows = db.execute(
        f"""SELECT before + 1, id - 1 FROM
        (SELECT id, lag(id, 1, 0) OVER (ORDER BY id) AS before FROM {table}) WHERE id > before + 1"""
    ).fetchall()
    (last,) = db.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()
    return [*rows, (last + 1, up_to)] if up_to > last else rows


def numbers(first: int, last: int) -> str:
    """Numbers without a gap, in words."""
    return f"number {first}" if first == last else f"all from number {first} to {last}"


def _decisions(db: Connection, part: Part) -> None:
    """That tasks and instances are what the decisions on them make them."""
    rows = (Row(*row) for row in db.execute(f"SELECT {COLUMNS} FROM decisions ORDER BY id"))
    replayed = replay(rows)
    part.wrong += [f"{numbers(*gap).capitalize()} of decisions is missing." for gap in replayed.missing]
    part.wrong += [f"Decision {number} cannot be read any more." for number in replayed.unreadable]
    part.wrong += replayed.faults
    tasks = instances = 0
    for task_id, *row in db.execute("SELECT id, state, instruction, label, held FROM tasks"):
        tasks += 1
        state, instruction, label, held = row
        what = differs(replayed.tasks.get(task_id), (state, instruction, label, held))
        if what:
            part.wrong.append(f"The {what} of task {task_id} is not what the decisions make it.")
    for instance_id, *row in db.execute(
        "SELECT id, input, output, state, reason_code, reason_sentence FROM instances"
    ):
        instances += 1
        last = replayed.instances.get(instance_id)
        if last is not None and row != as_row(last.after):
            part.wrong.append(f"Instance {instance_id} is not what the decisions make it.")
    for table in ("tasks", "instances"):
        part.harmless += [
            f"{numbers(*gap).capitalize()} of {table} is not there; nobody has decided on it."
            for gap in gaps(db, table)
        ]
    part.looked_at = (
        f"{replayed.count:,} decisions, gone through from the first to the last; what they make of"
        f" {tasks:,} tasks and {instances:,} instances."
    )


def _sums(db: Connection, part: Part) -> None:
    """What a cost limit looks at."""
    part.looked_at = "The sums of what the attempts have cost."
    stored = db.execute("SELECT known_usd, known_attempts, charged_usd FROM spending").fetchone()
    summed = db.execute(
        """SELECT total(cost_usd), count(cost_usd), total(coalesce(cost_usd, reserved_usd)) FROM attempts"""
    ).fetchone()
    if stored is None or not all(map(_are_equal, stored, summed)):
        part.wrong.append("They are not the sums of the attempts' costs.")


def _are_equal(stored: Any, summed: float) -> bool:
    return isinstance(stored, int | float) and math.isclose(stored, summed, rel_tol=1e-6, abs_tol=1e-6)


def _image(db: Connection, part: Part) -> None:
    """The stored image of the pool: programs check it before they trust it."""
    part.looked_at = "The image of the pool, from which a program starts sooner."
    for name, stored in PoolSnapshots(db).read().items():
        if stored.sha256 != digest_of(stored):
            part.harmless.append(f"The image {name} is not as it was stored. It is derived, and not used.")


def look_at_search(db: Connection, part: Part) -> None:
    """The full-text index, which is checked by a command that is a write to SQLite, and changes nothing."""
    part.looked_at = "The index for the search in instructions."
    db.execute("ROLLBACK")
    (patience,) = db.execute("PRAGMA busy_timeout").fetchone()
    db.execute(f"PRAGMA busy_timeout = {_SEARCH_PATIENCE_MS}")
    db.execute("PRAGMA query_only = OFF")
    try:
        db.execute("BEGIN IMMEDIATE")
        db.execute(f"INSERT INTO {_FTS} ({_FTS}, rank) VALUES ('integrity-check', 1)")
    except DamagedError:
        part.wrong.append("It does not fit to the instructions. It is derived, and can be made anew.")
    except StorageError as error:
        _leave_out(part, str(error.__cause__))
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")
        db.execute("PRAGMA query_only = ON")
        db.execute(f"PRAGMA busy_timeout = {patience}")


def pass_over_search(db: Connection, part: Part) -> None:
    """The full-text index where nothing can be written: it is said that nobody has looked at it."""
    del db
    _leave_out(part, "that is done only where the file and its folder can be written")


def _leave_out(part: Part, because: str) -> None:
    part.is_left_out = True
    part.looked_at = f"The index for the search in instructions was not looked at: {because}."


PARTS: dict[str, Callable[[Connection, Part], None]] = {
    "structure": _structure,
    "schema": _schema,
    "values": _values,
    "answers": _answers,
    "decisions": _decisions,
    "sums": _sums,
    "image": _image,
}
"""What is read, by its name."""
