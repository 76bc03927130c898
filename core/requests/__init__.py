"""The life of a request: planned, sent, stored, parsed."""
