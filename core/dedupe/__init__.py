"""Near-duplicate removal from JSON Lines files, on all cores or on a Ray cluster."""
