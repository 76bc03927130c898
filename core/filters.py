"""The filters that look at one instruction alone (paper, section 2.2 and its released pipeline)."""

import re
import unicodedata

from selfinstruct.core.settings import FilterSettings
from selfinstruct.db.rows import Reason

_QUOTED_LENGTH = 40


def clean_instruction(text: str) -> str:
    """One line, single spaces, the first letter raised; every other letter keeps its case."""
    text = " ".join(text.split())
    return text[:1].upper() + text[1:] if len(text[:1].upper()) == 1 else text


def objections(instruction: str, filters: FilterSettings) -> list[Reason]:
    """Why the filters object to an instruction, in the order in which they are applied.

    Similarity is not among them: it needs the pool (see `selfinstruct.core.judge`).
    """
    found = [
        _length(instruction, filters),
        _keyword(instruction, filters),
        _opening(instruction, filters),
        _punctuation(instruction) if filters.punctuation else None,
        _script(instruction) if filters.latin else None,
    ]
    return [reason for reason in found if reason is not None]


def count_words(text: str) -> int:
    """The words of a text, as the limits on length count them."""
    return len(text.split())


def _length(instruction: str, filters: FilterSettings) -> Reason | None:
    words = count_words(instruction)
    if words < filters.min_words:
        return Reason("too_short", f"It has {_count(words)}; at least {filters.min_words} are wanted.")
    if words > filters.max_words:
        return Reason("too_long", f"It has {_count(words)}; at most {filters.max_words} are wanted.")
    return None


def _count(words: int) -> str:
    return f"{words} word" if words == 1 else f"{words} words"


def keyword_spans(instruction: str, filters: FilterSettings) -> list[tuple[int, int]]:
    """Where in the text the keywords stand, as (start, end) offsets in characters."""
    if not filters.keywords:
        return []
    words = "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in filters.keywords)
    pattern = re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)
    return [match.span() for match in pattern.finditer(instruction)]


def _keyword(instruction: str, filters: FilterSettings) -> Reason | None:
    spans = keyword_spans(instruction, filters)
    if not spans:
        return None
    words = list(dict.fromkeys(instruction[start:end].lower() for start, end in spans))
    named = ", ".join(f'"{word}"' for word in words)
    return Reason("keyword", f"It asks for what a text model cannot serve: {named}.")


def _opening(instruction: str, filters: FilterSettings) -> Reason | None:
    for opening in filters.openings:
        if instruction.casefold().startswith(opening.casefold()):
            return Reason("opening", f'It begins with "{opening}".')
    return None


def _punctuation(instruction: str) -> Reason | None:
    first = instruction[:1]
    if first and unicodedata.category(first)[0] in "PS":
        return Reason("punctuation", f"It begins with the punctuation mark {first}")
    return None


def _script(instruction: str) -> Reason | None:
    letter = next((character for character in instruction if character.isalpha()), None)
    if letter is None:
        quoted = instruction[:_QUOTED_LENGTH]
        return Reason("not_latin", f'It has no letter: "{quoted}".')
    if not unicodedata.name(letter, "").startswith(("LATIN", "FULLWIDTH LATIN")):
        return Reason("not_latin", f'Its first letter, "{letter}", is not Latin.')
    return None
