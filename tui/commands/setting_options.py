"""Options whose values are settings: help and default are those of the settings."""

from typing import Any

import typer

from selfinstruct.core.settings.model import Settings

_NOTHING = {
    "base_url": "OpenAI's own",
    "api_key_env": "OPENAI_API_KEY for OpenAI",
    "embeddings": "none: by words only",
    "embeddings_url": "that of --base-url",
    "seeds": "those of the language",
    "prompts": "those of the language",
    "batch_api_price": "0.5 at OpenAI, else 1",
    "target": "no limit",
    "max_requests": "no limit",
    "max_cost": "no limit",
}
"""What holds where a setting has no value, by its name."""


def setting_option(name: str, *flags: str, metavar: str | None = None, panel: str | None = None) -> Any:
    """Return the option of a setting.

    Args:
        name: The name of the setting.
        flags: Its flags, if they do not follow from the name.
        metavar: What its value is, such as its unit.
        panel: The part of the help that lists it.
    """
    field = Settings.model_fields[name]
    return typer.Option(
        *flags,
        metavar=metavar,
        help=field.description,
        show_default=_NOTHING.get(name) or default_text(field.default),
        rich_help_panel=panel,
    )


def default_text(value: object) -> str:
    """Return a default as the help shows it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return "none" if value is None else str(value)
