"""Read-only queries for the screens and commands."""
