"""Reads and writes, one module per table."""
