"""Requests: every model call."""
