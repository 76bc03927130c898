"""The size of prompts: it bounds their number of tokens, and so their cost."""

import json

from selfinstruct.db.records import Prompt


def prompt_bytes(prompt: Prompt) -> int:
    """Return the length of a prompt as sent, in bytes."""
    return len(json.dumps(prompt, ensure_ascii=False).encode())
