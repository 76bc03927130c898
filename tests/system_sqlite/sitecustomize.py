"""Hides pysqlite3, so that importing it fails as where it is not installed."""

import sys

sys.modules["pysqlite3"] = None  # type: ignore[assignment]
sys.modules["pysqlite3.dbapi2"] = None  # type: ignore[assignment]
