"""The filters that look at one instruction alone (paper, section 2.2 and its released pipeline)."""

import re
import unicodedata
from functools import lru_cache

from selfinstruct.core.language.registry import Language
from selfinstruct.core.language.script import is_of_script
from selfinstruct.core.language.unicode_tokens import fold, locate, whole_words, words
from selfinstruct.core.settings.model import FilterSettings
from selfinstruct.db.records import Reason

_QUOTED_LENGTH = 40

_ENGLISH_LETTER = re.compile("[a-z0-9]")
"""What `rouge_score` sees."""

NO_WORDS = "no_words"
NOT_LATIN, OTHER_SCRIPT = "not_latin", "script"
_SCRIPTS = {"CJK UNIFIED IDEOGRAPH": "Chinese"}
"""What Unicode calls otherwise than people do."""


def clean_instruction(text: str) -> str:
    """One line, single spaces, the first letter raised; every other letter keeps its case."""
    text = " ".join(text.split())
    return text[:1].upper() + text[1:] if len(text[:1].upper()) == 1 else text


def objections(instruction: str, filters: FilterSettings, language: Language) -> list[Reason]:
    """Why the filters object to an instruction, in the order in which they are applied.

    Similarity is not among them: it needs the pool (see `selfinstruct.core.filtering.assessor`).
    """
    count = count_words(instruction, language)
    found = [
        _no_words(instruction, count, language),
        _length(count, filters, language),
        _keyword(instruction, filters),
        _opening(instruction, filters),
        _punctuation(instruction, language) if filters.punctuation else None,
        _script(instruction, language) if filters.script and language.scripts else None,
    ]
    return [reason for reason in found if reason is not None]


def count_words(text: str, language: Language) -> int:
    """The words of a text, as the limits on length count them: what stands between spaces in English,
    else tokens.
    """
    return len(text.split()) if language.is_english else len(words(text))


def _no_words(instruction: str, count: int, language: Language) -> Reason | None:
    """What has no tokens scores 0 with everything, and would always pass."""
    if _ENGLISH_LETTER.search(instruction.lower()) if language.is_english else count:
        return None
    wanted = "letter from a to z and no digit" if language.is_english else "letter and no number"
    return Reason(NO_WORDS, f'It has no {wanted}, so that it cannot be compared: "{_quoted(instruction)}".')


def _length(count: int, filters: FilterSettings, language: Language) -> Reason | None:
    told = f"{count} {language.unit}" if count == 1 else f"{count} {language.unit}s"
    if count < filters.min_words:
        return Reason("too_short", f"It has {told}; at least {filters.min_words} are wanted.")
    if count > filters.max_words:
        return Reason("too_long", f"It has {told}; at most {filters.max_words} are wanted.")
    return None


def keyword_spans(instruction: str, filters: FilterSettings) -> list[tuple[int, int]]:
    """Where in the text the keywords stand, as (start, end) offsets in characters.

    Words of scripts with spaces match as a whole, those in Hangul where a word begins (particles may
    follow), and those in scripts without spaces anywhere.
    """
    pattern = _keywords(filters.keywords)
    if pattern is None:
        return []
    return locate(instruction, fold, (match.span() for match in pattern.finditer(fold(instruction))))


@lru_cache(maxsize=32)
def _keywords(keywords: tuple[str, ...]) -> "re.Pattern[str] | None":
    return whole_words(keywords, particles=True)


def _keyword(instruction: str, filters: FilterSettings) -> Reason | None:
    spans = keyword_spans(instruction, filters)
    if not spans:
        return None
    words = list(dict.fromkeys(instruction[start:end].lower() for start, end in spans))
    named = ", ".join(f'"{word}"' for word in words)
    return Reason("keyword", f"It asks for what a text model cannot serve: {named}.")


def _opening(instruction: str, filters: FilterSettings) -> Reason | None:
    folded = fold(instruction)
    for opening in filters.openings:
        if folded.startswith(fold(opening)):
            return Reason("opening", f'It begins with "{opening}".')
    return None


def _punctuation(instruction: str, language: Language) -> Reason | None:
    first = instruction[:1]
    if first and unicodedata.category(first)[0] in "PS" and first not in language.allowed_first:
        return Reason("punctuation", f"It begins with the punctuation mark {first}")
    return None


def _script(instruction: str, language: Language) -> Reason | None:
    """Latin text begins with a Latin letter; other scripts often stand beside Latin names."""
    code = NOT_LATIN if language.is_english else OTHER_SCRIPT
    names = " or ".join(_SCRIPTS.get(script, script.title()) for script in language.scripts)
    letters = [character for character in instruction if character.isalpha()]
    if not letters:
        return Reason(code, f'It has no letter: "{_quoted(instruction)}".')
    if language.scripts == ("LATIN",):
        if not is_of_script(letters[0], language):
            return Reason(code, f'Its first letter, "{letters[0]}", is not {names}.')
    elif not any(is_of_script(letter, language) for letter in letters):
        return Reason(code, f'None of its letters is {names}: "{_quoted(instruction)}".')
    return None


def _quoted(instruction: str) -> str:
    return instruction[:_QUOTED_LENGTH]
