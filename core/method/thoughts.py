"""Removal of a reasoning model's thinking block from its answer."""

import re

# Some servers put the opening tag into the prompt, so that the answer contains only the closing one.
_THINKING = re.compile(
    r"\A(?:\s*<think(?:ing)?>)?(?:(?!<think).)*?</think(?:ing)?>|\A\s*<think(?:ing)?>.*\Z", re.DOTALL
)


def spoken(text: str) -> str:
    """Return the answer after the thinking block; empty if the token limit truncated the block."""
    return _THINKING.sub("", text, count=1)
