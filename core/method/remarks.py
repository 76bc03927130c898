"""What a chat model says before and after an answer, as opposed to similar words that are part of a text."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Literal

from selfinstruct.core.method.answer_lines import RULE, is_fence
from selfinstruct.core.method.vocabulary import Vocabulary

_MOST_REMARKS = 3
_SIGNED_WITHIN = 4
_SPOKEN = tuple("\"'“”‘’«»「『—–-")
"""How a line of speech within a text begins, or an item of a list."""
_AROUND = " \t*_>"
_LONGEST_ASIDE = 120


@dataclass(frozen=True, slots=True)
class Trimmed:
    """A text without the remarks around it."""

    text: str
    is_open: bool = False
    """Whether a sentence at its edge may as well be the model's."""


def without_remarks(text: str, vocabulary: Vocabulary) -> Trimmed:
    """Remove the remarks at the end of an answer's last value, such as "I hope this helps!".

    They speak of the answer or of the conversation, below a blank line or a rule; a wish or an offer that
    names examples or tasks needs neither. Anything else, such as "Thank you." or "Book a flight today!", is
    part of the text. Where it may be either, as with "That's all." or what a short last paragraph says of
    "the outputs", the end is open. A letter may end with the same words: without a signature they are its
    own, and below one the end is open. With what names examples or tasks it is the other way round: open,
    and the model's.
    """
    lines = text.rstrip().split("\n")
    for _ in range(_MOST_REMARKS):
        while len(lines) > 1 and (not lines[-1].strip() or (RULE.match(lines[-1]) and len(lines) > 2)):
            lines.pop()
        if not any(map(_is_written, lines[:-1])) or _is_fenced(lines):
            break
        whose = _whose_end(lines, vocabulary)
        if whose == "unknown":
            return Trimmed("\n".join(lines), is_open=True)
        if whose == "text":
            break
        lines.pop()
    return Trimmed("\n".join(lines))


def _whose_end(lines: Sequence[str], vocabulary: Vocabulary) -> Literal["model", "text", "unknown"]:
    """Who says the last line of a text: the model, or the text itself."""
    line = lines[-1]
    if not _is_closing(line, vocabulary):
        return _whose_aside(lines, vocabulary)
    names_parts = vocabulary.phrases["answer_part"].search(line) is not None
    if not _is_apart(lines, vocabulary) and not (names_parts and vocabulary.is_said("closing", line)):
        return "text"
    if not _is_letter(lines, vocabulary):
        return "model"
    if _is_over(lines, vocabulary):
        return "model" if names_parts else "unknown"
    return "unknown" if names_parts else "text"


def _whose_aside(lines: Sequence[str], vocabulary: Vocabulary) -> Literal["text", "unknown"]:
    """Who says a last paragraph that is no sure remark: open if it may tell of the answer or its end."""
    paragraph = list(takewhile(_is_written, reversed(lines)))
    if len(paragraph) == len(lines) or not all(_may_close(line, vocabulary) for line in paragraph):
        return "text"
    above = lines[: -len(paragraph)]
    if not vocabulary.is_said("perhaps", lines[-1]) and _names_form("\n".join(above), vocabulary):
        return "text"
    return "text" if _is_letter(lines, vocabulary) and not _is_over(lines, vocabulary) else "unknown"


def _may_close(line: str, vocabulary: Vocabulary) -> bool:
    if line.lstrip().startswith(_SPOKEN) or len(line) > _LONGEST_ASIDE:
        return False
    return vocabulary.is_said("perhaps", line) or _names_form(line, vocabulary)


def _names_form(text: str, vocabulary: Vocabulary) -> bool:
    """Whether a text speaks of the parts of an answer, such as its inputs or these examples."""
    return vocabulary.phrases["form_part"].search(text) is not None


def _is_closing(line: str, vocabulary: Vocabulary) -> bool:
    if line.lstrip().startswith(_SPOKEN):
        return False
    return vocabulary.is_said("closing", line) or vocabulary.is_said("about_parts", line)


def _is_apart(lines: Sequence[str], vocabulary: Vocabulary) -> bool:
    """Whether there is a blank line or a rule above the last line, or above others that say the same."""
    paragraph = list(takewhile(_is_written, reversed(lines)))
    return len(paragraph) < len(lines) and all(_is_closing(line, vocabulary) for line in paragraph)


def _is_letter(lines: Sequence[str], vocabulary: Vocabulary) -> bool:
    """Whether a text is a letter or a speech: it begins by greeting somebody, or thanks for a message."""
    above = "\n".join([line for line in lines[:-1] if not RULE.match(line)]).strip().lstrip(_AROUND) + "\n\n"
    subject = vocabulary.phrases["subject"].match(above)
    return vocabulary.phrases["salutation"].match(above, subject.end() if subject else 0) is not None


def _is_over(lines: Sequence[str], vocabulary: Vocabulary) -> bool:
    """Whether a letter ends above the last line: with a signature, or a rule."""
    above = [line.lstrip(_AROUND) for line in lines[:-1] if line.strip()]
    is_signed = any(map(vocabulary.phrases["signature"].match, above[-_SIGNED_WITHIN:]))
    return is_signed or RULE.match(above[-1]) is not None


def _is_written(line: str) -> bool:
    return bool(line.strip()) and not RULE.match(line)


def _is_fenced(lines: Sequence[str]) -> bool:
    return sum(is_fence(line) for line in lines) % 2 == 1 or is_fence(lines[-1])


def without_lead_in(text: str, vocabulary: Vocabulary) -> str:
    """Remove a paragraph that only a chat model says first, such as "Sure! Here is the poem:"."""
    first, _, rest = text.strip("\n").partition("\n")
    spaced = rest.startswith(("\n", "```", "~~~"))
    return rest.strip("\n") if rest.strip() and spaced and vocabulary.is_said("opener", first) else text
