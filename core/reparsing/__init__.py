"""Reparsing: stored answers read again, compared with what is stored, and the difference applied."""
