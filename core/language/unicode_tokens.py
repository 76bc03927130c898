"""Words in any script: the tokens of every language but English.

Texts are compared in one form: NFKC, full case folding, and nothing that is invisible by nature, as in
Unicode's NFKC_Casefold. A token is then

- a run of letters and numbers, each with the marks that belong to it;
- one character, with its vowel signs and tone marks, in scripts that are written without spaces: Han, Kana,
  Thai, Lao,
  Khmer, Burmese. Where their words end is not to be seen, and a guess would differ from text to text;
- one syllable of Hangul. Korean has spaces, but particles and endings stick to the words: as one token
  "그림을" and "그림이"
  would have nothing in common, and a near-duplicate with other particles would pass as new. By syllables
  they share two of three.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache

_HAN = "々〆〇〡-〩〸-〼\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd"
_HANGUL_FIRST = "\uac00-\ud7a3\u1100-\u115e\ua960-\ua97c"
"""Syllables, and the consonants with which those begin that have no character of their own."""
_HANGUL_REST = "\u1161-\u11ff\ud7b0-\ud7fb"
"""Vowels and last consonants of such syllables."""
_BLOCKS = (
    (0x3040, 0x30FF), (0x31F0, 0x31FF), (0x1AFF0, 0x1B16F),  # Kana
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F), (0xA9E0, 0xA9FF), (0xAA60, 0xAA7F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
)  # fmt: skip
_UNSPACED = _HAN + "".join(
    chr(code)
    for first, last in _BLOCKS
    for code in range(first, last + 1)
    if unicodedata.category(chr(code)) in {"Lo", "Lm", "Nl"}
)
_STACKERS = "\u1039\u17d2"
"""Put the next consonant below the one before, in Burmese and Khmer."""

_LETTER = rf"[^\W_{_UNSPACED}{_HANGUL_FIRST}{_HANGUL_REST}]"
"""Pattern of a letter or digit of a script with spaces between words."""

_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Default_Ignorable_Code_Point of Unicode."""

END = "\x01"
"""Stands between two texts while many are tokenized at once; no token, and the same in every form."""

Fold = Callable[[str], str]
Span = tuple[int, int]


def fold(text: str) -> str:
    """The form in which texts are compared."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", _one_of(_INVISIBLE).sub("", folded))


def words(text: str) -> list[str]:
    """The tokens of a text."""
    return [match for match in words_of_many([text]) if match != END]


def words_of_many(texts: Iterable[str]) -> list[str]:
    """The tokens of many texts, with `END` after each text's."""
    folded = fold("".join(f"{text.replace(END, ' ')} {END} " for text in texts))
    has_marks = _one_of(_marks() + _HANGUL_REST).search(folded)
    return (_pattern() if has_marks else _quick_pattern()).findall(folded)


def word_spans(folded: str) -> Iterator[Span]:
    """Where the tokens of a folded text stand."""
    return (match.span() for match in _pattern().finditer(folded) if match.group() != END)


@cache
def _pattern() -> "re.Pattern[str]":
    marks = _marks()
    syllable = f"[{_UNSPACED}{_HANGUL_FIRST}](?:[{marks}{_HANGUL_REST}]|(?<=[{_STACKERS}])[{_UNSPACED}])*"
    return re.compile(f"{syllable}|(?:{_LETTER}+[{marks}]*)+|[{_HANGUL_REST}]|{END}")


@cache
def _quick_pattern() -> "re.Pattern[str]":
    """Finds the same in a text without marks, four times as fast."""
    return re.compile(f"[{_UNSPACED}{_HANGUL_FIRST}]|{_LETTER}+|{END}")


@cache
def _one_of(characters: str) -> "re.Pattern[str]":
    return re.compile(f"[{characters}]")


@cache
def _marks() -> str:
    """All marks that belong to a letter, as ranges of a character class; the frames around keycaps do not."""
    found: list[list[int]] = []
    # Python has no list of them; those beyond the second plane are invisible ones.
    for code in range(0x300, 0x20000):
        if unicodedata.category(chr(code)) in {"Mn", "Mc"}:
            if found and found[-1][1] == code - 1:
                found[-1][1] = code
            else:
                found.append([code, code])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in found)


def is_hangul(character: str) -> bool:
    """Whether it is a syllable of Hangul, or a part of one."""
    return _one_of(_HANGUL_FIRST + _HANGUL_REST).match(character) is not None


def is_unspaced(character: str) -> bool:
    """Whether it is a letter of a script that is written without spaces."""
    return _one_of(_UNSPACED).match(character) is not None


def whole_words(texts: Iterable[str], *, particles: bool) -> "re.Pattern[str] | None":
    """A pattern that finds these texts, folded, as words in a folded text, the longest first; None when
    there are none.

    With letters of scripts with spaces they match as a whole. With Hangul they match where a word begins,
    and with `particles` whatever follows. In scripts without spaces they match anywhere.
    """
    groups: dict[tuple[str, str], list[str]] = {}
    for text in sorted({fold(text) for text in texts} - {""}, key=lambda text: (-len(text), text)):
        groups.setdefault(
            (_edge(text[0]), "" if particles and is_hangul(text[-1]) else _edge(text[-1])), []
        ).append(text)
    if not groups:
        return None
    found = []
    for (before, after), members in groups.items():
        any_of = "|".join(re.escape(text).replace(r"\ ", r"\s+") for text in members)
        found.append(f"{before and f'(?<!{before})'}(?:{any_of}){after and f'(?!{after})'}")
    return re.compile("|".join(found))


def _edge(character: str) -> str:
    """What must not stand next to a word that has this character at its edge."""
    if is_unspaced(character):
        return ""
    return f"[{_HANGUL_FIRST}{_HANGUL_REST}]" if is_hangul(character) else f"(?:{_LETTER}|_)"


def locate(text: str, folding: Fold, spans: Iterable[Span]) -> list[Span]:
    """Where in `text` those characters come from that stand at `spans` in `folding(text)`.

    Offsets are in characters. A character that folds to several is meant by each of them.
    """
    if text.isascii():
        return list(spans)
    starts: list[int] = []
    ends: list[int] = []
    for start, end in _parts(text):
        size = len(folding(text[start:end]))
        starts += [start] * size
        ends += [end] * size
    return [(starts[first], ends[last - 1]) for first, last in spans]


def _parts(text: str) -> Iterator[Span]:
    """Cut a text so that each part folds by itself to what it is in the whole."""
    start = 0
    for place in range(1, len(text)):
        if not _joins(text[place]):
            yield start, place
            start = place
    if text:
        yield start, len(text)


@lru_cache(maxsize=4096)
def _joins(character: str) -> bool:
    """Whether a character may become one with what precedes it."""
    first = unicodedata.normalize("NFKD", character)[:1]
    return (
        unicodedata.category(first).startswith("M")
        or _one_of(_HANGUL_REST).match(first) is not None
        or _one_of(_INVISIBLE).match(character) is not None
    )
