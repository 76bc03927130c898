"""Advice for files that cannot be read or written: the cause if it is known, else the likely ones."""

import errno
import os

from selfinstruct.db.sqlite.driver import sqlite3

_FULL = "The disk is full, or your quota on it is used up: free some space."
_FAILS = "The disk, or the connection to it, may be failing."
_TOO_MANY_FILES = "Too many files are open: raise the limit with ulimit -n, or close other programs."
_NOT_WRITABLE = "The file or its folder is write-protected."
_UNKNOWN = (
    "There are several possible causes: the disk is full, or you may not write to the file or create files"
    " beside it."
)

_BY_ERRNO = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EIO: _FAILS,
    errno.EMFILE: _TOO_MANY_FILES,
    errno.ENFILE: _TOO_MANY_FILES,
    errno.EROFS: _NOT_WRITABLE,
    errno.EACCES: _NOT_WRITABLE,
    errno.EPERM: _NOT_WRITABLE,
}
_BY_SQLITE_CODE = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_IOERR: _FAILS,
    sqlite3.SQLITE_READONLY: _NOT_WRITABLE,
}


def what_helps(error: BaseException) -> str:
    """Return the advice to append to an error's message."""
    # SQLite does not report the system's error when it cannot open a file.
    if _files_are_used_up():
        return _TOO_MANY_FILES
    if isinstance(error, OSError):
        return _BY_ERRNO.get(error.errno or 0, _UNKNOWN)
    # The lowest byte of an extended code is the kind of the error.
    return _BY_SQLITE_CODE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, _UNKNOWN)


def _files_are_used_up() -> bool:
    """Whether the limit of open files is reached."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        return error.errno in {errno.EMFILE, errno.ENFILE}
    return False
