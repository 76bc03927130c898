"""Which language some texts are in, among those that are known."""

from collections.abc import Sequence
from dataclasses import dataclass

from selfinstruct.core.language.registry import OTHER, Language, known, language
from selfinstruct.core.language.script import is_of_script
from selfinstruct.core.language.unicode_tokens import words

_COMMON = 0.1
"""The least share of a language's common words: texts in it have twice that, and those in its nearest kin
half of it."""

_ENOUGH_WORDS = 200
"""With fewer, texts of a language may well have none of its common words."""

_LOOKED_AT = 1000
"""So many texts tell which language all are in."""


def pick_language(texts: Sequence[str]) -> str:
    """The code of the known language that the texts are in, or `other`.

    Languages differ in their scripts; those of one script, in the words that they use all the time. Where
    two fit, it is the one for which fewer letters are evidence enough, as Kana are among Han, or else the
    one with more of its words.
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
    """The language that the texts are in, if that is clearly another one than `asked`.

    Texts in none of the known languages may be in `asked` as long as they are few, or have half of the common
    words that would make sure of it.
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
    """What texts are written with."""

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
        """The share of a language's common words among all; None when the letters are not of its scripts."""
        of_script = sum(is_of_script(letter, asked) for letter in self.letters)
        if _share(of_script, len(self.letters)) < asked.least_share:
            return None
        return _share(sum(word in asked.common for word in self.words), len(self.words))


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
