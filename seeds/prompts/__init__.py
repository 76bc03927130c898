"""Prompt templates, one file a language."""
