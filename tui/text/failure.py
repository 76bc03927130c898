"""Internal errors as one line, without variables or API keys."""

import shlex
import traceback
from pathlib import Path

from selfinstruct.core.endpoint.redaction import struck_text
from selfinstruct.db.errors import WorkspaceError
from selfinstruct.tui.text.safe_text import safe_line


def failure(error: BaseException) -> str:
    """Return an internal error and where it was raised, as one safe line without variables or API keys."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    return safe_line(struck_text(f"{error!r}{where}"))


def unexpected(error: BaseException, path: Path) -> WorkspaceError:
    """Wrap an unexpected error: a bug in this program, or a corrupted value in the file."""
    return WorkspaceError(
        f"This program failed: {failure(error)}. What was stored is kept. Run selfinstruct check --db"
        f" {shlex.quote(str(path))}; if it finds nothing wrong, please report this."
    )
