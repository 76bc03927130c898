"""Word counts, as the length filters and the charts use them."""

from selfinstruct.core.language.registry import Language
from selfinstruct.core.language.unicode_tokens import words


def count_words(text: str, language: Language) -> int:
    """The number of words: split at whitespace in English, tokens in other languages."""
    return len(text.split()) if language.is_english else len(words(text))
