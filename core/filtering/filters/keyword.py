"""The keyword filter: words for what a text model cannot handle, such as images and files.

The rule is that of the paper's released pipeline.
"""

import re
from functools import lru_cache

from selfinstruct.core.filtering.candidate import Candidate
from selfinstruct.core.filtering.filter_kinds import PhraseFilter
from selfinstruct.core.filtering.setting_kinds import Phrases
from selfinstruct.core.language.unicode_tokens import fold, locate, whole_words

KEYWORDS = Phrases(
    name="keywords",
    label="keywords refused",
    description="Words for what a text model cannot handle; whole words, in any case.",
    noun="word",
)


def keyword_spans(text: str, keywords: tuple[str, ...]) -> list[tuple[int, int]]:
    """The (start, end) offsets of keywords in a text, in characters.

    In scripts with spaces only whole words match. In Hangul a keyword must start a word, and particles may
    follow. In scripts without spaces a keyword matches anywhere.
    """
    return _spans(text, fold(text), keywords)


def _spans(text: str, folded: str, keywords: tuple[str, ...]) -> list[tuple[int, int]]:
    pattern = _pattern(keywords)
    found = [] if pattern is None else [match.span() for match in pattern.finditer(folded)]
    return locate(text, fold, iter(found)) if found else []


@lru_cache(maxsize=32)
def _pattern(keywords: tuple[str, ...]) -> "re.Pattern[str] | None":
    return whole_words(keywords, particles=True)


def _find(candidate: Candidate, keywords: tuple[str, ...]) -> str | None:
    spans = _spans(candidate.text, candidate.folded, keywords)
    if not spans:
        return None
    words = dict.fromkeys(candidate.text[start:end].lower() for start, end in spans)
    named = ", ".join(f'"{word}"' for word in words)
    return f"It asks for something that a text model cannot handle: {named}."


KEYWORD = PhraseFilter("keyword", _find, KEYWORDS)
