"""Looks a workspace through: whether it is whole, and whether all in it follows from what was stored.

Nothing is written. Each part reads what there is at one moment of its own, so that programs at work wait for
no more than one of them.
"""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from selfinstruct.db.check.parts import PARTS, Part, look_at_search, pass_over_search
from selfinstruct.db.check.scores import Look
from selfinstruct.db.errors import DamagedError, QueryRefusedError
from selfinstruct.db.sqlite.connection import connect_to_read, is_writable
from selfinstruct.db.sqlite.driver import Connection
from selfinstruct.db.sqlite.schema_version import SCHEMA_VERSION, version_of

_MOST = 10
"""So many sentences of one kind are given, and then how many more there are."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found."""

    path: Path
    parts: tuple[Part, ...]

    @property
    def is_well(self) -> bool:
        """Whether nothing is wrong; what is harmless does not count."""
        return not any(part.wrong for part in self.parts)


def check(path: Path, *, also: Mapping[str, Look] = MappingProxyType({})) -> Report:
    """Look a workspace through; others may go on with it.

    Args:
        path: The workspace's file.
        also: More to look at, by its name.

    Raises:
        WorkspaceError: there is none, another program made the file, or a newer version of this one.
        DamagedError: its first page is damaged, so that nothing can be looked at.
    """
    with closing(connect_to_read(path)) as db:
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
            part.looked_at = "An older workspace has none of that."
        else:
            part.looked_at = part.looked_at or "Not all of it could be read."
            part.wrong.append(f"SQLite stopped there: {error.what}.")
    except QueryRefusedError as error:
        part.looked_at = part.looked_at or "Not all of it could be read."
        part.wrong.append(f"SQLite stopped there: {error.__cause__}.")
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
        part.looked_at = part.looked_at or "Not all of it could be read."
        part.wrong.append(f"There are values in it that no program wrote: {error}.")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")
    part.wrong, part.harmless = _some(part.wrong), _some(part.harmless)
    return part


def _some(sentences: list[str]) -> list[str]:
    more = len(sentences) - _MOST
    return [*sentences[:_MOST], f"{more:,} more of this kind."] if more > 0 else sentences
