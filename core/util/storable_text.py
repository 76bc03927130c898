"""Text that SQLite can store and UTF-8 can encode: no NUL, no lone surrogates."""

import re

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")

CANNOT_BE_STORED = "it has a character that cannot be stored, NUL or half of a surrogate pair; leave it out"
"""What is wrong with a text that is not storable, in words that go on a sentence."""


def is_storable(text: str) -> bool:
    """Whether `text` can be stored as it is."""
    return _UNSTORABLE.search(text) is None


def storable_text(text: str) -> str:
    """`text` without what SQLite cannot store: lone surrogates and NUL become U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)
