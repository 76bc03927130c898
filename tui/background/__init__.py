"""Background work: yielding to input, prefetch, refresh, progress of bulk steps."""
