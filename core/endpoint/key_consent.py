"""Key consent: which host may get which key, as this user has allowed on this machine.

A workspace or a selfinstruct.toml may come from a stranger, and can name any environment variable and any
address. So a key is sent to a host only if the user has named the two together: in flags, in their own
settings file, or in an answer stored in their state folder. OpenAI's key for OpenAI needs no consent.
"""

import json
import os
import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from platformdirs import user_config_path, user_state_path

from selfinstruct.core.errors import EndpointUnusableError, why
from selfinstruct.core.settings.addresses import as_address
from selfinstruct.core.settings.model import OPENAI_KEY, Settings, is_openai, origin_of
from selfinstruct.db.atomic_file import writing

OWN_TABLE = "key_hosts"
"""The table of the user's own settings file that maps each variable to the addresses that may get its key."""

_PLAIN_ORIGIN = re.compile(r"https?://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:\d+)?")


@dataclass(frozen=True, slots=True, order=True)
class KeyUse:
    """A key and the origin that gets it."""

    variable: str
    """The environment variable that holds the key."""
    origin: str
    """Scheme, host and port, such as https://router.huggingface.co."""

    @property
    def is_canonical(self) -> bool:
        """Whether this is OpenAI's own key for OpenAI."""
        return self.variable == OPENAI_KEY and is_openai(self.origin)

    @property
    def can_be_told(self) -> bool:
        """Whether the origin can be shown unambiguously: plain ASCII, without homoglyphs or escapes."""
        return _PLAIN_ORIGIN.fullmatch(self.origin) is not None


def key_variable(settings: Settings) -> str | None:
    """Return the variable with this endpoint's key; OPENAI_API_KEY is the default for OpenAI only."""
    if settings.is_offline:
        return None
    return settings.api_key_env or (OPENAI_KEY if is_openai(settings.address) else None)


def key_use(settings: Settings) -> KeyUse | None:
    """Return the key that requests to the model of these settings carry; None when they carry none."""
    variable = key_variable(settings)
    return None if variable is None else KeyUse(variable, origin_of(settings.address))


def header_uses(settings: Settings) -> list[KeyUse]:
    """Return the environment variables whose values requests carry in headers of the `[request]` settings."""
    if settings.is_offline:
        return []
    return [KeyUse(name, origin_of(settings.address)) for name in settings.request.header_variables]


def key_uses(settings: Settings) -> list[KeyUse]:
    """Return the keys that requests carry with these settings: for the model and for embeddings."""
    both = [settings] if settings.of_embeddings is None else [settings, settings.of_embeddings]
    keys = [use for one in both if (use := key_use(one)) is not None]
    return list(dict.fromkeys([*keys, *header_uses(settings)]))


def named_together(
    settings: Settings, typed: Mapping[str, Any], *, header_variables: Collection[str] = ()
) -> list[KeyUse]:
    """Return the key uses of these settings whose variable and address the user has both typed.

    Args:
        settings: The resulting settings.
        typed: The values that the user gave, by name. A value that is not the one in `settings` names
            nothing.
        header_variables: The environment variables that the user named for headers.
    """
    named = [(settings, "api_key_env", "base_url")]
    if (vectors := settings.of_embeddings) is not None:
        address = "base_url" if settings.embeddings_url is None else "embeddings_url"
        named.append((vectors, "embeddings_key_env", address))
    keys = [
        use
        for of_model, variable, address in named
        if (use := key_use(of_model)) is not None
        and _as_text(typed.get(variable)) == use.variable
        and _is_named(of_model, typed.get(address))
    ]
    headers = header_uses(settings) if _is_named(settings, typed.get("base_url")) else []
    return keys + [use for use in headers if use.variable in header_variables]


def _is_named(settings: Settings, address: object) -> bool:
    """Return whether a typed address is that of the settings."""
    # Without an address, the endpoint is OpenAI: nobody else can have named that.
    return settings.base_url is None or as_address(_as_text(address)) == settings.base_url


def _as_text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


class KeyConsent:
    """The key uses that the user of this machine has allowed.

    Args:
        said: Uses allowed in this process only, for example by arguments of a Python call.
    """

    def __init__(self, said: Iterable[KeyUse] = ()) -> None:
        self._said = set(said)

    def covers(self, use: KeyUse) -> bool:
        """Whether this key may be sent to this origin.

        Raises:
            EndpointUnusableError: The user's own settings file cannot be read.
        """
        if use.is_canonical:
            return True
        return use.can_be_told and (use in self._said or use in _answered() or use in _in_own_settings())

    def missing(self, settings: Settings) -> list[KeyUse]:
        """Return the key uses of these settings whose key is set and that the user has not allowed.

        Raises:
            EndpointUnusableError: The user's own settings file cannot be read.
        """
        return [
            use
            for use in key_uses(settings)
            if os.environ.get(use.variable, "").strip() and not self.covers(use)
        ]

    def give(self, uses: Iterable[KeyUse]) -> None:
        """Allow these uses, and store them for later runs if the state folder is writable."""
        new = {use for use in uses if not use.is_canonical and not self.covers(use)}
        if new:
            self._said |= new
            with suppress(OSError):
                _remember(_answered() | new)


def own_settings_path() -> Path:
    """Return the path of the user's own settings file, which need not exist."""
    return user_config_path("selfinstruct", appauthor=False) / "settings.toml"


def answers_path() -> Path:
    """Return the path of the file with the user's answers to consent questions, of mode 0600."""
    return user_state_path("selfinstruct", appauthor=False) / "key-hosts.json"


def _in_own_settings() -> set[KeyUse]:
    path = own_settings_path()
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return set()
    except (OSError, ValueError, RecursionError) as error:
        raise EndpointUnusableError(f"Your settings in {path} cannot be read: {why(error)}.") from error
    hosts = values.pop(OWN_TABLE, {})
    if values:
        raise EndpointUnusableError(
            f"In {path}, '{next(iter(values))}' is not known: the only table is [{OWN_TABLE}]."
        )
    if not _is_table(hosts):
        raise EndpointUnusableError(
            f"In {path}, [{OWN_TABLE}] is wrong: each line names a variable and the addresses that may get"
            ' its key, as in HF_TOKEN = ["https://router.huggingface.co"].'
        )
    return _uses(hosts)


def _answered() -> set[KeyUse]:
    """Return the stored answers; if they cannot be read, the user is asked again."""
    try:
        hosts = json.loads(answers_path().read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return set()
    return _uses(hosts) if _is_table(hosts) else set()


def _is_table(hosts: Any) -> bool:
    return isinstance(hosts, dict) and all(
        isinstance(addresses, list) and all(isinstance(address, str) for address in addresses)
        for addresses in hosts.values()
    )


def _uses(hosts: Mapping[str, list[str]]) -> set[KeyUse]:
    uses = set()
    for variable, addresses in hosts.items():
        for address in addresses:
            with suppress(ValueError):  # an invalid address allows nothing
                if urlsplit(address).hostname:
                    uses.add(KeyUse(variable, origin_of(address)))
    return uses


def _remember(uses: set[KeyUse]) -> None:
    hosts: dict[str, list[str]] = {}
    for use in sorted(uses):
        hosts.setdefault(use.variable, []).append(use.origin)
    path = answers_path()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with writing(path, force=True) as part:
        part.write_text(json.dumps(hosts, indent=2), encoding="utf-8")
