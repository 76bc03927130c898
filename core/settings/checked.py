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
        for text, may_be_quoted in _texts(values):
            if not is_storable(text):
                what = quoted(text) if may_be_quoted else "a header"
                raise ValueError(f"{what} has a character that cannot be stored; remove it")
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


def _texts(values: object, *, may_be_quoted: bool = True) -> Iterator[tuple[str, bool]]:
    """Yield all texts in values, and whether a message may quote each: headers may contain keys."""
    if isinstance(values, str | Path):
        yield str(values), may_be_quoted
    elif isinstance(values, Mapping):
        for name, value in values.items():
            yield str(name), may_be_quoted
            yield from _texts(value, may_be_quoted=may_be_quoted and name != "headers")
    elif isinstance(values, Sequence) and not isinstance(values, bytes):
        for value in values:
            yield from _texts(value, may_be_quoted=may_be_quoted)


def quoted(text: str) -> str:
    """A user's text in quotation marks, truncated if it is too long for a message."""
    text = text.encode(errors="replace").decode()  # pydantic cannot carry lone surrogates in a message
    return f"'{text}'" if len(text) <= _LONGEST_QUOTED else f"'{text[:_LONGEST_QUOTED]}…'"
