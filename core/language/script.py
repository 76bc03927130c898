"""The Unicode script of a letter."""

import unicodedata

from selfinstruct.core.language.registry import Language


def is_of_script(letter: str, language: Language) -> bool:
    """Whether a letter belongs to one of the language's scripts."""
    plain = unicodedata.normalize("NFKC", letter)[:1]
    return unicodedata.name(plain, "").startswith(language.scripts)
