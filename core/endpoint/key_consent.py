"""Which host may get which key: only what this user has said on this machine.

A workspace and a selfinstruct.toml may come from a stranger, and can name any environment variable and any
address. So a key goes to a host when the user has named the two together: by flags, in the settings file of
their own, or by an answer that is kept in their state folder. OpenAI's own pair needs no word.
"""

import json
import os
import re
import tempfile
import tomllib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from platformdirs import user_config_path, user_state_path

from selfinstruct.core.errors import EndpointUnusableError, why
from selfinstruct.core.settings.model import OPENAI_KEY, Settings, is_openai, origin_of

OWN_TABLE = "key_hosts"
"""The table of the user's own settings file: a variable on each line, and the addresses that get its key."""

_PLAIN_ORIGIN = re.compile(r"https?://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:\d+)?")


@dataclass(frozen=True, slots=True, order=True)
class KeyUse:
    """A key and who gets it."""

    variable: str
    """The environment variable that holds it."""
    origin: str
    """Scheme, host and port, such as https://router.huggingface.co."""

    @property
    def is_canonical(self) -> bool:
        """Whether it is OpenAI's own key on its way to OpenAI."""
        return self.variable == OPENAI_KEY and is_openai(self.origin)

    @property
    def can_be_told(self) -> bool:
        """Whether the origin reads as the host that it is: no letters that look like others, no escapes."""
        return _PLAIN_ORIGIN.fullmatch(self.origin) is not None


def key_variable(settings: Settings) -> str | None:
    """The environment variable whose key this endpoint may have; OpenAI's own only for OpenAI."""
    if settings.is_offline:
        return None
    return settings.api_key_env or (OPENAI_KEY if is_openai(settings.address) else None)


def key_use(settings: Settings) -> KeyUse | None:
    """The key that requests to the model of these settings carry; None when they carry none."""
    variable = key_variable(settings)
    return None if variable is None else KeyUse(variable, origin_of(settings.address))


def key_uses(settings: Settings) -> list[KeyUse]:
    """The keys that requests carry by these settings: the model's, and that of the embeddings."""
    both = [settings] if settings.of_embeddings is None else [settings, settings.of_embeddings]
    return list(dict.fromkeys(use for one in both if (use := key_use(one)) is not None))


def named_together(settings: Settings, named: Iterable[str]) -> list[KeyUse]:
    """The uses of which somebody has named both the variable and the address.

    Args:
        settings: What came of it.
        named: The names of the settings that they gave.
    """
    given = set(named)
    uses = []
    if "api_key_env" in given and ("base_url" in given or settings.base_url is None):
        uses.append(key_use(settings))
    vectors = settings.of_embeddings
    if vectors is not None and "embeddings_key_env" in given:
        address = "base_url" if settings.embeddings_url is None else "embeddings_url"
        if address in given or vectors.base_url is None:
            uses.append(key_use(vectors))
    return [use for use in uses if use is not None]


class KeyConsent:
    """What the user of this machine has said about keys.

    Args:
        said: What they have said to this program only, as by the arguments of a Python function.
    """

    def __init__(self, said: Iterable[KeyUse] = ()) -> None:
        self._said = set(said)

    def covers(self, use: KeyUse) -> bool:
        """Whether this key may go there.

        Raises:
            EndpointUnusableError: the user's own settings file cannot be read.
        """
        if use.is_canonical:
            return True
        return use.can_be_told and (use in self._said or use in _answered() or use in _in_own_settings())

    def missing(self, settings: Settings) -> list[KeyUse]:
        """The keys that are set, that requests by these settings would carry, and that nobody has allowed.

        Raises:
            EndpointUnusableError: the user's own settings file cannot be read.
        """
        return [
            use
            for use in key_uses(settings)
            if os.environ.get(use.variable, "").strip() and not self.covers(use)
        ]

    def give(self, uses: Iterable[KeyUse]) -> None:
        """Note that the user allows these, and remember it for other programs where that can be written."""
        new = {use for use in uses if not use.is_canonical and not self.covers(use)}
        if new:
            self._said |= new
            with suppress(OSError):
                _remember(_answered() | new)


def own_settings_path() -> Path:
    """The settings file of the user's own, which need not be there."""
    return user_config_path("selfinstruct", appauthor=False) / "settings.toml"


def answers_path() -> Path:
    """Where the answers to "may this key go there?" are kept, with mode 0600."""
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
            f"In {path}, '{next(iter(values))}' is not known: it has one table, [{OWN_TABLE}]."
        )
    if not _is_table(hosts):
        raise EndpointUnusableError(
            f"In {path}, [{OWN_TABLE}] is wrong: each line names a variable and the addresses that may get"
            ' its key, as in HF_TOKEN = ["https://router.huggingface.co"].'
        )
    return _uses(hosts)


def _answered() -> set[KeyUse]:
    """What was answered before; what cannot be read is asked again."""
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
            with suppress(ValueError):  # what is no address allows nothing
                if urlsplit(address).hostname:
                    uses.add(KeyUse(variable, origin_of(address)))
    return uses


def _remember(uses: set[KeyUse]) -> None:
    hosts: dict[str, list[str]] = {}
    for use in sorted(uses):
        hosts.setdefault(use.variable, []).append(use.origin)
    path = answers_path()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # made with mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as part:
            json.dump(hosts, part, indent=2)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
