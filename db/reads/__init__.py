"""Read-only queries for screens and commands."""
