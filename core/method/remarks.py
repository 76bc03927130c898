"""What a chat model says before and after an answer, and what only sounds so and is part of a text."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from selfinstruct.core.method.answer_lines import RULE, is_fence
from selfinstruct.core.method.vocabulary import Vocabulary

_MOST_REMARKS = 3
_SIGNED_WITHIN = 4
_SPOKEN = tuple("\"'“”‘’«»「『—–-")
"""What begins a line that somebody says in a text, or an item of a list."""


@dataclass(frozen=True, slots=True)
class Trimmed:
    """A text without what is said around it."""

    text: str
    is_open: bool = False
    """Whether a sentence at its edge may as well be the model's."""


def without_remarks(text: str, vocabulary: Vocabulary) -> Trimmed:
    """Remove the remarks at the end of an answer's last value, such as "I hope these examples help!".

    They are set apart by a blank line, and speak of the answer or offer more. A letter may end with the same
    words, and what speaks to its reader with an offer: where that cannot be told, the end is open. What is no
    remark on an answer, such as "Thank you.", stays.
    """
    lines = text.rstrip().split("\n")
    for _ in range(_MOST_REMARKS):
        while len(lines) > 1 and (not lines[-1].strip() or (RULE.match(lines[-1]) and len(lines) > 2)):
            lines.pop()
        before = [line for line in lines[:-1] if not RULE.match(line)]
        if not any(line.strip() for line in before) or _is_fenced(lines):
            break
        spaced = not lines[-2].strip() or RULE.match(lines[-2]) is not None
        whose = _whose(lines[-1], "\n".join(before).strip(), vocabulary, spaced=spaced)
        if whose is None:
            return Trimmed("\n".join(lines), is_open=True)
        if whose != "model":
            break
        lines.pop()
    return Trimmed("\n".join(lines))


def _whose(line: str, above: str, vocabulary: Vocabulary, *, spaced: bool) -> Literal["model", "text"] | None:
    """Whether the model says the last line of a text, or the text itself does; None if it cannot be told."""
    if line.lstrip().startswith(_SPOKEN):
        return "text"
    phrases = vocabulary.phrases
    is_remark = vocabulary.is_remark(line)
    if not (is_remark or (spaced and vocabulary.is_remark(line, weak=True))):
        return "text"
    is_letter = _begins_line("salutation", above, vocabulary)
    is_signed = _begins_line("signature", "\n".join(_last_written(above)), vocabulary)
    if phrases["answer_part"].search(line):
        return None if is_letter and not is_signed else "model"
    if not spaced or not (is_remark or vocabulary.is_said("offer", line)):
        return "text"
    if is_letter and not is_signed:
        return "text"
    is_told = is_letter or is_signed or (not is_remark and phrases["second_person"].search(above) is not None)
    return None if is_told else "model"


def _begins_line(name: str, text: str, vocabulary: Vocabulary) -> bool:
    """Whether a line of a text begins with a phrase."""
    starts = (match.end() for match in re.finditer(r"^[ \t*_>]*", text, re.MULTILINE))
    return any(vocabulary.phrases[name].match(text, start) for start in starts)


def _last_written(text: str) -> Sequence[str]:
    return [line for line in text.split("\n") if line.strip()][-_SIGNED_WITHIN:]


def _is_fenced(lines: Sequence[str]) -> bool:
    return sum(is_fence(line) for line in lines) % 2 == 1 or is_fence(lines[-1])


def without_lead_in(text: str, vocabulary: Vocabulary) -> str:
    """Remove a paragraph that a chat model says first, such as "Sure! Here is the poem:"."""
    first, _, rest = text.strip("\n").partition("\n")
    spaced = rest.startswith(("\n", "```", "~~~"))
    return rest.strip("\n") if rest.strip() and spaced and vocabulary.is_lead_in(first) else text
