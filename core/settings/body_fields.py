"""Fields of a request's body that have settings of their own, or change what a request costs. Pure."""

from collections.abc import Mapping
from typing import Any


def _plain(name: str) -> str:
    """A name without case and separators: some servers take any case, and both max_tokens and maxTokens."""
    return name.lower().replace("_", "").replace("-", "")


def _names(listed: str) -> frozenset[str]:
    return frozenset(map(_plain, listed.split()))


_PROMPT = _names("model messages prompt prompt_embeds input inputs instructions contents system suffix")
"""What is asked, and of which model."""
_LENGTH = _names(
    "max_tokens max_completion_tokens max_new_tokens max_output_tokens max_tokens_to_sample max_gen_len"
    " max_generated_tokens max_length num_predict n_predict"
)
_ANSWERS = _names(
    "n best_of num_return_sequences num_completions num_generations num_samples candidate_count"
    " use_beam_search beam_width num_beams"
)
_PRICE = _names("service_tier speed inference_geo models fallbacks fallback_models route preset prediction")
"""What chooses another price. Of a prediction, rejected tokens are billed."""
_EXTRAS = _names(
    "tools tool_choice functions function_call mcp_servers plugins connectors web_search web_search_options"
    " enable_search search_options search_parameters documents modalities audio"
)
"""Fields that add to the prompt, or are billed in addition to the tokens."""
_PASSED_ON = _names("extra_body options parameters generation_config")
"""Fields whose own fields some servers read as those of the request."""


def is_indispensable(name: str) -> bool:
    """Whether a parameter determines what is requested, or how much may be returned."""
    return _plain(name) in _PROMPT | _LENGTH | _ANSWERS


def is_limit_of_length(name: str) -> bool:
    """Whether a parameter limits how much may come, by any of its names."""
    return _plain(name) in _LENGTH


def refusal(body: Mapping[str, Any]) -> str | None:
    """Return why fields cannot be added to the body of a request, as a clause; None if they can."""
    for name, value in body.items():
        plain = _plain(name)
        if plain in _PROMPT:
            return f"{name} is part of every request; it has a setting of its own"
        if plain in _LENGTH:
            return (
                f"{name} changes what a request may cost; set max_tokens of a stage instead, as in"
                " [request.propose]"
            )
        if plain in _ANSWERS | _PRICE | _EXTRAS:
            return f"{name} changes what a request may cost; leave it out"
        if plain in _PASSED_ON and isinstance(value, Mapping) and (inside := refusal(value)):
            return inside
    return None
