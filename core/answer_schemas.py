"""The JSON that chat models are asked for (structured output): the schema of each stage."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

RESPONSE_FORMAT = "response_format"
"""The parameter that asks for JSON."""

INSTRUCTIONS, CLASSIFICATION, INSTANCES = "instructions", "classification", "instances"
"""The one member of the object that each schema describes."""

YES, NO = "yes", "no"
"""The values of `classification`, in every language."""

_TEXT = {"type": "string"}


def _object(**members: Any) -> dict[str, Any]:
    # Strict schemas must require every member. Their order is that in which a model writes them.
    return {
        "type": "object",
        "properties": members,
        "required": list(members),
        "additionalProperties": False,
    }


def _list_of(items: dict[str, Any]) -> dict[str, Any]:
    # Without bounds on the length, which some servers refuse.
    return {"type": "array", "items": items}


def _format(name: str, values: dict[str, Any]) -> dict[str, Any]:
    schema = _object(**{name: values})
    return {"type": "json_schema", "json_schema": {"name": name, "strict": True, "schema": schema}}


FORMATS: Mapping[str, dict[str, Any]] = MappingProxyType(
    {
        "propose": _format(INSTRUCTIONS, _list_of(_TEXT)),
        "classify": _format(CLASSIFICATION, {"type": "string", "enum": [YES, NO]}),
        "input_first": _format(INSTANCES, _list_of(_object(input=_TEXT, output=_TEXT))),
        "output_first": _format(INSTANCES, _list_of(_object(output=_TEXT, input=_TEXT))),
    }
)
"""The `response_format` of each kind of prompt, by the name of its template."""
