"""Removes what an answer repeats of its prompt, as base models do that are asked through chat."""

from collections.abc import Iterable

_LEAST_WORDS = 4
"""Words of a line; a shorter one may be a value."""


def without_prompt(text: str, instructions: str) -> str:
    """An answer without the lines in which it repeats the instructions of its prompt.

    Args:
        text: The answer.
        instructions: What the prompt says before its examples, such as its system message.
    """
    repeated = set(_long_lines(instructions.split("\n")))
    lines = text.split("\n")
    if repeated.isdisjoint(_long_lines(lines)):
        return text
    return "\n".join(line for line in lines if line.strip() not in repeated)


def _long_lines(lines: Iterable[str]) -> Iterable[str]:
    return (line.strip() for line in lines if len(line.split()) >= _LEAST_WORDS)
