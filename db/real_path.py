"""The path that a name leads to, through symbolic links."""

import os
from pathlib import Path


def real_path(path: Path) -> Path:
    """Resolve symbolic links, as SQLite does before it names side files."""
    # Path.resolve() raises for a link to itself.
    return Path(os.path.realpath(path))
