"""Validation of settings field by field, for forms."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from selfinstruct.core.errors import SettingsError
from selfinstruct.core.method.prompts import load_templates
from selfinstruct.core.settings.messages import explain
from selfinstruct.core.settings.model import Settings
from selfinstruct.core.settings.prices import limited_prices
from selfinstruct.core.settings.sources import (
    require_answers,
    require_embeddings,
    require_model,
    require_price,
)


def faults(values: Mapping[str, Any]) -> dict[str, str]:
    """Validate settings; returns an error message for each invalid one, by name such as `filters.rouge_l`.

    Errors between settings appear under one of them, and are checked only when each is valid by itself.
    Empty if the settings are usable.
    """
    try:
        settings = Settings.model_validate(dict(values))
    except ValidationError as error:
        found: dict[str, str] = {}
        for one in error.errors(include_url=False):
            said = explain(one)
            found.setdefault(".".join(map(str, one["loc"])), f"{said[:1].upper()}{said[1:]}.")
        return found
    checks: dict[str, Callable[[], object]] = {
        "model": lambda: require_model(settings),
        "answers": lambda: require_answers(settings),
        "embeddings": lambda: require_embeddings(settings),
        "prompts": lambda: settings.prompts and load_templates(settings.prompts, settings.language),
        f"prices.{settings.without_output_price}.output": lambda: require_price(settings),
        "max_cost": lambda: limited_prices(settings),
    }
    return {name: sentence for name, check in checks.items() if (sentence := _refusal(check))}


def _refusal(check: Callable[[], object]) -> str | None:
    try:
        check()
    except SettingsError as error:
        return str(error)
    return None
