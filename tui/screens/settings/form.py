"""Conversion between settings and the text fields of the form. Pure."""

import csv
import io
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args

from pydantic import BaseModel

from selfinstruct.core.errors import SettingsError
from selfinstruct.core.filtering.registry import SETTINGS
from selfinstruct.core.filtering.setting_kinds import Phrases, phrases_named
from selfinstruct.core.filtering.settings import FilterSettings, filter_defaults
from selfinstruct.core.settings.model import OFFLINE, Price, Settings
from selfinstruct.core.settings_check import faults
from selfinstruct.tui.keys.own_keys import check_keys
from selfinstruct.tui.text.themes import DARK, known_themes

ON, OFF = "on", "off"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the form."""

    name: str
    """Name of the setting, qualified by its table, as in `filters.min_words`."""
    help: str
    default: str
    choices: tuple[str, ...] = ()
    """The allowed values; empty for free text."""
    fixed: str = ""
    """Why it cannot be changed; empty if it can."""

    @property
    def label(self) -> str:
        """The name shown on the form."""
        return self.name.removeprefix("filters.").replace(".", " ")


PRICES = ("price.input", "price.output")
KEYS = "keys"
_LISTS = tuple(f"filters.{setting.name}" for setting in SETTINGS if isinstance(setting, Phrases))
_BEGUN = "Fixed when the workspace was created."

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "Model",
        ("model", "base_url", "api_key_env", "api", "answers", "timeout_s", "thinking_tokens", *PRICES),
    ),
    ("Meaning", ("embeddings", "embeddings_url", "embeddings_key_env")),
    ("Limits", ("max_requests", "max_cost", "target", "hold")),
    (
        "Generation",
        (
            "requests_per_batch",
            "batches_ahead",
            "concurrency",
            "batch_api_requests",
            "batch_api_price",
            "clf_only",
            "rng_seed",
            "prompts",
            "seeds",
            "language",
        ),
    ),
    ("Filters", tuple(f"filters.{name}" for name in FilterSettings.model_fields)),
    ("Screen", ("theme", KEYS)),
)
SCREEN_ONLY = frozenset({"theme", KEYS})
"""Settings that affect only the display."""


def _describe(name: str) -> Field:
    table, _, own = name.rpartition(".")
    tables: dict[str, type[BaseModel]] = {"": Settings, "filters": FilterSettings, "price": Price}
    info = tables[table].model_fields[own]
    default = "" if table == "price" else _text(info.get_default(call_default_factory=True))
    field = Field(name, info.description or "", default)
    if info.annotation is bool:
        return replace(field, choices=(OFF, ON))
    if name in {"api", "answers"}:
        return replace(field, choices=get_args(info.annotation))
    if name == "theme":
        return replace(field, choices=tuple(known_themes()), default=DARK)
    return replace(field, fixed=_BEGUN) if name in {"seeds", "language"} else field


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return ON if value else OFF
    if isinstance(value, tuple):
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(value)
        return line.getvalue()
    if isinstance(value, dict):
        return "\n".join(f"{name} = {_quoted(keys)}" for name, keys in value.items())
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)


def _quoted(text: str) -> str:
    """Return `text` as a TOML string with invisible characters escaped."""
    shown = (c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08x}" for c in text)
    return f'"{"".join(shown)}"'


FIELDS = {name: _describe(name) for _, names in GROUPS for name in names}


def field_of(name: str, settings: Settings) -> Field:
    """Return a field of the form; filter defaults depend on the language of the settings."""
    table, _, own = name.rpartition(".")
    if table != "filters":
        return FIELDS[name]
    return replace(FIELDS[name], default=_text(getattr(filter_defaults(settings.language), own)))


def text_of(settings: Settings, name: str, *, model: str | None = None) -> str:
    """Return the value of a field as text; a price is that of `model`, by default the current model."""
    table, _, own = name.rpartition(".")
    if table == "price":
        price = settings.prices.get(settings.model if model is None else model)
        return "" if price is None else _text(getattr(price, own))
    if table == "filters":
        return _text(getattr(settings.filters, own))
    value = getattr(settings, name)
    return DARK if name == "theme" and value is None else _text(value)


def texts_of(settings: Settings) -> dict[str, str]:
    """Return the texts of all fields, by name."""
    return {name: text_of(settings, name) for name in FIELDS}


def changed_in(texts: Mapping[str, str], base: Settings) -> dict[str, str]:
    """Return the texts that the user has changed from `base`, by field name."""
    return {name: text for name, text in texts.items() if text != text_of(base, name)}


def values_of(texts: Mapping[str, str], base: Settings) -> dict[str, Any]:
    """Return the settings in `base` updated from some fields, not validated yet.

    An empty text means the default, but an empty list stays empty. Fields with the text of `base` keep their
    value.

    Args:
        texts: Texts by field name.
        base: The settings to start from.

    Raises:
        SettingsError: The key bindings cannot be parsed.
    """
    values = base.model_dump()
    prices = values["prices"]
    price: dict[str, str] = {}
    for name, text in texts.items():
        table, _, own = name.rpartition(".")
        if table == "price":
            price |= {own: text} if text.strip() else {}
            continue
        if text == text_of(base, name):
            continue
        target = values["filters"] if table else values
        if name in _LISTS:
            target[own] = phrases_named(text) or next(csv.reader([text], skipinitialspace=True), [])
        elif name == KEYS:
            target[own] = _keys(text)
        elif text.strip():
            target[own] = text.strip()
        else:
            target.pop(own, None)
    if set(PRICES) <= set(texts):
        prices.pop(values.get("model", base.model), None)
        if price:
            prices[values.get("model", base.model)] = price
    moved = "base_url" in texts and values.get("base_url") != base.base_url
    if moved and values.get("api_key_env") == base.api_key_env:
        # A key is sent only to the endpoint it was named for; a new address requires naming it again.
        values["api_key_env"] = None
    if moved:
        values["request"]["headers"] = {}  # they may hold a key, too
    if _embeddings_move(values, base) and values.get("embeddings_key_env") == base.embeddings_key_env:
        values["embeddings_key_env"] = None
    return values


def _embeddings_move(values: Mapping[str, Any], base: Settings) -> bool:
    """Return whether the address of the embedding model would change."""
    names = ("embeddings_url",) if values.get("embeddings_url") else ("embeddings_url", "base_url")
    offline = (values.get("model", OFFLINE) == OFFLINE) != base.is_offline
    moved = any(values.get(name) != getattr(base, name) for name in names)
    return moved or (offline and not values.get("embeddings_url"))


def faults_of(texts: Mapping[str, str], base: Settings) -> dict[str, str]:
    """Return an error message for each invalid field, by name; empty if all are valid."""
    try:
        values = values_of(texts, base)
        check_keys(values[KEYS])
    except SettingsError as error:
        return faults_of({**texts, KEYS: ""}, base) | {KEYS: str(error)}
    return {_field_of(name): sentence for name, sentence in faults(values).items()}


def _field_of(name: str) -> str:
    if name == "filters":
        return "filters.min_words"
    if name.startswith("filters."):
        return ".".join(name.split(".")[:2])
    if name.startswith("prices."):
        own = name.rpartition(".")[2]
        return f"price.{own}"
    return name


def _keys(text: str) -> dict[str, str]:
    try:
        keys = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        keys = {"": None}
    if not all(isinstance(value, str) for value in keys.values()):
        raise SettingsError('Write one action and its keys per line, as in accept = "f5" or undo = "u,f6".')
    return keys
