"""Near-duplicate removal from data files, on all cores or on a Ray cluster."""
