"""Consistency checks of a workspace, and the replay of its decisions."""
