"""Text as people type and paste it."""

import unicodedata

from textual import events

from selfinstruct.core.util.storable_text import storable_text


def pasted_text(text: str) -> str:
    """Return a paste in storable form; terminals send a carriage return for each line break."""
    return storable_text(text.replace("\r\n", "\n").replace("\r", "\n"))


def in_one_line(text: str) -> str:
    """Join the lines of a text with spaces, for a single-line field."""
    return text.strip("\n").replace("\n", " ")


def is_format_character(key: events.Key) -> bool:
    """Return whether a key types a format character (joiner, direction mark); Textual ignores those."""
    return key.character is not None and unicodedata.category(key.character) == "Cf"
