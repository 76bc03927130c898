"""The `[request]` settings: what is sent besides the prompt, to the endpoint and for each stage."""

import re
from typing import Annotated, Any

from pydantic import Field, field_validator

from selfinstruct.core.settings.body_fields import is_indispensable, refusal
from selfinstruct.core.settings.checked import Checked
from selfinstruct.core.settings.header_values import is_ambiguous, variables_in

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")

_OUR_HEADERS = frozenset({"host", "content-length", "content-type", "transfer-encoding", "connection"})


class StageSettings(Checked):
    """What differs in the requests of one stage; None for the usual value."""

    model: Annotated[
        str | None, Field(description="Name of another model at the same address.", min_length=1)
    ] = None
    temperature: Annotated[float | None, Field(description="Sampling temperature.", ge=0, le=5)] = None
    max_tokens: Annotated[
        int | None, Field(description="Tokens of an answer, not counting thoughts.", ge=1, le=1_000_000)
    ] = None


class RequestSettings(Checked):
    """What is sent besides the prompt."""

    body: dict[str, Any] = Field(
        default_factory=dict, description="Fields added to each request, such as reasoning_effort."
    )
    headers: dict[str, str] = Field(
        default_factory=dict,
        description="Headers added to each request; $NAME is the value of an environment variable.",
        repr=False,
    )
    leave_out: Annotated[
        tuple[str, ...], Field(description="Parameters that are never sent, such as presence_penalty.")
    ] = ()
    propose: StageSettings = StageSettings()
    classify: StageSettings = StageSettings()
    instantiate: StageSettings = StageSettings()

    @field_validator("body")
    @classmethod
    def _adds_to_ours(cls, body: dict[str, Any]) -> dict[str, Any]:
        if refused := refusal(body):
            raise ValueError(refused)
        return body

    @field_validator("headers")
    @classmethod
    def _can_be_sent(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            if not _HEADER_NAME.fullmatch(name) or name.lower() in _OUR_HEADERS:
                raise ValueError("one of its names is not a header that can be set")
            if not value.isascii() or not value.isprintable():
                raise ValueError("one of its values has characters that are invalid in a header")
            if is_ambiguous(value):
                raise ValueError(
                    "a word of one of its values begins with $, but is not the name of an environment"
                    " variable in capitals; write $$ for a literal $"
                )
        return {name: value.strip() for name, value in headers.items()}

    @field_validator("leave_out")
    @classmethod
    def _keeps_limits(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if is_indispensable(name):
                raise ValueError(
                    f"{name} cannot be left out: it decides what is requested, or what it may cost"
                )
        return names

    @property
    def header_variables(self) -> tuple[str, ...]:
        """The environment variables that the values of headers name."""
        return tuple(dict.fromkeys(name for value in self.headers.values() for name in variables_in(value)))
