"""Language detection among the known languages, by script and by common words."""

from collections.abc import Sequence
from dataclasses import dataclass

from selfinstruct.core.language.registry import OTHER, Language, known, language
from selfinstruct.core.language.script import is_of_script
from selfinstruct.core.language.unicode_tokens import words

_COMMON = 0.1
"""The minimum share of a language's common words. Texts in the language have about twice as many, texts in
its closest relative about half."""

_ENOUGH_WORDS = 200
"""Shorter samples may contain none of a language's common words."""

_LOOKED_AT = 1000
"""Sample size: texts that detection reads at most."""


def pick_language(texts: Sequence[str]) -> str:
    """Detect the language of the texts: the code of a known language, or `other`.

    The script narrows the choice, and common words tell languages with the same script apart. If several
    fit, the one with the lowest `least_share` wins (a few Kana among Han are enough for Japanese), then the
    one with the most common words.
    """
    fitting = []
    written = _Written.of(texts)
    for code in known():
        asked = language(code)
        common = written.share_of_common(asked)
        if code != OTHER and common is not None and (common >= _COMMON or not asked.common):
            fitting.append((asked.least_share, -common, code))
    return min(fitting)[-1] if fitting else OTHER


def other_language(texts: Sequence[str], asked: Language) -> Language | None:
    """The language of the texts if it clearly differs from `asked`, else None.

    Texts detected as `other` get the benefit of the doubt if the sample is small, or if it has at least half
    the common words that detection of `asked` requires.
    """
    found = language(pick_language(texts))
    if asked.code in {found.code, OTHER}:
        return None
    written = _Written.of(texts)
    common = written.share_of_common(asked)
    few = len(written.words) < _ENOUGH_WORDS
    doubtful = found.code == OTHER and common is not None and (few or common >= _COMMON / 2)
    return None if doubtful else found


@dataclass(frozen=True, slots=True)
class _Written:
    """The letters and words of a sample of texts."""

    letters: Sequence[str]
    words: Sequence[str]

    @classmethod
    def of(cls, texts: Sequence[str]) -> "_Written":
        texts = texts[:_LOOKED_AT]
        return cls(
            [letter for text in texts for letter in text if letter.isalpha()],
            [word for text in texts for word in words(text)],
        )

    def share_of_common(self, asked: Language) -> float | None:
        """Return the share of words that are common in a language; None if the script does not fit."""
        of_script = sum(is_of_script(letter, asked) for letter in self.letters)
        if _share(of_script, len(self.letters)) < asked.least_share:
            return None
        return _share(sum(word in asked.common for word in self.words), len(self.words))


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
