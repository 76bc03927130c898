"""What drives the engine: unattended runs, attended runs, resending."""
