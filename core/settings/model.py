"""The settings model: fields, defaults, validation."""

import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Self, get_args
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationInfo,
    field_validator,
    model_validator,
)

from selfinstruct.core.filtering.settings import FilterSettings, filter_defaults
from selfinstruct.core.language.registry import AUTO, ENGLISH, known
from selfinstruct.core.settings.messages import NUMBER_WANTED, WHOLE_NUMBER_WANTED
from selfinstruct.core.util.storable_text import is_storable
from selfinstruct.db.records import AnswerKind, ApiKind, Stage

OFFLINE = "offline"
"""The name of the built-in model, which is a grammar, not a language model."""

OPENAI_URL = "https://api.openai.com/v1"
OFFLINE_URL = "http://offline.invalid/v1"

_LONGEST_QUOTED = 100
_BEGINS_AS_ADDRESS = re.compile(r"\s*https?://", re.IGNORECASE)
_NO_ADDRESS = re.compile(r"[\s\x00-\x20\x7f-\xa0]")
# Upper case only: many API keys would be valid variable names, but none is all upper case.
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
OPENAI_KEY = "OPENAI_API_KEY"
_USUAL_PORTS = {"http": 80, "https": 443}


class _Checked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _can_be_stored(cls, values: Any) -> Any:
        for text in _texts(values):
            if not is_storable(text):
                raise ValueError(f"{_quoted(text)} has a character that cannot be stored; remove it")
        return values

    @field_validator("*", mode="before")
    @classmethod
    def _is_no_number(cls, value: Any, info: ValidationInfo) -> Any:
        # Pydantic reads true as 1, which would set a limit of $1 that nobody asked for.
        if isinstance(value, bool) and info.field_name is not None:
            annotation = cls.model_fields[info.field_name].annotation
            kinds = get_args(annotation) or (annotation,)
            for kind, wanted in ((int, WHOLE_NUMBER_WANTED), (float, NUMBER_WANTED)):
                if kind in kinds:
                    raise ValueError(wanted)
        return value


def _texts(values: object) -> Iterator[str]:
    if isinstance(values, str | Path):
        yield str(values)
    elif isinstance(values, Mapping):
        yield from _texts([*values.keys(), *values.values()])
    elif isinstance(values, Sequence) and not isinstance(values, bytes):
        for value in values:
            yield from _texts(value)


def _quoted(text: str) -> str:
    """A user's text in quotation marks, truncated if it is too long for a message."""
    text = text.encode(errors="replace").decode()  # pydantic cannot carry lone surrogates in a message
    return f"'{text}'" if len(text) <= _LONGEST_QUOTED else f"'{text[:_LONGEST_QUOTED]}…'"


class Price(_Checked):
    """The price of a model in USD per million tokens; an embedding model has no output price."""

    input: Annotated[
        float, Field(description="USD per million prompt tokens; list prices are built in.", ge=0, le=1e6)
    ]
    output: Annotated[
        float | None,
        Field(description="USD per million answer tokens; list prices are built in.", ge=0, le=1e6),
    ] = None

    @property
    def is_nothing(self) -> bool:
        """Whether it is explicitly free."""
        return not self.input and not self.output


class Settings(_Checked):
    """All settings of a workspace. Each can be set by a flag or in selfinstruct.toml."""

    model: Annotated[
        str, Field(description="Name of the model; offline is the built-in grammar.", min_length=1)
    ] = OFFLINE
    base_url: Annotated[
        str | None, Field(description="Address of an OpenAI-compatible endpoint; OpenAI's own by default.")
    ] = None
    api: Annotated[ApiKind, Field(description="chat, or legacy completions for base models.")] = "chat"
    answers: Annotated[
        AnswerKind,
        Field(
            description="Ask chat models for json, for text, or auto: for JSON where the endpoint takes it."
        ),
    ] = "auto"
    api_key_env: Annotated[
        str | None, Field(description="Environment variable that holds this endpoint's key.")
    ] = None
    embeddings: Annotated[
        str | None,
        Field(description="Embedding model, to compare by meaning as well; empty: by words only."),
    ] = None
    embeddings_url: Annotated[
        str | None, Field(description="Address of the embedding model, if it has another endpoint.")
    ] = None
    embeddings_key_env: Annotated[
        str | None, Field(description="Environment variable that holds the key for embeddings.")
    ] = None
    seeds: Annotated[Path | None, Field(description="Your own seed tasks, JSON Lines.")] = None
    prompts: Annotated[Path | None, Field(description="Your own prompt templates, TOML.")] = None
    language: Annotated[
        str,
        Field(
            description=f"Language of the tasks: {', '.join(known())}, or auto to detect it from your seeds."
        ),
    ] = ENGLISH
    rng_seed: Annotated[int, Field(description="Random seed; the same seed repeats a run.")] = 0
    concurrency: Annotated[int, Field(description="Requests in flight at once.", ge=1, le=1024)] = 4
    requests_per_batch: Annotated[
        int, Field(description="Requests for new tasks per batch.", ge=1, le=1000)
    ] = 5
    batches_ahead: Annotated[
        int,
        Field(description="Batches prepared while you decide on one; 0: only on demand.", ge=0, le=20),
    ] = 1
    clf_only: Annotated[bool, Field(description="Ask for classification tasks only.")] = False
    hold: Annotated[bool, Field(description="Unattended work leaves every decision to you.")] = False
    target: Annotated[
        int | None, Field(description="Unattended work stops at this many accepted model tasks.", ge=1)
    ] = None
    max_requests: Annotated[
        int | None, Field(description="Limit on requests over the life of the workspace.", ge=1)
    ] = None
    max_cost: Annotated[
        float | None,
        Field(description="Limit on cost in USD over the life of the workspace.", gt=0),
    ] = None
    timeout_s: Annotated[
        float,
        Field(description="Seconds until the last byte of an answer must have arrived.", gt=0),
    ] = 120.0
    thinking_tokens: Annotated[
        int,
        Field(
            description="Added to every token limit, for models that think before they answer.",
            ge=0,
            le=1_000_000,
        ),
    ] = 0
    filters: FilterSettings = FilterSettings()
    prices: dict[str, Price] = {}
    theme: Annotated[str | None, Field(description="Colour theme of the curator.")] = None
    keys: Annotated[
        dict[str, str],
        Field(description='Your own keys for the curator\'s actions, one on a line, as in accept = "f5".'),
    ] = {}

    @field_validator("language")
    @classmethod
    def _known_language(cls, language: str) -> str:
        if language not in known() and language != AUTO:
            raise ValueError(
                f"{_quoted(language)} is not a known language; choose {', '.join(known())}, or auto, which"
                " detects it from the seed tasks"
            )
        return language

    @model_validator(mode="wrap")
    @classmethod
    def _filters_of_the_language(cls, values: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Fill in the language's defaults for filters that are not set."""
        given = values.get("filters", {}) if isinstance(values, dict) else None
        if isinstance(given, FilterSettings):
            given = given.model_dump(exclude_unset=True)
        if not isinstance(given, Mapping):
            return handler(values)
        usual = filter_defaults(values.get("language", ENGLISH)).model_dump()
        settings = handler({**values, "filters": {**usual, **given}})
        # Defaults that were filled in do not count as set, so that a change of language replaces them.
        settings.filters.model_fields_set.difference_update(usual.keys() - given.keys())
        return settings

    def in_language(self, code: str) -> Self:
        """Return a copy for another language; filters that were set explicitly keep their values."""
        return self.model_validate({**self.model_dump(exclude_unset=True), "language": code})

    @field_validator("model", "embeddings")
    @classmethod
    def _is_no_address(cls, name: str | None, info: ValidationInfo) -> str | None:
        if name is not None and _BEGINS_AS_ADDRESS.match(name):
            where = "base_url" if info.field_name == "model" else "embeddings_url"
            # The message does not quote the address, which may contain a key.
            raise ValueError(
                f"it is an address, not the name of a model; put it into {where}, and give a name such as"
                " llama3.1"
            )
        return name

    @field_validator("embeddings")
    @classmethod
    def _names_a_model(cls, name: str | None) -> str | None:
        return (name or "").strip() or None

    @field_validator("base_url", "embeddings_url")
    @classmethod
    def _usable_url(cls, url: str | None) -> str | None:
        if url is None:
            return None
        try:
            parts = urlsplit(url)
            usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
            usable = usable and url.strip().isprintable() and not _NO_ADDRESS.search(url.strip())
        except ValueError:
            usable = False
        if not usable:
            # The message does not quote the value, which may be a key in the wrong place.
            raise ValueError("it is not a web address such as http://localhost:8000/v1")
        if parts.username or parts.password:
            raise ValueError("an address is stored, so it must have no password; use api_key_env instead")
        if parts.query or parts.fragment:
            raise ValueError("an address is stored, so it must have no ? or #; use api_key_env for a key")
        return as_address(url)

    @field_validator("api_key_env", "embeddings_key_env")
    @classmethod
    def _names_a_variable(cls, name: str | None, info: ValidationInfo) -> str | None:
        # The value is stored, so it must not be a key; the message does not quote it either.
        if name is not None and not _VARIABLE.fullmatch(name):
            raise ValueError(
                "it must be the name of an environment variable, in capitals such as EXAMPLE_KEY, never the"
                " key itself"
            )
        address = info.data.get("base_url")
        if info.field_name == "embeddings_key_env":
            address = info.data.get("embeddings_url") or address
        if name == OPENAI_KEY and address is not None and not is_openai(address):
            raise ValueError(
                f"the key in {OPENAI_KEY} is sent to {OPENAI_URL} only; put this endpoint's key into another"
                " variable"
            )
        return name

    @property
    def is_offline(self) -> bool:
        """Whether the built-in model answers."""
        return self.model == OFFLINE

    @property
    def address(self) -> str:
        """The endpoint's address."""
        return OFFLINE_URL if self.is_offline else self.base_url or OPENAI_URL

    @property
    def is_free(self) -> bool:
        """Whether requests cost nothing.

        True for the built-in model, a model with a price of 0, and a local model without a price.
        """
        price = self.prices.get(self.model)
        return self.is_offline or (_is_loopback(self.address) if price is None else price.is_nothing)

    @property
    def costs_nothing(self) -> bool:
        """Whether neither completions nor embeddings cost anything."""
        embeddings = self.of_embeddings
        return self.is_free and (embeddings is None or embeddings.is_free)

    @property
    def free_stages(self) -> tuple[Stage, ...]:
        """The stages whose requests are free, and so are resent automatically when in doubt."""
        vectors = self.of_embeddings
        return (
            *(("propose", "classify", "instantiate") if self.is_free else ()),
            *(("embed",) if vectors is not None and vectors.is_free else ()),
        )

    @property
    def without_embeddings(self) -> "Settings":
        """A copy without an embedding model, its address and its key."""
        return self.model_copy(
            update={"embeddings": None, "embeddings_url": None, "embeddings_key_env": None}
        )

    @property
    def of_embeddings(self) -> "Settings | None":
        """The settings of the embedding endpoint, with its model as `model`; None without embeddings."""
        if self.embeddings is None:
            return None
        beside_model = self.embeddings_url is None and not self.is_offline
        url = self.base_url if beside_model else self.embeddings_url
        # A key is sent only to the address that it was given for.
        same = not self.is_offline and url == self.base_url
        changed = {
            "model": self.embeddings,
            "base_url": url,
            "api_key_env": self.embeddings_key_env or (self.api_key_env if same else None),
            "embeddings": None,
        }
        return self.model_copy(update=changed)


def as_address(text: str) -> str:
    """Return an address in the form that settings hold: without surrounding space and final slashes."""
    return text.strip().rstrip("/")


def is_openai(address: str) -> bool:
    """Whether an address is OpenAI's own, over HTTPS."""
    return origin_of(address) == origin_of(OPENAI_URL)


def origin_of(address: str) -> str:
    """The origin of an address: scheme, host and port, such as https://api.openai.com.

    Raises:
        ValueError: the address is invalid.
    """
    parts = urlsplit(address)
    host = parts.hostname or ""
    named = f"[{host}]" if ":" in host else host
    usual = parts.port in {None, _USUAL_PORTS.get(parts.scheme)}
    return f"{parts.scheme}://{named}" + ("" if usual else f":{parts.port}")


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
