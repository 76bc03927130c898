"""Settings: the model, where values come from, messages, prices."""
