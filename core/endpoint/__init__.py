"""One call of a model: the HTTP client, throttling, reading of response bodies, redaction of keys."""
