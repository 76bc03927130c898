"""The registry of actions, and their key bindings."""
