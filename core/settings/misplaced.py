"""Settings in the wrong table: where a name that is unknown at its place belongs. Pure."""

import json
from collections.abc import Sequence
from typing import Any

from selfinstruct.core.filtering.settings import FilterSettings
from selfinstruct.core.settings.body_fields import is_limit_of_length
from selfinstruct.core.settings.model import GENERATION_STAGES, Settings
from selfinstruct.core.settings.request import RequestSettings, StageSettings
from selfinstruct.core.settings.words import WordSettings

_PARAMETERS = (
    *("top_p", "top_k", "min_p", "typical_p", "presence_penalty", "frequency_penalty", "repetition_penalty"),
    *("repeat_penalty", "stop", "seed", "reasoning_effort", "reasoning", "thinking", "enable_thinking"),
    *("chat_template_kwargs", "verbosity", "logit_bias", "response_format", "stream", "extra_body"),
)
"""Parameters of chat endpoints without a setting of their own, which may be fields of the body."""

_LONGEST_QUOTED = 40


def belongs(name: str, parents: Sequence[str], value: Any) -> str:
    """Say where a name belongs that is none of its table, as a sentence; "" if it is known nowhere.

    Args:
        name: The name as it is written.
        parents: The tables that it stands in, from the outermost; empty at the top.
        value: What it is set to.
    """
    plain = name.replace("-", "_").lower()
    if plain in StageSettings.model_fields or is_limit_of_length(name):
        own = plain if plain in StageSettings.model_fields else "max_tokens"
        *others, last = (f"[request.{stage}]" for stage in GENERATION_STAGES)
        return f"Each stage has its own {own}: set it in {', '.join(others)} or {last}."
    if plain in GENERATION_STAGES:
        return f"It is a table of its own: [request.{plain}]."
    if plain in RequestSettings.model_fields:
        return f"It belongs in the table [request]: write {plain} below that line."
    if plain in _PARAMETERS:
        field = f"body = {{ {name} = {_shown(value)} }}"
        return f"Such a field goes into the body of requests: {field} in [request]."
    if plain in FilterSettings.model_fields:
        return f"It belongs in the table [filters]: write {plain} below that line."
    if parents and plain in Settings.model_fields:
        return f"It belongs above all tables: write {plain} before the first line with brackets."
    if plain in WordSettings.model_fields:
        return f"It belongs in the table [words]: write {plain} below that line."
    return ""


def _shown(value: Any) -> str:
    """A value as TOML, if it is short and simple."""
    if isinstance(value, bool | int | float | str):
        text = json.dumps(value, ensure_ascii=False)
        return text if len(text) <= _LONGEST_QUOTED else "…"
    return "…"
