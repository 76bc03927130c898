"""The field names of a person's own prompts, found by rendering these with marks in place of the values."""

import random
import re
from itertools import takewhile
from pathlib import Path

from selfinstruct.core.language.registry import ENGLISH
from selfinstruct.core.method.prompts import Example, PromptWriter
from selfinstruct.core.method.vocabulary import NO_OWN_NAMES, OwnNames
from selfinstruct.db.records import ApiKind, TextPrompt

_YES, _NO, _GIVEN, _OUTPUT = "\u27e6yes\u27e7", "\u27e6no\u27e7", "\u27e6given\u27e7", "\u27e6output\u27e7"
_LONGEST = 40


def own_names(api: ApiKind, path: Path | None, code: str = ENGLISH) -> OwnNames:
    """The names that the prompts in a file give to the fields, the question, and its yes and no.

    Models answer with the names that they are shown. Without a file they are those of the language.

    Raises:
        SettingsError: the file cannot be read, or a template is wrong.
    """
    if path is None:
        return NO_OWN_NAMES
    seeds = [
        Example(1, _YES, True, ((_GIVEN, _OUTPUT),)),
        Example(2, _NO, False, ((_GIVEN, _OUTPUT),)),
    ]
    writer = PromptWriter(api, seeds, random.Random(0), path, code)
    input_first = _text(writer.instantiate("", output_first=False).prompt)
    output_first = _text(writer.instantiate("", output_first=True).prompt)
    classify = _text(writer.classify("").prompt)
    yes, no = _answer_below(classify, _YES), _answer_below(classify, _NO)
    shared = takewhile(lambda pair: pair[0] == pair[1], zip(yes, no, strict=False))
    question = "".join(character for character, _ in shared) if yes != no else ""
    question = question[: max(question.rfind(mark) for mark in (":", "：", "?", "？")) + 1]
    return OwnNames(
        task=_before(input_first, _NO),
        input=(*_before(input_first, _GIVEN), *_before(output_first, _GIVEN)),
        output=_before(input_first, _OUTPUT),
        label=_before(output_first, _OUTPUT),
        question=(question.rstrip(":： "),) if question else (),
        yes=(yes[len(question) :].strip(),) if question and yes[len(question) :].strip() else (),
        no=(no[len(question) :].strip(),) if question and no[len(question) :].strip() else (),
    )


def _text(prompt: TextPrompt) -> str:
    return prompt if isinstance(prompt, str) else "\n".join(message["content"] for message in prompt)


def _before(text: str, mark: str) -> tuple[str, ...]:
    """The name in front of a mark, on its line or on the line above."""
    above = ""
    for line in text.split("\n"):
        before, found, _ = line.partition(mark)
        if found:
            name = re.sub(r"^[\W\d_]+|[\W_]+$", "", before if before.strip() else above)
            return (name,) if 0 < len(name) <= _LONGEST else ()
        above = line if line.strip() else above
    return ()


def _answer_below(text: str, mark: str) -> str:
    """The first line with text below that of a mark."""
    below = text.partition(mark)[2].split("\n")[1:]
    return next((line.strip() for line in below if line.strip()), "")
