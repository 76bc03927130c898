"""What helps when a file cannot be read or written: one cause where it is known, otherwise several."""

import errno
import os

from selfinstruct.db.sqlite.driver import sqlite3

_FULL = "The disk is full, or your quota on it is used up: make room on it."
_FAILS = "The disk, or the connection to it, may fail."
_TOO_MANY_FILES = "Too many files are open: raise the limit with ulimit -n, or close other programs."
_NOT_WRITABLE = "The file, or its folder, may not be written to."
_UNKNOWN = (
    "That can have several causes: no room on the disk, or no right to write to the file or to make files"
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
    """The sentence that follows after what an error says."""
    # SQLite does not tell which error the system gave when it could not open a file.
    if _files_are_used_up():
        return _TOO_MANY_FILES
    if isinstance(error, OSError):
        return _BY_ERRNO.get(error.errno or 0, _UNKNOWN)
    # The lowest byte of an extended code is the kind of the error.
    return _BY_SQLITE_CODE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, _UNKNOWN)


def _files_are_used_up() -> bool:
    """Whether not one more file can be opened."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        return error.errno in {errno.EMFILE, errno.ENFILE}
    return False
