"""Keys that this process has read, and how they are struck out of what comes back.

A server may repeat what it was sent: in an answer, in an error, in the address that it redirects to. Whatever
is stored, said or raised has an X in the place of each byte of a key: no syntax gives that letter a meaning.
"""

import base64
import os
import re
from urllib.parse import unquote, urlsplit

SHORTEST = 8
"""A shorter key is a word such as EMPTY, as servers on one's own machine want it, and not struck out."""

_patterns: dict[str, re.Pattern[bytes]] = {}


def remember(key: str) -> None:
    """Have a key struck out from now on."""
    if len(key) >= SHORTEST and key not in _patterns:
        _patterns[key] = _pattern(key)


def remember_proxies() -> None:
    """Have the passwords struck out that the environment has for proxies."""
    from urllib.request import getproxies  # noqa: PLC0415 - brings half of the network along

    for address in getproxies().values():
        try:
            password = urlsplit(address).password or ""
        except ValueError:
            continue  # no address at all, and so none that is used
        remember(password)
        remember(unquote(password))


def struck(data: bytes) -> bytes:
    """`data` with all keys struck out."""
    for pattern in _patterns.values():
        data = pattern.sub(lambda found: b"X" * len(found[0]), data)
    return data


def struck_text(text: str) -> str:
    """`text` with all keys struck out."""
    return os.fsdecode(struck(os.fsencode(text))) if _patterns else text


def longest_form() -> int:
    """So many bytes a key takes at most, in whichever way it is written."""
    return max((6 * len(key) for key in _patterns), default=0)


def _pattern(key: str) -> re.Pattern[bytes]:
    """The key as it is, as JSON and addresses may write it, in base64 and in UTF-16."""
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
    """What of base64 is the key's alone, wherever in the encoded text it stands."""
    found = []
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + key)
        # A character stands for six bits; those that hold bits of neighbours are left.
        first, last = -(-before * 8 // 6), (before + len(key)) * 8 // 6
        found += [encoded[first:last], encoded[first:last].translate(bytes.maketrans(b"+/", b"-_"))]
    return list(dict.fromkeys(found))
