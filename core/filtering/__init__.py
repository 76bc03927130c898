"""Filters: the registry, their settings, and the verdict that they give on a candidate."""
