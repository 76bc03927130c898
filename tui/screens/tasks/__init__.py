"""Curate and Pool: candidates, the pool, and the detail of a task."""
