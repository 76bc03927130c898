"""Removes what an answer repeats of its prompt, as base models do that are asked through chat."""

from collections.abc import Iterable

from selfinstruct.core.language.unicode_tokens import is_unspaced

_LEAST_WORDS, _LEAST_CHARACTERS = 4, 16
"""Words of a line, or characters where no spaces part them; a shorter one may be a value."""


def without_prompt(text: str, instructions: str) -> str:
    """An answer without the lines in which it repeats instructions of its prompt.

    Args:
        text: The answer.
        instructions: The system message of the prompt.
    """
    repeated = set(_long_lines(instructions.split("\n")))
    lines = text.split("\n")
    if repeated.isdisjoint(_long_lines(lines)):
        return text
    return "\n".join(line for line in lines if line.strip() not in repeated)


def _long_lines(lines: Iterable[str]) -> Iterable[str]:
    return (line.strip() for line in lines if _is_long(line.strip()))


def _is_long(line: str) -> bool:
    return len(line.split()) >= _LEAST_WORDS or (
        len(line) >= _LEAST_CHARACTERS and any(map(is_unspaced, line))
    )
