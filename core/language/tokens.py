"""Tokens: what ROUGE-L compares, and the numbers that stand for them.

Those of English are `rouge_score`'s, so that scores can be compared with published ones. All other
languages have those of `selfinstruct.core.language.unicode_tokens`, which reads every script.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from selfinstruct.core.language import unicode_tokens
from selfinstruct.core.language.registry import ENGLISH
from selfinstruct.core.language.unicode_tokens import END, Span, locate

Codes = npt.NDArray[np.unsignedinteger[Any]]
"""Tokens by their numbers in a vocabulary."""

_KEPT = b"abcdefghijklmnopqrstuvwxyz0123456789" + END.encode()
_BLANKED = bytes(byte if byte in _KEPT else ord(" ") for byte in range(256))


def tokens(text: str, language: str = ENGLISH) -> list[str]:
    """The tokens of `text`: for English those of `rouge_score`, lower-cased runs of a-z and 0-9."""
    if language != ENGLISH:
        return unicode_tokens.words(text)
    from rouge_score.tokenize import tokenize  # noqa: PLC0415 - not before anything is compared

    words: list[str] = tokenize(text, None)
    return words


def token_spans(text: str, language: str) -> tuple[list[str], list[Span]]:
    """The tokens of `text`, and where they stand in it as (start, end) offsets in characters."""
    folding = str.lower if language == ENGLISH else unicode_tokens.fold
    folded = folding(text)
    is_english = language == ENGLISH
    spans = list(_spans(folded, tokens(text)) if is_english else unicode_tokens.word_spans(folded))
    return [folded[start:end] for start, end in spans], locate(text, folding, spans)


def _spans(folded: str, words: Iterable[str]) -> Iterator[Span]:
    """Where these tokens stand in a lower-cased text: between two of them there is no letter and no digit."""
    end = 0
    for word in words:
        start = folded.index(word, end)
        end = start + len(word)
        yield start, end


class Vocabulary:
    """Numbers tokens in the order in which they come. Number 0 is no token."""

    def __init__(self, words: Iterable[str] = (), language: str = ENGLISH) -> None:
        self._language = language
        self._codes = _Codes({END: 0})
        self._codes.update((word, code) for code, word in enumerate(words, start=1))

    def __len__(self) -> int:
        """One more than the highest number."""
        return len(self._codes)

    def words(self) -> list[str]:
        """The tokens in the order of their numbers, from number 1."""
        return list(self._codes)[1:]

    def find(self, text: str) -> tuple[list[int], int]:
        """The numbers of those tokens of `text` that are known, and how many tokens it has in all."""
        words = tokens(text, self._language)
        known = self._codes.get
        return [code for code in map(known, words) if code is not None], len(words)

    def encode(self, texts: Sequence[str]) -> tuple[Codes, npt.NDArray[np.int64]]:
        """Number the tokens of many texts, new ones included.

        Returns the numbers, one text's after the other's, and how many each text has.
        """
        words = _words(texts) if self._language == ENGLISH else unicode_tokens.words_of_many(texts)
        codes = np.fromiter(map(self._codes.__getitem__, words), np.uint32, len(words))
        ends = np.flatnonzero(codes == 0)
        return codes[codes != 0], np.diff(ends, prepend=-1) - 1


class _Codes(dict[str, int]):
    def __missing__(self, word: str) -> int:
        code = self[word] = len(self)
        return code


def _words(texts: Sequence[str]) -> list[str]:
    """The tokens of many texts with `END` after each text's; what `tokens` finds, several times as fast."""
    joined = "".join(f"{text.replace(END, ' ')} {END} " for text in texts)
    return joined.lower().encode("ascii", "replace").translate(_BLANKED).decode("ascii").split()
