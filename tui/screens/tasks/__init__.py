"""Curate and Pool: tables of candidates and tasks, and the detail pane."""
