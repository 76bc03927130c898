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
    letters = [letter for text in texts for letter in text if letter.isalpha()]
    tokens = [word for text in texts for word in words(text)]
    fitting = []
    for code in known():
        asked = language(code)
        if code != OTHER and _is_in_script(letters, asked):
            common = _share(sum(word in asked.common for word in tokens), len(tokens))
            if common >= _COMMON or not asked.common:
                fitting.append((asked.least_share, -common, code))
    return min(fitting)[-1] if fitting else OTHER


def _is_in_script(letters: Sequence[str], asked: Language) -> bool:
    return _share(sum(is_of(letter, asked) for letter in letters), len(letters)) >= asked.least_share


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
