"""Text that SQLite can store and UTF-8 can encode: no NUL, no lone surrogates."""

import re

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def storable_text(text: str) -> str:
    """`text` without what SQLite cannot store: lone surrogates and NUL become U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)
