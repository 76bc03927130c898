"""Copies everything readable from a damaged workspace into a new one, row by row.

SQLite reads each table in key ranges that narrow down on the damage. Rows that it cannot reach are carved out
of the pages.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from selfinstruct.db.check.parts import JSON_COLUMNS, columns_of, quoted
from selfinstruct.db.errors import DamagedError, QueryRefusedError
from selfinstruct.db.repair.page_reader import PageReader, Record
from selfinstruct.db.sqlite.driver import Connection

NOT_COPIED = {"spending", "similarity", "_sqlite_migrations"}
"""Tables that are rebuilt instead."""
_ADDED = {"instances": 3, "decisions": 1}
"""How many of a table's last columns are newer than the table: rows that are older end before them."""
_HIGHEST = 2**48
"""Upper bound on keys; a higher one is damaged."""


@dataclass(frozen=True)
class Table:
    """A table of the current schema."""

    name: str
    columns: Mapping[str, str]
    """The declared type of each column."""
    required: frozenset[str]
    """The columns that are NOT NULL."""
    key: tuple[str, ...]
    """The columns of the primary key, in order."""
    numbered: bool
    """Whether the key is the rowid."""


@dataclass
class Salvage:
    """The result of a salvage."""

    tables: dict[str, Table]
    damaged: set[str] = field(default_factory=set)
    """Tables that SQLite could not read completely."""
    from_pages: dict[str, int] = field(default_factory=dict)
    """The number of rows of each table that were recovered only from the pages."""
    notes: list[str] = field(default_factory=list)
    """Sentences about values that were altered or lost."""


def tables_of(db: Connection) -> dict[str, Table]:
    """Return the tables of an undamaged workspace, by name."""
    tables = {}
    for name, columns in columns_of(db).items():
        if name in NOT_COPIED:
            continue
        about = db.execute('SELECT name, "notnull", pk FROM pragma_table_info(?)', [name]).fetchall()
        key = tuple(column for column, _, pk in sorted(about, key=lambda row: row[2]) if pk)
        numbered = len(key) == 1 and columns[key[0]] == "INTEGER"
        required = frozenset(column for column, not_null, pk in about if not_null or pk)
        tables[name] = Table(name, columns, required, key, numbered)
    return tables


def salvage(source: Connection | None, pages: PageReader, target: Connection) -> Salvage:
    """Copy everything readable into an empty workspace without triggers.

    Args:
        source: The damaged workspace; None if SQLite cannot open it.
        pages: The pages of the same file.
        target: A new workspace; rows that it rejects are left out.
    """
    found = Salvage(tables_of(target))
    for table in found.tables.values():
        if source is None or not _copy_table(source, target, table, found):
            found.damaged.add(table.name)
    if found.damaged:
        for record in pages.records():
            _take(record, target, found)
    return found


def _copy_table(source: Connection, target: Connection, table: Table, found: Salvage) -> bool:
    """Copy the rows of a table that SQLite can read; returns whether that was all of them."""
    # Invalid UTF-8 is replaced rather than losing the row, except in decisions, which must stay exact.
    errors = "strict" if table.name == "decisions" else "replace"
    source.text_factory = lambda text: text.decode("utf-8", errors)
    whole = True
    try:
        for row in _rows(source, table):
            if row is None or not _insert(target, table, row, found):
                whole = False
    finally:
        source.text_factory = str
    return whole


def _rows(source: Connection, table: Table) -> Iterator[tuple[Any, ...] | None]:
    """Yield the readable rows, and None for each range that cannot be read."""
    columns = ", ".join(map(quoted, table.columns))
    select = f"SELECT {columns} FROM {quoted(table.name)} NOT INDEXED"
    if not table.numbered:
        order = ", ".join(quoted(name) for name in table.key)
        backwards = ", ".join(f"{quoted(name)} DESC" for name in table.key)
        for end in (order, backwards):
            try:
                yield from source.execute(f"SELECT {columns} FROM {quoted(table.name)} ORDER BY {end}")
            except (DamagedError, UnicodeDecodeError):
                yield None
            else:
                return
        return
    key = list(table.columns).index(table.key[0])
    highest = highest_key(source, table.name)
    if highest is None:
        yield None
        return
    todo = [(1, highest)]
    while todo:
        low, high = todo.pop()
        last = low - 1
        try:
            for row in source.execute(f"{select} WHERE rowid BETWEEN ? AND ? ORDER BY rowid", [low, high]):
                yield row
                last = row[key] if row[key] is not None else last
        except (DamagedError, UnicodeDecodeError):
            yield None
            if last >= low:
                todo.append((last + 1, high))
            elif low < high:
                middle = (low + high) // 2
                todo += [(middle + 1, high), (low, middle)]


def highest_key(source: Connection, table: str) -> int | None:
    """Return the highest rowid in a table or any of its indexes; None if none can be read."""
    known = []
    for where in ["NOT INDEXED", *(f"INDEXED BY {quoted(name)}" for name in _indexes(source, table))]:
        with suppress(DamagedError):
            (highest,) = source.execute(f"SELECT max(rowid) FROM {quoted(table)} {where}").fetchone()
            known.append(min(highest or 0, _HIGHEST))
    return max(known, default=None)


def _indexes(source: Connection, table: str) -> list[str]:
    """Return the indexes that contain every row of a table."""
    try:
        rows = source.execute("SELECT name FROM pragma_index_list(?) WHERE NOT partial", [table])
        return [name for (name,) in rows]
    except DamagedError:
        return []


def _insert(target: Connection, table: Table, row: tuple[Any, ...], found: Salvage) -> bool:
    """Insert a row into the new workspace if it is valid; returns whether it is there."""
    values = dict(zip(table.columns, row, strict=True))
    for column, kind in table.columns.items():
        value = values[column]
        if value is None and column in table.required:
            return False
        if value is not None and not _fits(value, kind):
            if column in table.required or table.name == "decisions":
                return False
            values[column] = None
            found.notes.append(f"The {column} of row {row[0]} of {table.name} could not be read.")
    for column in JSON_COLUMNS.get(table.name, ()):
        if values[column] is not None and not _is_json(values[column]):
            if column != "prompt":
                return False
            values[column] = json.dumps(values[column], ensure_ascii=False)
            found.notes.append(f"The prompt of request {row[0]} is damaged.")
    marks = ", ".join("?" * len(values))
    names = ", ".join(map(quoted, values))
    try:
        target.execute(
            f"INSERT OR IGNORE INTO {quoted(table.name)} ({names}) VALUES ({marks})", list(values.values())
        )
        where = " AND ".join(f"{quoted(name)} IS ?" for name in table.key)
        return (
            target.execute(
                f"SELECT 1 FROM {quoted(table.name)} WHERE {where}", [values[name] for name in table.key]
            ).fetchone()
            is not None
        )
    except (QueryRefusedError, OverflowError, UnicodeEncodeError):
        return False


def _fits(value: Any, kind: str) -> bool:
    if kind == "INTEGER":
        return isinstance(value, int)
    if kind == "REAL":
        return isinstance(value, int | float)
    return isinstance(value, str if kind == "TEXT" else bytes)


def _is_json(text: Any) -> bool:
    try:
        json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return False
    return True


def _take(record: Record, target: Connection, found: Salvage) -> None:
    """Insert a record from the pages into the damaged table that it fits, unless it is already there."""
    for name in found.damaged:
        table = found.tables[name]
        row = _as_row(record, table)
        if row is None or _is_there(target, table, row):
            continue
        if _insert(target, table, row, found):
            found.from_pages[name] = found.from_pages.get(name, 0) + 1
            return


def _as_row(record: Record, table: Table) -> tuple[Any, ...] | None:
    """Convert a record to a row of a table; None if it does not fit."""
    lacking = len(table.columns) - len(record.values)
    if not 0 <= lacking <= _ADDED.get(table.name, 0) or (record.rowid is None) == table.numbered:
        return None
    row: list[Any] = []
    for place, (column, kind) in enumerate(table.columns.items()):
        value: Any = record.values[place] if place < len(record.values) else None
        if place in record.texts:
            try:
                value = value.decode("utf-8")
            except UnicodeDecodeError:
                return None
        if table.numbered and column == table.key[0]:
            if value is not None or not record.rowid or not 0 < record.rowid < _HIGHEST:
                return None
            value = record.rowid
        # SQLite stores whole numbers in REAL columns as integers to save space.
        if (value is None and column in table.required) or (value is not None and not _fits(value, kind)):
            return None
        row.append(value)
    return tuple(row)


def _is_there(target: Connection, table: Table, row: tuple[Any, ...]) -> bool:
    places = [list(table.columns).index(name) for name in table.key]
    where = " AND ".join(f"{quoted(name)} IS ?" for name in table.key)
    found = target.execute(
        f"SELECT 1 FROM {quoted(table.name)} WHERE {where}", [row[place] for place in places]
    )
    return found.fetchone() is not None
