"""Data set files: recognition of their shape, and their rows."""
