"""Exports are loaded by the programs that they are meant for, from the extra `consumers`."""
