"""Failures of the program itself, in one line that shows no variable and no key."""

import shlex
import traceback
from pathlib import Path

from selfinstruct.core.endpoint.redaction import struck_text
from selfinstruct.db.errors import WorkspaceError
from selfinstruct.tui.text.safe_text import safe_line


def failure(error: BaseException) -> str:
    """What went wrong in the program itself, and where: no variable, no key, nothing a terminal obeys."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    return safe_line(struck_text(f"{error!r}{where}"))


def unexpected(error: BaseException, path: Path) -> WorkspaceError:
    """An error that has no sentence: a mistake in this program, or a value that has changed in the file."""
    return WorkspaceError(
        f"This program failed: {failure(error)}. What was stored is kept. Run selfinstruct check --db"
        f" {shlex.quote(str(path))}; if it finds nothing wrong, please report this."
    )
