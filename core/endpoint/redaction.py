"""Redaction: removes the keys that this process has read from everything that a server returns.

A server may echo a key: in a response, in an error, in a redirect target. In everything that is stored, shown
or raised, each byte of a key is replaced by X, a letter without special meaning in any syntax.
"""

import base64
import os
import re
from urllib.parse import unquote, urlsplit

SHORTEST = 8
"""Minimum key length that is redacted; shorter keys are placeholders for local servers, such as EMPTY."""

_patterns: dict[str, re.Pattern[bytes]] = {}


def remember(key: str) -> None:
    """Redact a key from now on."""
    if len(key) >= SHORTEST and key not in _patterns:
        _patterns[key] = _pattern(key)


def remember_proxies() -> None:
    """Redact the passwords of the proxies in the environment from now on."""
    from urllib.request import getproxies  # noqa: PLC0415 - brings half of the network along

    for address in getproxies().values():
        try:
            password = urlsplit(address).password or ""
        except ValueError:
            continue  # an invalid URL, which is never used
        remember(password)
        remember(unquote(password))


def struck(data: bytes) -> bytes:
    """Return `data` with all keys redacted."""
    for pattern in _patterns.values():
        data = pattern.sub(lambda found: b"X" * len(found[0]), data)
    return data


def struck_text(text: str) -> str:
    """Return `text` with all keys redacted."""
    return os.fsdecode(struck(os.fsencode(text))) if _patterns else text


def longest_form() -> int:
    """Return the maximum length of a key in any of its encodings, in bytes."""
    return max((6 * len(key) for key in _patterns), default=0)


def _pattern(key: str) -> re.Pattern[bytes]:
    """Compile a pattern for a key: plain, with JSON or URL escapes, in base64 and in UTF-16."""
    written = "".join(map(_written, key))
    others = [key.encode("utf-16-le"), key.encode("utf-16-be"), *_in_base64(key.encode())]
    return re.compile(b"|".join([written.encode(), *map(re.escape, others)]))


def _written(character: str) -> str:
    code = f"{ord(character):02x}"
    digits = "".join(f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in code)
    forms = [re.escape(character), rf"\\u00{digits}", f"%{digits}"]
    if not character.isalnum():
        forms.append(rf"\\{re.escape(character)}")
    return f"(?:{'|'.join(forms)})"


def _in_base64(key: bytes) -> list[bytes]:
    """Return the base64 fragments that depend on the key alone, for each alignment in the encoded text."""
    found = []
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + key)
        # A character encodes six bits; the fragment leaves out those that share bits with neighbours.
        first, last = -(-before * 8 // 6), (before + len(key)) * 8 // 6
        found += [encoded[first:last], encoded[first:last].translate(bytes.maketrans(b"+/", b"-_"))]
    return list(dict.fromkeys(found))
