"""The SQLite library in use: pysqlite3's if it is installed, else Python's.

Everything imports `sqlite3` and `Connection` from here. sqlite-utils chooses in the same way: with two
SQLite libraries in one process, each would release the other's locks on a file
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
"""The package that provides SQLite: `pysqlite3`, or Python's `sqlite3`."""
