"""What a reasoning model thinks before it answers, told apart from the answer itself."""

import re

# Reasoning models think aloud first; some servers open the block themselves and send only its end.
_THINKING = re.compile(
    r"\A(?:\s*<think(?:ing)?>)?(?:(?!<think).)*?</think(?:ing)?>|\A\s*<think(?:ing)?>.*\Z", re.DOTALL
)


def spoken(text: str) -> str:
    """What a model says after it has thought aloud; nothing when the token limit cut its thoughts."""
    return _THINKING.sub("", text, count=1)
