"""Decisions, by people and by unattended runs: accept, reject, edit, relabel, restore, undo, redo."""
