"""The terminal interface: the two command-line programs and the curator's screens."""
