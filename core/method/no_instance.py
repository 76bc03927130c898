"""JSON that is an answer and holds no instance: it is empty, or says only what has gone wrong."""

import re
from typing import Any

from selfinstruct.core.method.answer_lines import is_fence
from selfinstruct.core.method.broken_json import DECODER
from selfinstruct.core.method.vocabulary import Vocabulary

_OPENS = re.compile(r"[\[{]")
_BEFORE = re.compile(r"(?:.*[:：\n])?\s*", re.DOTALL)
_AFTER = re.compile(r"[ \t,;.。]*(?:\n.*)?", re.DOTALL)
_CUT_MEMBER = re.compile(r"[\[\s]*\{\s*\"(?P<name>[^\"\n]{1,40})\"\s*:\s*\"[^\"]*")
_MOST_PROSE = 200


def holds_no_instance(value: Any, vocabulary: Vocabulary) -> bool:
    """Whether a JSON value is empty, or an object that only says why a request failed."""
    if value in (None, "", [], {}):
        return True
    if isinstance(value, list):
        return all(holds_no_instance(one, vocabulary) for one in value)
    if not isinstance(value, dict):
        return False
    names = set(map(vocabulary.member, value))
    # A task may well ask for a status or a message; only a failure has an error beside them.
    says_error = not names.isdisjoint(vocabulary.errors) and names <= vocabulary.errors | vocabulary.of_error
    return says_error or all(one != "" and holds_no_instance(one, vocabulary) for one in value.values())


def is_without_instance(text: str, vocabulary: Vocabulary) -> bool:
    """Whether a text is such JSON, in a fence or not, with at most a remark above or below it."""
    text = "\n".join(line for line in text.split("\n") if not is_fence(line)).strip()
    opens = _OPENS.search(text, 0, _MOST_PROSE)
    if opens is None or not _BEFORE.fullmatch(text, 0, opens.start()):
        return False
    try:
        value, end = DECODER.raw_decode(text, opens.start())
    except (ValueError, RecursionError):
        cut = _CUT_MEMBER.fullmatch(text, opens.start())
        return vocabulary.member(cut["name"]) in vocabulary.errors if cut else not text.strip("[]{} \n")
    is_alone = len(text) - end <= _MOST_PROSE and _AFTER.fullmatch(text, end) is not None
    return is_alone and holds_no_instance(value, vocabulary)
