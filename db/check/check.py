"""Checks the integrity of a workspace, and that its state follows from the decisions stored in it.

Nothing is written. Each part reads its own snapshot, so that other programs wait for at most one part.
"""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from selfinstruct.db.check.parts import PARTS, Part, look_at_search, pass_over_search
from selfinstruct.db.check.scores import Look
from selfinstruct.db.errors import DamagedError, QueryRefusedError
from selfinstruct.db.sqlite.connection import connect_to_read, is_writable, keeping_log
from selfinstruct.db.sqlite.driver import Connection
from selfinstruct.db.sqlite.schema_version import SCHEMA_VERSION, version_of

_UNREADABLE = "It could not be read completely."
_MOST = 10
"""Maximum findings of one kind that are listed; the rest are only counted."""


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a check."""

    path: Path
    parts: tuple[Part, ...]

    @property
    def is_well(self) -> bool:
        """Whether nothing is wrong; harmless findings do not count."""
        return not any(part.wrong for part in self.parts)


def check(path: Path, *, also: Mapping[str, Look] = MappingProxyType({})) -> Report:
    """Check a workspace, which may be in use.

    Args:
        path: The workspace's file.
        also: Additional checks, by name.

    Raises:
        WorkspaceError: There is no workspace, or it is another program's file or has a newer schema.
        DamagedError: Its first page is damaged, so that nothing can be checked.
    """
    with keeping_log(path), closing(connect_to_read(path)) as db:
        search = look_at_search if is_writable(path) else pass_over_search
        looks = {**PARTS, "search": search, **also}
        is_older = version_of(db) < SCHEMA_VERSION
        parts = [_look(db, name, look, is_older=is_older) for name, look in looks.items()]
    return Report(path, tuple(parts))


def _look(db: Connection, name: str, look: Look, *, is_older: bool) -> Part:
    part = Part(name)
    db.execute("BEGIN")
    try:
        look(db, part)
    except DamagedError as error:
        if is_older and "no such" in error.what:
            part.looked_at = "An older workspace does not have this."
        else:
            part.looked_at = part.looked_at or _UNREADABLE
            part.wrong.append(f"SQLite could not continue reading: {error.what}.")
    except QueryRefusedError as error:
        part.looked_at = part.looked_at or _UNREADABLE
        part.wrong.append(f"SQLite could not continue reading: {error.__cause__}.")
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
        part.looked_at = part.looked_at or _UNREADABLE
        part.wrong.append(f"It contains values that this program cannot have written: {error}.")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")
    part.wrong, part.harmless = _some(part.wrong), _some(part.harmless)
    return part


def _some(sentences: list[str]) -> list[str]:
    more = len(sentences) - _MOST
    return [*sentences[:_MOST], f"{more:,} more of this kind."] if more > 0 else sentences
