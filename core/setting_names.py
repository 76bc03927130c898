"""References to settings in messages, rendered as flags on the command line and as field names elsewhere.

Messages of core appear in both places. They name a setting by a reference, which `as_flags` and `as_fields`
render. Other text that looks like a flag is left alone: it may be quoted from a server.
"""

import re

_REFERENCE = re.compile("⟪([a-z_]+)⟫")


def setting(name: str) -> str:
    """A reference to a setting that has a flag, for use in a message."""
    return f"⟪{name}⟫"


def flag_of(name: str) -> str:
    """The command-line flag of a setting."""
    return f"--{name.replace('_', '-')}"


def as_flags(sentence: str) -> str:
    """Render references as flags for the command line, such as "Check --base-url."."""
    return _REFERENCE.sub(lambda reference: flag_of(reference[1]), sentence)


def as_fields(sentence: str) -> str:
    """Render references as field names for screens, logs and Python, such as "Check base_url."."""
    return _REFERENCE.sub(r"\1", sentence)
