"""Data only: seed tasks, prompt templates, and the built-in model's grammar."""
