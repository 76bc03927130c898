"""Filters, and the verdict that they give on a candidate."""
