"""Atomic writing: a file has its name only once it is whole and on disk."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LONGEST_PREFIX = 50
"""Characters of a name that are in that of the temporary file: it must not become too long, in bytes."""
_NO_SYNC = frozenset({errno.EACCES, errno.EBADF, errno.EINVAL, errno.ENOTSUP, errno.EPERM})
"""What says that folders cannot be synced here, and not that the disk fails."""


@contextmanager
def writing(path: Path, *, force: bool) -> Iterator[Path]:
    """A temporary file beside `path`, of mode 0600, that gets its name at the end: whole or not at all.

    What is at `path`, a symbolic link as well, is replaced and never written into.

    Args:
        path: Where the file goes.
        force: Whether a file that is there is replaced.

    Raises:
        FileExistsError: there is one, and `force` is not given.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:_LONGEST_PREFIX]}.")
    part = Path(name)
    try:
        os.fchmod(descriptor, 0o600)  # mkstemp obeys the umask
        os.close(descriptor)
        yield part
        put(part, path, force=force)
    finally:
        part.unlink(missing_ok=True)


def put(part: Path, path: Path, *, force: bool) -> None:
    """Give a finished file its name, and wait until both are on disk.

    Args:
        part: The file, on the same file system as `path`; it is gone then.
        path: Its name.
        force: Whether a file that is there is replaced.

    Raises:
        FileExistsError: there is one, and `force` is not given.
    """
    sync(part)
    if force:
        part.replace(path)
    else:
        _move_to_nothing(part, path)
    try:
        sync(path.parent)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise


def _move_to_nothing(part: Path, path: Path) -> None:
    """Move a file to where there is none; unlike a rename, also when somebody makes one at this moment."""
    try:
        path.hardlink_to(part)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        try:
            part.replace(path)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    else:
        part.unlink()


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
