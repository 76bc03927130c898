"""Filters: the registry, their settings, and what they object to in a candidate."""
