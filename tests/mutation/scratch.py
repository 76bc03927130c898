"""A copy of the repository's files, as they are in the working tree, which programs import in its stead."""

import os
import shutil
import subprocess
from pathlib import Path

_PACKAGES = ("core", "db", "seeds", "tui")


class ScratchCopy:
    """The copy, and how a process comes to use it.

    Args:
        repository: Its root.
        folder: Where the copy goes; empty.
    """

    def __init__(self, repository: Path, folder: Path) -> None:
        self.root = folder / "copy"
        self._site = folder / "site"
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=repository,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for name in filter(None, listed.split("\0")):
            if (repository / name).is_file():
                (self.root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(repository / name, self.root / name)
        package = self._site / "selfinstruct"
        package.mkdir(parents=True)
        for name in _PACKAGES:
            (package / name).symlink_to(self.root / name, target_is_directory=True)

    @property
    def paths(self) -> list[str]:
        """Where Python is to look first."""
        return [str(self.root), str(self._site)]

    @property
    def environment(self) -> dict[str, str]:
        """That of this process, for programs that are to use the copy."""
        return {**os.environ, "PYTHONPATH": os.pathsep.join(self.paths)}
