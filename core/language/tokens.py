"""Tokenization for ROUGE-L, and the vocabulary that encodes tokens as integers.

English uses the tokenizer of `rouge_score`, so that scores are comparable with published ones. All other
languages use `selfinstruct.core.language.unicode_tokens`, which handles every script.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from selfinstruct.core.language import unicode_tokens
from selfinstruct.core.language.registry import ENGLISH
from selfinstruct.core.language.unicode_tokens import END, Span, locate

Codes = npt.NDArray[np.unsignedinteger[Any]]
"""Token ids of a vocabulary."""

_KEPT = b"abcdefghijklmnopqrstuvwxyz0123456789" + END.encode()
_BLANKED = bytes(byte if byte in _KEPT else ord(" ") for byte in range(256))


def tokens(text: str, language: str = ENGLISH) -> list[str]:
    """Tokenize `text`; in English, tokens are lower-cased runs of a-z and 0-9, as in `rouge_score`."""
    if language != ENGLISH:
        return unicode_tokens.words(text)
    from rouge_score.tokenize import tokenize  # noqa: PLC0415 - only commands that compare need it

    words: list[str] = tokenize(text, None)
    return words


def token_spans(text: str, language: str) -> tuple[list[str], list[Span]]:
    """The tokens of `text`, and their (start, end) offsets in it, in characters."""
    folding = str.lower if language == ENGLISH else unicode_tokens.fold
    folded = folding(text)
    is_english = language == ENGLISH
    spans = list(_spans(folded, tokens(text)) if is_english else unicode_tokens.word_spans(folded))
    return [folded[start:end] for start, end in spans], locate(text, folding, spans)


def _spans(folded: str, words: Iterable[str]) -> Iterator[Span]:
    """The offsets of these tokens in a lower-cased text, which has no letters or digits between them."""
    end = 0
    for word in words:
        start = folded.index(word, end)
        end = start + len(word)
        yield start, end


class Vocabulary:
    """Token ids, assigned in order of first appearance; id 0 is reserved."""

    def __init__(self, words: Iterable[str] = (), language: str = ENGLISH) -> None:
        self._split = _words if language == ENGLISH else unicode_tokens.words_of_many
        self._codes = _Codes({END: 0})
        self._codes.update((word, code) for code, word in enumerate(words, start=1))

    def __len__(self) -> int:
        """One more than the highest id."""
        return len(self._codes)

    def words(self) -> list[str]:
        """Return the tokens in the order of their ids, from id 1."""
        return list(self._codes)[1:]

    def find(self, text: str) -> tuple[list[int], int]:
        """Return the ids of the known tokens of `text`, and its total number of tokens, known or not."""
        words = self._split([text])[:-1]
        known = self._codes.get
        return [code for code in map(known, words) if code is not None], len(words)

    def encode(self, texts: Sequence[str]) -> tuple[Codes, npt.NDArray[np.int64]]:
        """Encode many texts, adding new tokens to the vocabulary.

        Returns the concatenated ids of all texts, and the number of tokens of each text.
        """
        words = self._split(texts)
        codes = np.fromiter(map(self._codes.__getitem__, words), np.uint32, len(words))
        ends = np.flatnonzero(codes == 0)
        return codes[codes != 0], np.diff(ends, prepend=-1) - 1


class _Codes(dict[str, int]):
    def __missing__(self, word: str) -> int:
        code = self[word] = len(self)
        return code


def _words(texts: Sequence[str]) -> list[str]:
    """The tokens of many texts, `END` after each text; the same as `tokens`, but several times as fast."""
    joined = "".join(f"{text.replace(END, ' ')} {END} " for text in texts)
    return joined.lower().encode("ascii", "replace").translate(_BLANKED).decode("ascii").split()
