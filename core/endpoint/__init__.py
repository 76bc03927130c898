"""Calls of a model: the HTTP client, throttling, response parsing, key consent and redaction."""
