"""Decisions of people and of unattended work: accept, reject, edit, relabel, restore, undo, redo."""
