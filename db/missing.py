"""Sentences on files that are not where they were looked for, with the folder by its full path."""

import os
from pathlib import Path


def why_missing(path: Path) -> str:
    """Return why there is no file at a path, to end a sentence."""
    folder = _folder(path)
    if path.is_symlink() and not path.exists():
        return f"the symbolic link in {folder} leads to nothing"
    if path.exists():
        return f"the file in {folder} is empty"
    return f"there is no such file in {folder}" if folder.is_dir() else _without(folder)


def not_written(path: Path, error: Exception, instead: str) -> str:
    """Return the sentences on a file that cannot be written.

    Args:
        path: The file.
        error: Why; a missing folder is named.
        instead: What else to do, such as "choose another place".
    """
    why = (error.strerror if isinstance(error, OSError) else None) or str(error)
    if isinstance(error, FileNotFoundError):
        why, instead = _without(_folder(path)), f"create it, or {instead}"
    elif isinstance(error, NotADirectoryError):
        why = f"{_folder(path)} is not a folder"
    return f"{path} cannot be written: {why}. {instead[:1].upper()}{instead[1:]}."


def no_folder_for(path: Path, instead: str) -> str | None:
    """Return the sentences on a file whose folder is missing; None if it is there."""
    folder = _folder(path)
    return None if folder.is_dir() else not_written(path, FileNotFoundError(), instead)


def _folder(path: Path) -> Path:
    # Without the dots, and through no symbolic link: as the person would write it.
    return Path(os.path.abspath(path)).parent  # noqa: PTH100 - Path.absolute() leaves the dots


def _without(folder: Path) -> str:
    return f"the folder {folder} does not exist"
