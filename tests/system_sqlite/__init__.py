"""A folder for `PYTHONPATH`: programs that are started with it have no pysqlite3."""
