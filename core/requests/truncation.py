"""Silent truncation: a server that cuts prompts counts far fewer tokens than were sent. Pure."""

from selfinstruct.core.endpoint.context_limit import asked_for
from selfinstruct.db.records import Prompt, Request

_MOST_BYTES_A_TOKEN = 8
_MOST_BYTES_A_TOKEN_ELSEWHERE = 12
"""More bytes than a token stands for on average, in ASCII and in other scripts, with any usual vocabulary."""
_USUAL_BYTES_A_TOKEN = 3
_FEWEST_TOKENS = 100
"""A prompt of fewer tokens fits every context."""
_LEAST_CONTEXT = 2048


def truncation(request: Request, prompt_tokens: int | None) -> str | None:
    """Return a warning if a server has cut the prompt of a request; None if it has not, or cannot be known.

    Args:
        request: The request.
        prompt_tokens: The length of its prompt in tokens, as the server reports it.
    """
    if not prompt_tokens or request.stage == "embed":
        return None
    text = _text(request.prompt)
    sent = len(text.encode())
    ascii_only = len(text.encode("ascii", errors="ignore"))
    least = ascii_only // _MOST_BYTES_A_TOKEN + (sent - ascii_only) // _MOST_BYTES_A_TOKEN_ELSEWHERE
    if least < _FEWEST_TOKENS or prompt_tokens >= least:
        return None
    needed = sent // _USUAL_BYTES_A_TOKEN + (asked_for(request.parameters) or 0)
    context = _LEAST_CONTEXT
    while context < needed:
        context *= 2
    return (
        f"{request.model} counts {prompt_tokens:,} tokens in a prompt of at least {least:,}: the server seems"
        f" to cut prompts to its context without an error. Set its context length to {context:,} tokens or"
        " more (num_ctx or OLLAMA_CONTEXT_LENGTH for Ollama, --ctx-size for llama.cpp)."
    )


def _text(prompt: Prompt) -> str:
    """The text of a prompt, whatever its form."""
    return prompt if isinstance(prompt, str) else "\n".join(map(_content, prompt))


def _content(part: object) -> str:
    return part["content"] if isinstance(part, dict) else str(part)
