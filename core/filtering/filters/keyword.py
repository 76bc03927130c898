"""The keyword filter: tasks that a text model cannot handle, such as those that ask for a picture.

The paper's released pipeline refuses every instruction with a word such as "map" or "music". By default this
one refuses what asks for such a thing, by the rules of the language; the paper's list is kept for comparison.
"""

import re
from functools import lru_cache

from selfinstruct.core.filtering.candidate import Candidate
from selfinstruct.core.filtering.filter_kinds import PhraseFilter
from selfinstruct.core.filtering.setting_kinds import PAPER, RULES, Phrases
from selfinstruct.core.language.phrase_rules import disjoint, phrase_rules
from selfinstruct.core.language.registry import Language
from selfinstruct.core.language.unicode_tokens import Span, fold, locate, whole_words

KEYWORDS = Phrases(
    name="keywords",
    label="keywords refused",
    description="What a text model cannot handle: @rules of the language, the @paper list, your own words.",
    noun="word",
)


def keyword_spans(text: str, keywords: tuple[str, ...], language: Language) -> list[Span]:
    """The (start, end) offsets in a text of what the filter objects to, in characters.

    A person's own words match as whole words in scripts with spaces. In Hangul they must start a word, and
    particles may follow. In scripts without spaces they match anywhere.
    """
    return _spans(text, fold(text), keywords, language)


def _spans(text: str, folded: str, keywords: tuple[str, ...], language: Language) -> list[Span]:
    rules = phrase_rules(language.code, KEYWORDS.name)
    found = rules.spans(folded) if RULES in keywords else []
    if pattern := _own_words(keywords, language.code):
        found = disjoint([*found, *(match.span() for match in pattern.finditer(folded))])
    return locate(text, fold, iter(found)) if found else []


@lru_cache(maxsize=32)
def _own_words(keywords: tuple[str, ...], code: str) -> "re.Pattern[str] | None":
    own = [word for word in keywords if word not in {RULES, PAPER}]
    paper = phrase_rules(code, KEYWORDS.name).paper
    return whole_words([*own, *(paper if PAPER in keywords else ())], particles=True)


def _find(candidate: Candidate, keywords: tuple[str, ...]) -> str | None:
    spans = _spans(candidate.text, candidate.folded, keywords, candidate.language)
    if not spans:
        return None
    words = dict.fromkeys(candidate.text[start:end].lower() for start, end in spans)
    named = ", ".join(f'"{word}"' for word in words)
    return f"It asks for something that a text model cannot handle: {named}."


KEYWORD = PhraseFilter("keyword", _find, KEYWORDS)
