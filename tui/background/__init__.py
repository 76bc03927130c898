"""Work beside the keys: yielding, prefetch, refresh, progress of bulk steps."""
