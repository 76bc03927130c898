"""Data files for tests, and what is read from them."""

import json
from pathlib import Path
from typing import Any

from selfinstruct.core.dataset_files.data_file import DataFile
from selfinstruct.core.dataset_files.row import BadRow, DataRow


def line(**fields: object) -> str:
    return json.dumps(fields, ensure_ascii=False)


def read(path: Path, content: str | bytes, **options: object) -> tuple[list[DataRow], list[BadRow]]:
    """Write a file, and read its rows."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return rows_of(DataFile(path, **options))  # type: ignore[arg-type]


def rows_of(data: DataFile) -> tuple[list[DataRow], list[BadRow]]:
    rows = list(data.rows())
    # Every reading begins at the beginning.
    assert list(data.rows()) == rows
    return [one for one in rows if isinstance(one, DataRow)], [one for one in rows if isinstance(one, BadRow)]


def told(bad: list[BadRow]) -> list[tuple[int, str]]:
    return [(one.line, one.reason) for one in bad]


def said(row: DataRow) -> list[tuple[str, str]]:
    """A row as a conversation."""
    talk = [("user", row.instruction)]
    if row.conversation is not None:
        if row.conversation.system:
            talk.insert(0, ("system", row.conversation.system))
        talk += [(turn.role, turn.content) for turn in row.conversation.turns]
    return [*talk, ("assistant", row.output or "")]


def rows(path: Path, *fields: Any, **options: Any) -> tuple[list[DataRow], list[BadRow]]:
    path.write_text("".join(f"{json.dumps(one)}\n" for one in fields), encoding="utf-8")
    return rows_of(DataFile(path, **options))


def one(folder: Path, **fields: Any) -> DataRow:
    found, bad = rows(folder / "rows.jsonl", fields)
    assert bad == []
    (row,) = found
    return row


def refused(folder: Path, **fields: Any) -> str:
    # The first row lets the file be recognized.
    found, bad = rows(folder / "rows.jsonl", {"instruction": "Name a river.", "output": "The Rhine."}, fields)
    assert len(found) == 1
    ((place, reason),) = told(bad)
    assert place == 2
    return reason


USER, BOT = {"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi!"}
SYSTEM = {"role": "system", "content": "Be kind."}
AGAIN, BYE = {"role": "user", "content": "Bye"}, {"role": "assistant", "content": "See you."}
TALK = [("user", "Hello"), ("assistant", "Hi!")]
LONG = [("system", "Be kind."), *TALK, ("user", "Bye"), ("assistant", "See you.")]


def sharegpt(*messages: dict[str, str], **names: str) -> list[dict[str, str]]:
    roles = {"user": "human", "assistant": "gpt"} | names
    return [{"from": roles.get(one["role"], one["role"]), "value": one["content"]} for one in messages]
