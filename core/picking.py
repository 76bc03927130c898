"""Which language some texts are in, among those that are known."""

from collections.abc import Sequence

from selfinstruct.core.filters import is_of
from selfinstruct.core.languages import OTHER, Language, known, language
from selfinstruct.core.unicode_words import words

_COMMON = 0.1
"""The least share of a language's common words: texts in it have twice that, and those in its nearest kin
half of it."""


def pick_language(texts: Sequence[str]) -> str:
    """The code of the known language that the texts are in, or `other`.

    Languages differ in their scripts; those of one script, in the words that they use all the time. Where
    two fit, it is the one for which fewer letters are evidence enough, as Kana are among Han, or else the
    one with more of its words.
    """
    fitting = []
    for code in known():
        asked = language(code)
        common = _share_of_common(texts, asked)
        if code != OTHER and common is not None and (common >= _COMMON or not asked.common):
            fitting.append((asked.least_share, -common, code))
    return min(fitting)[-1] if fitting else OTHER


def other_language(texts: Sequence[str], asked: Language) -> Language | None:
    """The language that the texts are in, if that is clearly another one than `asked`.

    Texts in none of the known languages may be in `asked` as long as they have half of the common words that
    would make sure of it.
    """
    found = language(pick_language(texts))
    if asked.code in {found.code, OTHER}:
        return None
    common = _share_of_common(texts, asked)
    doubtful = found.code == OTHER and common is not None and common >= _COMMON / 2
    return None if doubtful else found


def _share_of_common(texts: Sequence[str], asked: Language) -> float | None:
    """The share of a language's common words among all; None when the letters are not of its scripts."""
    letters = [letter for text in texts for letter in text if letter.isalpha()]
    if _share(sum(is_of(letter, asked) for letter in letters), len(letters)) < asked.least_share:
        return None
    tokens = [word for text in texts for word in words(text)]
    return _share(sum(word in asked.common for word in tokens), len(tokens))


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
