"""Values of headers in the `[request]` settings, and the environment variables that they name. Pure."""

import re
from collections.abc import Mapping

HEADER_FLAG = "--header-env"
"""The option that names an environment variable for headers, and allows it together with an address."""

# As in `api_key_env`, upper case only: a key that begins with $ is hardly ever all upper case.
_NAME = "[A-Z_][A-Z0-9_]*"
_DOLLAR = re.compile(rf"(?<!\S)\$(?:(?P<dollar>\$)|(?P<name>{_NAME})(?!\S)|\{{(?P<braced>{_NAME})\}}(?!\S))")
_FIRST_DOLLAR = re.compile(r"(?<!\S)\$")


def variables_in(value: str) -> list[str]:
    """Return the environment variables that a value names, each as a word of its own: `Bearer $NAME`."""
    return [found["name"] or found["braced"] for found in _DOLLAR.finditer(value) if not found["dollar"]]


def filled(value: str, variables: Mapping[str, str]) -> str:
    """Return a value as it is sent: with those of its variables, and `$` for a `$$` that begins a word."""
    return _DOLLAR.sub(
        lambda found: "$" if found["dollar"] else variables[found["name"] or found["braced"]], value
    )


def is_ambiguous(value: str) -> bool:
    """Whether a word begins with `$`, but is neither the name of a variable nor begins with `$$`."""
    return len(_FIRST_DOLLAR.findall(value)) != len(_DOLLAR.findall(value))
