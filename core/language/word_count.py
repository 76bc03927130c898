"""The length of a text in words, as the limits on length and the charts count it."""

from selfinstruct.core.language.registry import Language
from selfinstruct.core.language.unicode_tokens import words


def count_words(text: str, language: Language) -> int:
    """The words of a text: what stands between spaces in English, else tokens."""
    return len(text.split()) if language.is_english else len(words(text))
