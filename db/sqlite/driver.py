"""The SQLite library in use: the one that pysqlite3 bundles where it is installed, else that of Python.

Everything imports `sqlite3` and `Connection` from here. The choice is the one of sqlite-utils: with two
libraries in one program, each would give up the locks that the other holds on a file
(https://sqlite.org/howtocorrupt.html, section 2.2.1).
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from sqlite3 import Connection
else:
    try:
        from pysqlite3 import dbapi2 as sqlite3
    except ImportError:
        import sqlite3

    Connection = sqlite3.Connection

__all__ = ["LIBRARY", "Connection", "sqlite3"]

LIBRARY = sqlite3.__name__.partition(".")[0]
"""The package that it comes from: `pysqlite3`, or `sqlite3` of Python."""
