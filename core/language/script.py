"""Which script a letter belongs to."""

import unicodedata

from selfinstruct.core.language.registry import Language


def is_of_script(letter: str, language: Language) -> bool:
    """Whether a letter belongs to a script of the language."""
    plain = unicodedata.normalize("NFKC", letter)[:1]
    return unicodedata.name(plain, "").startswith(language.scripts)
