"""Data files for tests, and what is read from them."""

import json
from pathlib import Path

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
