"""The built-in model: a grammar behind an HTTP transport."""
