"""Requests: every call of the model."""
