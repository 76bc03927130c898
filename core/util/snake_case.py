"""Snake case, to compare words that servers write in camel case, kebab case or with spaces."""

import re

_CAPITAL_INSIDE = re.compile(r"(?<=[a-z])(?=[A-Z])")


def snake_case(words: str) -> str:
    """Words in snake case: `stopStringFound`, `Stop-String found` become `stop_string_found`."""
    return re.sub(r"[\s-]+", "_", _CAPITAL_INSIDE.sub("_", words.strip())).lower()
