"""Text that SQLite can store and UTF-8 can encode: no NUL and no lone surrogates."""

import re

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")

CANNOT_BE_STORED = "it has a character that cannot be stored (NUL or an unpaired surrogate); remove it"
"""The error for text that is not storable, as a clause."""


def is_storable(text: str) -> bool:
    """Whether `text` can be stored unchanged."""
    return _UNSTORABLE.search(text) is None


def storable_text(text: str) -> str:
    """Replace each NUL and lone surrogate in `text` by U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)
