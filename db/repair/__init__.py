"""A new workspace salvaged from a damaged one."""
