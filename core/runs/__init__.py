"""Who drives the engine: unattended work, work beside a person, resending."""
