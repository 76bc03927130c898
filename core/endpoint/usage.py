"""Reads the usage of a response: how many tokens the endpoint counted, thoughts included. Pure."""

from typing import Any

_MOST_UNREPORTED = 1_000_000
"""Maximum tokens of thoughts inferred for one answer; a larger total counts something else."""


def prompt_tokens(usage: dict[str, Any]) -> int | None:
    """Return the tokens of the prompt, cached ones included; None if they are not reported."""
    if "prompt_tokens" in usage:
        return _tokens(usage["prompt_tokens"])
    # By this name, what was read from or written to a cache is counted apart.
    counted = _tokens(usage.get("input_tokens"))
    return None if counted is None else counted + _cached(usage)


def completion_tokens(usage: dict[str, Any]) -> int | None:
    """Return the tokens of the answer and of its thoughts, which are billed alike; None if not reported.

    Some endpoints leave thoughts out of the tokens of the answer, and count them in the total only.
    """
    reported = _tokens(usage.get("completion_tokens", usage.get("output_tokens")))
    answer = reported or 0
    thoughts = max(_beside_answer(usage, answer), _thoughts_apart(usage, answer))
    return answer + thoughts if thoughts else reported


def _beside_answer(usage: dict[str, Any], answer: int) -> int:
    """Return the tokens in the total that are neither of the prompt nor of the answer; 0 if it is odd."""
    total, prompt = _tokens(usage.get("total_tokens")), prompt_tokens(usage)
    if total is None or prompt is None:
        return 0
    beside = total - prompt - answer
    if "prompt_tokens" in usage:
        cached = _cached(usage) or _detail(usage, "prompt", "cached_tokens")
        # More than the prompt, or exactly what is left: then the prompt is counted without them.
        if cached > prompt or beside == cached:
            beside -= cached
    return beside if 0 <= beside <= _MOST_UNREPORTED else 0


def _thoughts_apart(usage: dict[str, Any], answer: int) -> int:
    """Return the tokens of thoughts if they are more than the answer, which then does not include them."""
    thoughts = max(_detail(usage, of, "reasoning_tokens") for of in ("completion", "output"))
    return thoughts if answer < thoughts <= _MOST_UNREPORTED else 0


def _cached(usage: dict[str, Any]) -> int:
    return sum(_tokens(usage.get(f"cache_{what}_input_tokens")) or 0 for what in ("read", "creation"))


def _detail(usage: dict[str, Any], of: str, name: str) -> int:
    details = usage.get(f"{of}_tokens_details")
    return _tokens(details.get(name)) or 0 if isinstance(details, dict) else 0


def _tokens(value: object) -> int | None:
    """A number of tokens, which some servers write as 7.0; None if it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**53:
        return None
    return int(value) if value == int(value) else None
