"""Parsing of model output into instructions, labels and instances. Pure: no clock, no randomness, no I/O.

Base models continue the prompt's format. Chat models add thoughts, greetings, headings, numbering, fences,
tables or JSON. An answer is read by its structure, never by guessing: what cannot be read is dropped with a
reason.
"""

from dataclasses import replace

from selfinstruct.core.language.registry import ENGLISH
from selfinstruct.core.method.answer_lines import with_plain_lines
from selfinstruct.core.method.instances import input_first, output_first
from selfinstruct.core.method.labels import label_of
from selfinstruct.core.method.lists import proposed
from selfinstruct.core.method.named_task import names_another_task
from selfinstruct.core.method.parsed_instance import OTHER_TASK, ParsedInstance
from selfinstruct.core.method.template_marks import before_marks
from selfinstruct.core.method.thoughts import spoken
from selfinstruct.core.method.vocabulary import NO_OWN_NAMES, OwnNames, Vocabulary, vocabulary
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
    words = vocabulary(language, own)
    said, ended = _said(text, words)
    return proposed(said, words, cut=cut and not ended, opened=continues_item)


def parse_label(text: str, language: str = ENGLISH, *, own: OwnNames = NO_OWN_NAMES) -> Label:
    """Parse the answer to "is it a classification task?"; `unknown` unless it is a clear yes or no."""
    return label_of(_said(text, vocabulary(language, own))[0], language, own)


def parse_input_first(
    text: str, language: str = ENGLISH, *, own: OwnNames = NO_OWN_NAMES, task: str = ""
) -> list[ParsedInstance]:
    """Parse the instances in an input-first answer: `Input:` and `Output:` pairs, or outputs alone.

    Text without any form is the output of a task without input. An answer in an unrecognized format is one
    instance with the reason `unreadable`.

    Args:
        text: The model's text.
        language: The code of the language whose field names are recognized, besides the English ones.
        own: The field names of a person's own prompts.
        task: The instruction that was asked about, if known: an answer to another one is unreadable.
    """
    words = vocabulary(language, own)
    said, ended = _said(text, words)
    return _of_task(said, task, input_first(said, words, ended=ended), words)


def parse_output_first(
    text: str, language: str = ENGLISH, *, own: OwnNames = NO_OWN_NAMES, task: str = ""
) -> list[ParsedInstance]:
    """Parse the instances in an output-first answer: `Class label:`, then an `Input:` with that label.

    If the answer starts with an input, the model has reversed the order, and it is parsed as input-first.

    Args:
        text: The model's text.
        language: The code of the language whose field names are recognized, besides the English ones.
        own: The field names of a person's own prompts.
        task: The instruction that was asked about, if known: an answer to another one is unreadable.
    """
    words = vocabulary(language, own)
    said, ended = _said(text, words)
    return _of_task(said, task, output_first(said, words, ended=ended), words)


def _of_task(text: str, task: str, found: list[ParsedInstance], words: Vocabulary) -> list[ParsedInstance]:
    if not task or not names_another_task(text, task, words):
        return found
    return [replace(one, fault=one.fault or OTHER_TASK) for one in found]


def _said(text: str, words: Vocabulary) -> tuple[str, bool]:
    """What an answer says, without thoughts and marks, and whether a mark ended it."""
    return before_marks(spoken(with_plain_lines(text)), words.turns)
