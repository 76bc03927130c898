"""The sources of settings (flags, selfinstruct.toml, the workspace), and how a workspace stores them."""

import shlex
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from selfinstruct.core.errors import SettingsError, why
from selfinstruct.core.filtering.settings import FilterSettings, filter_defaults
from selfinstruct.core.language.registry import AUTO
from selfinstruct.core.setting_names import flag_of, setting
from selfinstruct.core.settings.addresses import as_address
from selfinstruct.core.settings.header_values import HEADER_FLAG, variables_in
from selfinstruct.core.settings.messages import explain
from selfinstruct.core.settings.misplaced import belongs
from selfinstruct.core.settings.model import GENERATION_STAGES, OFFLINE, OPENAI_URL, Price, Settings
from selfinstruct.core.settings.request import RequestSettings, StageSettings
from selfinstruct.core.settings.words import WordSettings
from selfinstruct.core.util.did_you_mean import NEAR, NEAR_IN_TABLE, nearest
from selfinstruct.db.real_path import real_path

SETTINGS_FILE = "selfinstruct.toml"
_FLAGS = "the flags"
_LONGEST_QUOTED = 100


def resolve(
    flags: Mapping[str, Any], *, stored: Mapping[str, Any] | None = None, folder: Path | None = None
) -> Settings:
    """Merge the layers of settings: flags override selfinstruct.toml, which overrides stored settings.

    Args:
        flags: Values from the command line; None counts as not given.
        stored: The settings that the workspace was last used with, as returned by `remembered`.
        folder: The folder of selfinstruct.toml; None skips the file.

    Raises:
        SettingsError: a name is unknown (the message suggests the closest one), or a value is invalid.
    """
    from_file = read_file(folder / SETTINGS_FILE) if folder else {}
    given = {name: value for name, value in flags.items() if value is not None}
    merged: dict[str, Any] = {}
    headers_are_for: object = None
    for layer in (stored or {}, from_file, given):
        filters = merged.get("filters", {})
        if _moves("base_url", layer, merged):
            # A key is sent only to the endpoint that it was given for.
            merged.pop("api_key_env", None)
            if not layer.get("embeddings_url", merged.get("embeddings_url")):
                merged.pop("embeddings_key_env", None)
        if layer.get("model") == OFFLINE and "base_url" not in layer:
            merged.pop("base_url", None)
            merged.pop("api_key_env", None)
            if merged.get("model", OFFLINE) != OFFLINE and not merged.get("embeddings_url"):
                # They belong to the address that is dropped.
                merged.pop("embeddings", None)
                merged.pop("embeddings_key_env", None)
        if _moves("embeddings_url", layer, merged):
            merged.pop("embeddings_key_env", None)
        if layer.get("embeddings") in {OFFLINE, ""} and "embeddings_url" not in layer:
            merged.pop("embeddings_url", None)
            merged.pop("embeddings_key_env", None)
        merged |= layer
        if "request" in layer:
            headers_are_for = layer.get("base_url")
        if layer is given and "filters" in given:
            # A flag sets one filter, and leaves the others as they are.
            merged["filters"] = {**filters, **given["filters"]}
    try:
        settings = Settings.model_validate(merged)
    except ValidationError as error:
        raise SettingsError(_sentence(error, _source(error, given, from_file))) from None
    if settings.request.headers and _as_known(headers_are_for or OPENAI_URL) != settings.address:
        # They may hold a key, which goes only to the address that stands beside them.
        settings = settings.without_headers
    require_model(settings)
    require_answers(settings)
    require_embeddings(settings)
    require_price(settings)
    return settings


def headers_warning(settings: Settings, folder: Path) -> str:
    """A warning about headers in selfinstruct.toml that are not sent to the endpoint; empty without any."""
    try:
        from_file = read_file(folder / SETTINGS_FILE)
    except SettingsError:
        return ""  # the next start reports what is wrong with the file
    theirs, headers = from_file.get("base_url"), from_file.get("request", {}).get("headers", {})
    is_for = _as_known(theirs or OPENAI_URL)
    if settings.is_offline or not headers or is_for == settings.address:
        return ""
    why = "" if theirs else ", since it has no base_url"
    names = dict.fromkeys(name for value in headers.values() for name in variables_in(value))
    flags = " ".join(f"{HEADER_FLAG} {name}" for name in names)
    url = f"{flag_of('base_url')} {shlex.quote(settings.address)}"
    allow = f", and start once with {url} {flags}" if names else ""
    where = "in place of the one there" if theirs else "at the top of the file"
    return (
        f"The headers in {SETTINGS_FILE} are for {is_for}{why}, so they are not sent to {settings.address}."
        f' To send them there, write base_url = "{settings.address}" {where}{allow}.'
    )


def _moves(name: str, layer: Mapping[str, Any], below: Mapping[str, Any]) -> bool:
    """Whether a layer sets an address to another one than the layers below, however it is written."""
    return _as_known(below.get(name)) != _as_known(layer.get(name, below.get(name)))


def _as_known(address: object) -> object:
    """An address in the form that settings store; anything else is returned unchanged."""
    return as_address(address) if isinstance(address, str) else address


def require_model(settings: Settings) -> None:
    """Check that an address comes with the name of a model, and a model of a stage with an address.

    Raises:
        SettingsError: one of them is the built-in model, which has no address.
    """
    for stage in GENERATION_STAGES:
        own = settings.of_stage(stage).model
        if own != settings.model and OFFLINE in {own, settings.model}:
            raise SettingsError(
                f"The model of [request.{stage}] must be at the same address as {setting('model')}, and"
                f" {OFFLINE}, the built-in model, has no address."
            )
    if settings.is_offline and settings.base_url is not None:
        if "model" in settings.model_fields_set:
            raise SettingsError(_no_address("model", "base_url"))
        raise SettingsError(
            f"{settings.base_url} needs the name of a model. Give it with {setting('model')}."
        )


def require_answers(settings: Settings) -> None:
    """Check that JSON is insisted on only where it can be asked for.

    Raises:
        SettingsError: the API is legacy completions, which has no request for JSON.
    """
    if settings.answers == "json" and settings.api == "completions":
        raise SettingsError(
            f"Legacy completions cannot be asked for JSON: set {setting('answers')} to auto or text, or"
            f" {setting('api')} to chat."
        )


def require_embeddings(settings: Settings) -> None:
    """Check that an address for embeddings comes with the name of an embedding model.

    Raises:
        SettingsError: there is no model, or it is the built-in one, which has no address.
    """
    if settings.embeddings_url is not None and settings.embeddings in {None, OFFLINE}:
        if settings.embeddings == OFFLINE:
            raise SettingsError(_no_address("embeddings", "embeddings_url"))
        raise SettingsError(
            f"{settings.embeddings_url} needs the name of a model. Give it with {setting('embeddings')}."
        )


def _no_address(name: str, address: str) -> str:
    return (
        f"{OFFLINE}, the built-in model, has no address. Name another model with {setting(name)}, or leave"
        f" {setting(address)} out."
    )


def require_price(settings: Settings) -> None:
    """Check that the price of each generating model includes an output price.

    Raises:
        SettingsError: one does not; only embedding models can omit it.
    """
    model = settings.without_output_price
    if model is not None:
        raise SettingsError(
            f"The price of '{model}' lacks output, in USD per million answer tokens. Set it in"
            f' [prices."{model}"]: only an embedding model can do without it.'
        )


def read_file(path: Path) -> dict[str, Any]:
    """Read and validate a TOML settings file; empty if the file does not exist.

    Paths in it are relative to the file's folder.

    Raises:
        SettingsError: the file is not valid TOML, or a setting in it is invalid.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise SettingsError(f"{path.absolute()} cannot be read: {why(error)}.") from error
    # Another layer may set the language, and with it the defaults of the filters.
    check({"language": AUTO, **values}, source=path.name)
    for name in _PATHS:
        if name in values:
            values[name] = path.parent / values[name]
    return values


def check(values: Mapping[str, Any], *, source: str) -> Settings:
    """Validate values by name; the error message names `source` as their origin.

    Raises:
        SettingsError: a value is invalid; the message describes the first error in one sentence.
    """
    try:
        return Settings.model_validate(dict(values))
    except ValidationError as error:
        raise SettingsError(_sentence(error, source)) from None


def _source(error: ValidationError, flags: Mapping[str, Any], from_file: Mapping[str, Any]) -> str:
    """The source of the first error; the file has already been validated by itself."""
    first = _first(error)
    name = first["loc"][0] if first["loc"] else None
    if name in from_file and name not in flags:
        return SETTINGS_FILE
    return _FLAGS if name in flags or (name is None and flags) else "the settings of the workspace"


def _first(error: ValidationError) -> ErrorDetails:
    """The error to report: an unknown name first, since a typo in a name can cause other errors."""
    errors = error.errors(include_url=False)
    return next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])


def _sentence(error: ValidationError, source: str) -> str:
    first = _first(error)
    where = ".".join(str(part) for part in first["loc"])[:_LONGEST_QUOTED]
    if first["type"] == "extra_forbidden":
        *parents, name = [str(part) for part in first["loc"]]
        if place := belongs(name, parents, first["input"]):
            return f"In {source}, '{where}' is not a setting at this place. {place}"
        known = _names_in(parents)
        near = nearest(name.replace("-", "_"), known, least=NEAR_IN_TABLE if parents else NEAR)
        of = {
            "filters": "The filters are",
            "prices": "A price has",
            "request": f"[{'.'.join(parents)}] has",
            "words": "The words are",
        }
        listed = f"{of[parents[0]]} {', '.join(known)}" if parents else "selfinstruct-tui --help lists them"
        meant = f"Did you mean '{near}'?" if near else f"{listed}."
        return f"In {source}, '{where}' is not a setting. {meant}"
    message = explain(first)
    if not where:
        return f"In {source}, {message}."
    if source == _FLAGS:
        # The flag of a filter is named without the table.
        name = where.removeprefix("filters.").partition(".")[0]
        return f"{setting(name)} is wrong: {message}."
    return f"In {source}, {where} is wrong: {message}."


def _names_in(parents: list[str]) -> list[str]:
    if not parents:
        return list(Settings.model_fields)
    tables: dict[str, type[BaseModel]] = {
        "filters": FilterSettings,
        "prices": Price,
        "words": WordSettings,
        "request": RequestSettings if len(parents) == 1 else StageSettings,
    }
    return list(tables[parents[0]].model_fields)


_TABLES = frozenset({"filters", "prices", "keys", "request", "words"})
"""Settings that are tables, and are merged entry by entry."""


_PATHS = ("seeds", "prompts")


def storable(settings: Settings, workspace: Path | None = None) -> dict[str, Any]:
    """Convert settings to JSON values for storage in a workspace, without headers, which may contain keys.

    Paths inside the folder of the workspace's file, whatever links lead to it, become relative to it, so that
    the folder can be renamed; all others become absolute.
    """
    values = settings.model_dump(
        mode="json", exclude_defaults=True, exclude={"filters": True, "request": {"headers"}}
    )
    if not values.get("request"):
        values.pop("request", None)
    usual = filter_defaults(settings.language).model_dump(mode="json")
    filters = settings.filters.model_dump(mode="json")
    if own := {name: value for name, value in filters.items() if value != usual[name]}:
        values["filters"] = own
    for name in _PATHS:
        path = getattr(settings, name)
        if path is not None:
            values[name] = str(_from_folder(path.absolute(), workspace))
    return values


def _from_folder(path: Path, workspace: Path | None) -> Path:
    if workspace is None:
        return path
    folder = real_path(workspace).parent
    below = [path.relative_to(parent) for parent in path.parents if real_path(parent) == folder]
    return next((inside for inside in below if ".." not in inside.parts), path)


def from_store(stored: Mapping[str, Any], workspace: Path) -> dict[str, Any]:
    """Resolve the paths in stored settings against the folder of the workspace's file."""
    folder = real_path(workspace).parent
    return {
        name: folder / value if name in _PATHS and isinstance(value, str) else value
        for name, value in stored.items()
    }


def remembered(stored: Mapping[str, Any], workspace: Path) -> dict[str, Any]:
    """The stored settings as a layer of `resolve`, without the seed file: the workspace holds its seeds."""
    return {name: value for name, value in from_store(stored, workspace).items() if name != "seeds"}


def with_changes(
    stored: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]
) -> dict[str, Any]:
    """Apply the difference between `before` and `after` to `stored`; tables are merged entry by entry."""
    merged = dict(stored)
    for name in before.keys() | after.keys():
        was, is_ = before.get(name), after.get(name)
        if was == is_:
            continue
        if name in _TABLES:
            merged[name] = with_changes(stored.get(name, {}), was or {}, is_ or {})
        elif name in after:
            merged[name] = is_
        else:
            merged.pop(name, None)
    return {name: value for name, value in merged.items() if name not in _TABLES or value}
