"""Everything that a person at the terminal touches: the two programs and the curator's screens."""
