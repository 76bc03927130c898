"""Data access objects, one module per table, and the backlog of requests."""
