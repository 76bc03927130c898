"""Atomic file writing: a temporary file gets its final name once it is complete and synced to disk."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selfinstruct.db.real_path import real_path

_LONGEST_PREFIX = 50
"""Characters of the target's name in the temporary name, which must stay within the limit in bytes."""
_NO_SYNC = frozenset({errno.EACCES, errno.EBADF, errno.EINVAL, errno.ENOTSUP, errno.EPERM})
"""Errors that mean that this file system cannot sync folders, not that the disk is failing."""
_DEVICES = (Path("/dev"), Path("/dev/fd"))
_OF_THE_KERNEL = Path("/proc")


def is_special(path: Path) -> bool:
    """Whether a path leads to something that no file may replace: a device, a pipe, a link to itself.

    Entries such as /dev/stdout count as devices even while they lead to a file.

    Raises:
        OSError: The path cannot be inspected.
    """
    real = real_path(path)
    if real.is_symlink() or (path.exists() and not path.is_file() and not path.is_dir()):
        return True
    folders = {real.parent, real_path(path.parent)}
    return any(folder in _DEVICES or folder.is_relative_to(_OF_THE_KERNEL) for folder in folders)


@contextmanager
def writing(path: Path, *, force: bool) -> Iterator[Path]:
    """Yield a temporary file beside `path`, of mode 0600, and rename it at the end; on errors, delete it.

    With `force`, symbolic links are followed and kept: the file is written beside the one that they lead to.

    Args:
        path: The file to write.
        force: Whether to replace an existing file.

    Raises:
        FileExistsError: The file exists, and `force` is not given.
    """
    if force:
        path = real_path(path)
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
    """Sync a finished file, rename it atomically, and sync its folder.

    Args:
        part: The temporary file, on the same file system as `path`.
        path: The final name; a symbolic link there is replaced.
        force: Whether to replace an existing file.

    Raises:
        FileExistsError: The file exists, and `force` is not given.
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
    """Rename a file, but never over another one, even if that is created at the same moment."""
    try:
        path.hardlink_to(part)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        try:
            part.replace(path)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    else:
        part.unlink()


def sync(path: Path) -> None:
    """Flush a file, or the entries of a folder, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
