"""Tokenization of any script: the tokens of every language except English.

Texts are first normalized as in Unicode's NFKC_Casefold: NFKC, full case folding, and default-ignorable
(invisible) code points removed. A token is then

- a run of letters and digits with their combining marks;
- one character, with its vowel signs and tone marks, in scripts written without spaces: Han, Kana, Thai,
  Lao, Khmer, Burmese. Word boundaries are not marked there, and segmentation would vary with context;
- one syllable of Hangul. Korean has spaces, but particles and endings attach to words: as whole words,
  "그림을" and "그림이" would have nothing in common, and a near-duplicate with different particles would
  pass as new. As syllables, they share two of three.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache
from itertools import groupby

_HAN = "々〆〇〡-〩〸-〼\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd"
_HANGUL_FIRST = "\uac00-\ud7a3\u1100-\u115e\ua960-\ua97c"
"""Precomposed syllables, and the leading consonants of decomposed ones."""
_HANGUL_REST = "\u1161-\u11ff\ud7b0-\ud7fb"
"""Vowels and trailing consonants of decomposed syllables."""
_BLOCKS = (
    (0x3040, 0x30FF), (0x31F0, 0x31FF), (0x1AFF0, 0x1B16F),  # Kana
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F), (0xA9E0, 0xA9FF), (0xAA60, 0xAA7F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
)  # fmt: skip


def _letter_ranges(first: int, last: int) -> Iterator[str]:
    """The letters of a block, as ranges of a character class: single letters take far longer to compile."""
    codes = range(first, last + 1)
    for is_letter, run in groupby(codes, lambda code: unicodedata.category(chr(code)) in {"Lo", "Lm", "Nl"}):
        if is_letter:
            letters = [*run]
            yield f"{chr(letters[0])}-{chr(letters[-1])}"


_UNSPACED = _HAN + "".join(part for block in _BLOCKS for part in _letter_ranges(*block))
_STACKERS = "\u1039\u17d2"
"""Signs that stack the next consonant below the previous one, in Burmese and Khmer."""

_LETTER = rf"[^\W_{_UNSPACED}{_HANGUL_FIRST}{_HANGUL_REST}]"
"""Pattern of a letter or digit in a script that separates words with spaces."""

_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Unicode's Default_Ignorable_Code_Point."""

RUN = rf"(?:[{_UNSPACED}]|[^\W{_UNSPACED}]+)"
"""Pattern of a run between spaces, or one letter of a script written without them."""

END = "\x01"
"""Separator between texts that are tokenized together; not a token, and unchanged by normalization."""

Fold = Callable[[str], str]
Span = tuple[int, int]


def fold(text: str) -> str:
    """Normalize a text for comparison, as NFKC_Casefold does."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", _one_of(_INVISIBLE).sub("", folded))


def words(text: str) -> list[str]:
    """The tokens of a text."""
    return [match for match in words_of_many([text]) if match != END]


def words_of_many(texts: Iterable[str]) -> list[str]:
    """The tokens of many texts, with `END` after each text."""
    folded = fold("".join(f"{text.replace(END, ' ')} {END} " for text in texts))
    has_marks = _one_of(_marks() + _HANGUL_REST).search(folded)
    return (_pattern() if has_marks else _quick_pattern()).findall(folded)


def word_spans(folded: str) -> Iterator[Span]:
    """The offsets of the tokens of a folded text."""
    return (match.span() for match in _pattern().finditer(folded) if match.group() != END)


@cache
def _pattern() -> "re.Pattern[str]":
    marks = _marks()
    syllable = f"[{_UNSPACED}{_HANGUL_FIRST}](?:[{marks}{_HANGUL_REST}]|(?<=[{_STACKERS}])[{_UNSPACED}])*"
    return re.compile(f"{syllable}|(?:{_LETTER}+[{marks}]*)+|[{_HANGUL_REST}]|{END}")


@cache
def _quick_pattern() -> "re.Pattern[str]":
    """Equivalent to `_pattern` for texts without marks, and four times as fast."""
    return re.compile(f"[{_UNSPACED}{_HANGUL_FIRST}]|{_LETTER}+|{END}")


@cache
def _one_of(characters: str) -> "re.Pattern[str]":
    return re.compile(f"[{characters}]")


@cache
def _marks() -> str:
    """All combining marks (Mn, Mc) as ranges of a character class; enclosing marks (Me) are left out."""
    found: list[list[int]] = []
    # Python has no list of them. Those beyond the second plane are default-ignorable.
    for code in range(0x300, 0x20000):
        if unicodedata.category(chr(code)) in {"Mn", "Mc"}:
            if found and found[-1][1] == code - 1:
                found[-1][1] = code
            else:
                found.append([code, code])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in found)


def is_hangul(character: str) -> bool:
    """Whether a character is a Hangul syllable or part of one."""
    return _one_of(_HANGUL_FIRST + _HANGUL_REST).match(character) is not None


def is_unspaced(character: str) -> bool:
    """Whether a character is a letter of a script written without spaces."""
    return _one_of(_UNSPACED).match(character) is not None


def whole_words(texts: Iterable[str], *, particles: bool, starts: bool = True) -> "re.Pattern[str] | None":
    """A pattern that finds these texts as whole words in a folded text, longest match first.

    In scripts with spaces a match must be a whole word. In Hangul it must start a word, and with `particles`
    anything may follow. In scripts without spaces it may be anywhere. Without `starts`, it may continue a
    word. None if there is nothing to find.
    """
    source = whole_words_source(texts, particles=particles, starts=starts)
    return re.compile(source) if source else None


def whole_words_source(texts: Iterable[str], *, particles: bool, starts: bool = True) -> str:
    """The source of the pattern that `whole_words` compiles; empty if there is nothing to find."""
    groups: dict[tuple[str, str], list[str]] = {}
    for text in sorted({fold(text) for text in texts} - {""}, key=lambda text: (-len(text), text)):
        before = _edge(text[0]) if starts else ""
        after = "" if particles and is_hangul(text[-1]) else _edge(text[-1])
        groups.setdefault((before, after), []).append(text)
    found = []
    for (before, after), members in groups.items():
        any_of = "|".join(re.escape(text).replace(r"\ ", r"\s+") for text in members)
        found.append(f"{before and f'(?<!{before})'}(?:{any_of}){after and f'(?!{after})'}")
    return "|".join(found)


def for_ascii(source: str) -> str:
    """The source of a pattern that finds the same in ASCII texts, and compiles more than ten times as fast.

    Its character classes are without letters and signs of other scripts.
    """
    return _ESCAPE_OR_CLASS.sub(
        lambda found: _NOT_ASCII.sub("", found.group()).replace("[]", _NOTHING), source
    )


_ESCAPE_OR_CLASS = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]", re.DOTALL)
_NOT_ASCII = re.compile(r"[^\x00-\x7f](?:-[^\x00-\x7f])?")
_NOTHING = "(?!)"
"""A pattern that is found nowhere, as an empty character class would be."""


def _edge(character: str) -> str:
    """Pattern of what must not be adjacent to a word with this character at its edge."""
    if is_unspaced(character):
        return ""
    hangul = _HANGUL_FIRST + _HANGUL_REST
    return f"[{hangul}]" if is_hangul(character) else rf"[^\W{_UNSPACED}{hangul}]"


def locate(text: str, folding: Fold, spans: Iterable[Span]) -> list[Span]:
    """Map spans in `folding(text)` back to spans in `text`.

    Offsets are in characters. If one character folds to several, each of them maps back to it.
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
    """Split a text into parts that fold independently of each other."""
    start = 0
    for place in range(1, len(text)):
        if not _joins(text[place]):
            yield start, place
            start = place
    if text:
        yield start, len(text)


@lru_cache(maxsize=4096)
def _joins(character: str) -> bool:
    """Whether a character may combine with what precedes it."""
    first = unicodedata.normalize("NFKD", character)[:1]
    return (
        unicodedata.category(first).startswith("M")
        or _one_of(_HANGUL_REST).match(first) is not None
        or _one_of(_INVISIBLE).match(character) is not None
    )
