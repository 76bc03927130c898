"""References to settings inside sentences: flags on the command line, names of fields elsewhere.

A sentence of core is written once and read in two places. Where it names a setting it holds a reference,
which `as_flags` and `as_fields` render. What else looks like a flag stays: a server may have said it.
"""

import re

_REFERENCE = re.compile("⟪([a-z_]+)⟫")


def setting(name: str) -> str:
    """A reference to a setting that has a flag, to stand in a sentence."""
    return f"⟪{name}⟫"


def flag_of(name: str) -> str:
    """The flag of a setting on the command line."""
    return f"--{name.replace('_', '-')}"


def as_flags(sentence: str) -> str:
    """A sentence for the command line, such as "Check --base-url."."""
    return _REFERENCE.sub(lambda reference: flag_of(reference[1]), sentence)


def as_fields(sentence: str) -> str:
    """A sentence for a screen, a log or a Python program, such as "Check base_url."."""
    return _REFERENCE.sub(r"\1", sentence)
