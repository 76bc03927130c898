"""The base of all tables of settings."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator, model_validator

from selfinstruct.core.settings.messages import NUMBER_WANTED, WHOLE_NUMBER_WANTED
from selfinstruct.core.util.storable_text import is_storable

_LONGEST_QUOTED = 100


class Checked(BaseModel):
    """A frozen table of settings: unknown names are refused, and so is text that cannot be stored."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _can_be_stored(cls, values: Any) -> Any:
        for text in _texts(values):
            if not is_storable(text):
                raise ValueError(f"{quoted(text)} has a character that cannot be stored; remove it")
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


def quoted(text: str) -> str:
    """A user's text in quotation marks, truncated if it is too long for a message."""
    text = text.encode(errors="replace").decode()  # pydantic cannot carry lone surrogates in a message
    return f"'{text}'" if len(text) <= _LONGEST_QUOTED else f"'{text[:_LONGEST_QUOTED]}…'"
