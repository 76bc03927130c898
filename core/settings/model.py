"""The settings model: fields, defaults, validation."""

import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import (
    Field,
    ModelWrapValidatorHandler,
    ValidationInfo,
    field_validator,
    model_validator,
)

from selfinstruct.core.filtering.settings import FilterSettings, filter_defaults
from selfinstruct.core.language.registry import AUTO, ENGLISH, known
from selfinstruct.core.settings.addresses import api_of, checked_address
from selfinstruct.core.settings.checked import Checked, quoted
from selfinstruct.core.settings.request import RequestSettings
from selfinstruct.core.settings.words import WordSettings
from selfinstruct.db.records import AnswerKind, ApiKind, Stage

OFFLINE = "offline"
"""The name of the built-in model, which is a grammar, not a language model."""

GENERATION_STAGES: tuple[Stage, ...] = ("propose", "classify", "instantiate")
"""The stages that ask for text."""

OPENAI_URL = "https://api.openai.com/v1"
OFFLINE_URL = "http://offline.invalid/v1"

_BEGINS_AS_ADDRESS = re.compile(r"\s*https?://", re.IGNORECASE)
# Upper case only: many API keys would be valid variable names, but none is all upper case.
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
OPENAI_KEY = "OPENAI_API_KEY"
_PRICE_IN_JOBS = 0.5
"""OpenAI's own price of a request in a batch, as a share of the normal one."""
_USUAL_PORTS = {"http": 80, "https": 443}


class Price(Checked):
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


class Settings(Checked):
    """All settings of a workspace. Each can be set by a flag or in selfinstruct.toml."""

    model: Annotated[
        str, Field(description="Name of the model; offline is the built-in grammar.", min_length=1)
    ] = OFFLINE
    base_url: Annotated[
        str | None, Field(description="Address of an OpenAI-compatible endpoint; empty: OpenAI's own.")
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
    batch_api_requests: Annotated[
        int, Field(description="Requests out at once with --batch-api.", ge=1, le=50_000)
    ] = 1000
    batch_api_price: Annotated[
        float | None,
        Field(
            description="Share of the normal price that the Batch API costs; 0.5 at OpenAI, else 1.",
            ge=0,
            le=1,
        ),
    ] = None
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
    request: RequestSettings = RequestSettings()
    words: WordSettings = WordSettings()
    filters: FilterSettings = FilterSettings()
    prices: dict[str, Price] = Field(default_factory=dict)
    theme: Annotated[str | None, Field(description="Colour theme of the curator.")] = None
    keys: dict[str, str] = Field(
        default_factory=dict,
        description='Your own keys for the curator\'s actions, one on a line, as in accept = "f5".',
    )

    @model_validator(mode="before")
    @classmethod
    def _api_of_the_address(cls, values: Any) -> Any:
        """Take the API from an address with the path of a request, such as .../completions."""
        api = api_of(values.get("base_url")) if isinstance(values, dict) else None
        if api is None or values.get("api", api) == api:
            return values if api is None else {**values, "api": api}
        raise ValueError(
            f"base_url ends in the path of the {api} API, and api is {quoted(str(values['api']))}; cut"
            f" /chat/completions or /completions from base_url, or set api to {api}"
        )

    @field_validator("language")
    @classmethod
    def _known_language(cls, language: str) -> str:
        if language not in known() and language != AUTO:
            raise ValueError(
                f"{quoted(language)} is not a known language; choose {', '.join(known())}, or auto, which"
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
        return checked_address(url)

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
    def price_in_jobs(self) -> float:
        """The share of the normal price that requests cost in a job of the Batch API."""
        if self.batch_api_price is not None:
            return self.batch_api_price
        return _PRICE_IN_JOBS if is_openai(self.address) else 1.0

    def of_stage(self, stage: Stage) -> Self:
        """Return the settings of the requests of a stage, which may have a model of its own."""
        own = None if stage == "embed" else getattr(self.request, stage).model
        return self if own is None else self.model_copy(update={"model": own})

    @property
    def without_output_price(self) -> str | None:
        """The first generating model with a price for prompts only; None if there is none."""
        asked = (self, *map(self.of_stage, GENERATION_STAGES))
        priced = ((one.model, self.prices.get(one.model)) for one in asked)
        return next((model for model, price in priced if price is not None and price.output is None), None)

    @property
    def costs_nothing(self) -> bool:
        """Whether neither completions nor embeddings cost anything."""
        embeddings = self.of_embeddings
        return all(self.of_stage(stage).is_free for stage in GENERATION_STAGES) and (
            embeddings is None or embeddings.is_free
        )

    @property
    def free_stages(self) -> tuple[Stage, ...]:
        """The stages whose requests are free, and so are resent automatically when in doubt."""
        vectors = self.of_embeddings
        return (
            *(stage for stage in GENERATION_STAGES if self.of_stage(stage).is_free),
            *(("embed",) if vectors is not None and vectors.is_free else ()),
        )

    @property
    def without_embeddings(self) -> "Settings":
        """A copy without an embedding model, its address and its key."""
        return self.model_copy(
            update={"embeddings": None, "embeddings_url": None, "embeddings_key_env": None}
        )

    @property
    def without_headers(self) -> Self:
        """A copy without headers of the user's own."""
        return self.model_copy(update={"request": self.request.model_copy(update={"headers": {}})})

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
            # The headers may be what lets requests in at this address.
            "request": RequestSettings(headers=self.request.headers) if same else RequestSettings(),
        }
        return self.model_copy(update=changed)


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
