"""The request lifecycle: planned, sent, stored, parsed."""
