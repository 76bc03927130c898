"""Imports: rows of data files become tasks and instances of a workspace."""
