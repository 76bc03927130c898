"""Finish reasons: whether a completion is whole, cut or withheld, in the words of all usual servers. Pure."""

import re
from typing import Literal

from selfinstruct.core.util.snake_case import snake_case

Ending = Literal["whole", "cut", "withheld"]

_NAMES: dict[Ending, str] = {
    "whole": (
        "null none stop stopped stop_sequence stop_sequences stop_token stop_word stop_words stop_str"
        " stop_string stop_string_found stop_sequence_found end_turn end_of_turn end_of_text endoftext"
        " end_of_sequence end_id end eos eos_token eos_token_id eos_found eos_token_found complete completed"
        " done finish finished success"
    ),
    "withheld": (
        "content_filter content_filtered safety image_safety recitation blocklist prohibited_content spii"
        " sensitive guardrail_intervened refusal"
    ),
}
_ENDINGS: dict[str, Ending] = {
    "": "whole",
    **{name: kind for kind, names in _NAMES.items() for name in names.split()},
}
_LIMIT = re.compile("length|token|limit", re.IGNORECASE)
_PREFIX = re.compile(r"^(?:.*\.)?(?:finish_|stop_)?(?:reason_)?")


def ending(finish_reason: object) -> Ending:
    """Classify a finish reason; any that is not known to mean a whole or a withheld answer counts as cut."""
    if finish_reason is None:
        return "whole"
    if not isinstance(finish_reason, str):
        return "cut"
    # In one spelling: stopStringFound, FinishReason.STOP, REASON_STOP, stop-sequence.
    snake = snake_case(finish_reason)
    for name in (snake, _PREFIX.sub("", snake)):
        if name in _ENDINGS:
            return _ENDINGS[name]
    return "cut"


def is_token_limit(finish_reason: object) -> bool:
    """Whether a finish reason says that a token limit cut the answer."""
    return isinstance(finish_reason, str) and _LIMIT.search(finish_reason) is not None
