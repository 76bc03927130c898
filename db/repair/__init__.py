"""Repair: salvages a damaged workspace into a new one."""
