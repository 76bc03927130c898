"""Parsing of model output into instructions, labels and instances. Pure: no clock, no randomness, no I/O.

Base models continue the prompt's format. Chat models add thoughts, greetings, headings, numbering, fences,
tables or JSON. An answer is read by its structure, never by guessing: what cannot be read is dropped with a
reason.
"""

from selfinstruct.core.language.registry import ENGLISH
from selfinstruct.core.method.answer_lines import with_plain_lines
from selfinstruct.core.method.instances import input_first, output_first
from selfinstruct.core.method.labels import label_of
from selfinstruct.core.method.lists import proposed
from selfinstruct.core.method.parsed_instance import ParsedInstance
from selfinstruct.core.method.template_marks import before_marks
from selfinstruct.core.method.thoughts import spoken
from selfinstruct.core.method.vocabulary import NO_OWN_NAMES, OwnNames, vocabulary
from selfinstruct.db.records import Label

__all__ = [
    "OwnNames",
    "ParsedInstance",
    "parse_input_first",
    "parse_label",
    "parse_output_first",
    "parse_proposals",
]


def parse_proposals(
    text: str, *, cut: bool, continues_item: bool, language: str = ENGLISH, own: OwnNames = NO_OWN_NAMES
) -> list[str]:
    """Parse the list of instructions in the answer to a propose prompt.

    Args:
        text: The model's text.
        cut: Whether the token limit truncated it; if so, the last item is dropped, unless text follows it.
        continues_item: Whether the prompt ended inside an item ("9."), as it does for base models. Text
            before the first number is then an item, not a greeting.
        language: The code of the language whose field names are recognized, besides the English ones.
        own: The field names of a person's own prompts.

    Returns:
        The non-empty items in order, each on one line, without numbers, titles, answers and decoration.
    """
    said, ended = before_marks(spoken(with_plain_lines(text)))
    return proposed(said, vocabulary(language, own), cut=cut and not ended, opened=continues_item)


def parse_label(text: str, language: str = ENGLISH, *, own: OwnNames = NO_OWN_NAMES) -> Label:
    """Parse the answer to "is it a classification task?"; `unknown` unless it is a clear yes or no."""
    return label_of(before_marks(spoken(with_plain_lines(text)))[0], language, own)


def parse_input_first(
    text: str, language: str = ENGLISH, *, own: OwnNames = NO_OWN_NAMES
) -> list[ParsedInstance]:
    """Parse the instances in an input-first answer: `Input:` and `Output:` pairs, or outputs alone.

    Text without any form is the output of a task without input. An answer in an unrecognized format is one
    instance with the reason `unreadable`.
    """
    said, ended = before_marks(spoken(with_plain_lines(text)))
    return input_first(said, vocabulary(language, own), ended=ended)


def parse_output_first(
    text: str, language: str = ENGLISH, *, own: OwnNames = NO_OWN_NAMES
) -> list[ParsedInstance]:
    """Parse the instances in an output-first answer: `Class label:`, then an `Input:` with that label.

    If the answer starts with an input, the model has reversed the order, and it is parsed as input-first.
    """
    said, ended = before_marks(spoken(with_plain_lines(text)))
    return output_first(said, vocabulary(language, own), ended=ended)
