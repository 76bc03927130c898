"""The opening filter: instructions that begin with a request for a program, such as "Write a program".

The paper's released pipeline refuses what begins with these letters, a "programme note" as well. By default
this one goes by the rules of the language.
"""

import re
from functools import lru_cache

from selfinstruct.core.filtering.candidate import Candidate
from selfinstruct.core.filtering.filter_kinds import PhraseFilter
from selfinstruct.core.filtering.setting_kinds import PAPER, RULES, Phrases
from selfinstruct.core.language.phrase_rules import phrase_rules
from selfinstruct.core.language.unicode_tokens import fold, locate, whole_words

OPENINGS = Phrases(
    name="openings",
    label="openings refused",
    description="How no instruction may begin: @rules of the language, the @paper list, your own phrases.",
    noun="opening",
)


def _find(candidate: Candidate, openings: tuple[str, ...]) -> str | None:
    rules = phrase_rules(candidate.language.code, OPENINGS.name)
    span = rules.opening(candidate.folded) if RULES in openings else None
    if (
        span is None
        and (pattern := _own_words(openings, candidate.language.code))
        and (match := pattern.match(candidate.folded))
    ):
        span = match.span()
    if span is None:
        return None
    ((start, end),) = locate(candidate.text, fold, [span])
    return f'It begins with "{candidate.text[start:end]}".'


@lru_cache(maxsize=32)
def _own_words(openings: tuple[str, ...], code: str) -> "re.Pattern[str] | None":
    own = [phrase for phrase in openings if phrase not in {RULES, PAPER}]
    paper = phrase_rules(code, OPENINGS.name).paper
    return whole_words([*own, *(paper if PAPER in openings else ())], particles=True)


OPENING = PhraseFilter("opening", _find, OPENINGS)
