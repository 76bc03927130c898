"""Fields by other names: `instruction=question`."""

from collections.abc import Mapping
from typing import Any

from selfinstruct.core.dataset_files.values import Fields
from selfinstruct.core.errors import ImportDataError
from selfinstruct.core.util.did_you_mean import nearest

FIELDS = ("instruction", "input", "output", "system", "thoughts", "is_classification")
"""What can be mapped."""
_MISSING = object()


def require_known(mapping: Mapping[str, str]) -> None:
    """Check the fields of a mapping.

    Raises:
        ImportDataError: one is unknown, or there is no instruction.
    """
    for name in mapping:
        if name not in FIELDS:
            near = nearest(name, FIELDS)
            meant = f"Did you mean {near}?" if near else f"The fields are {', '.join(FIELDS)}."
            raise ImportDataError(f"{name} is not a field that can be mapped. {meant}")
    if mapping and "instruction" not in mapping:
        raise ImportDataError("A mapping needs the instruction, as in instruction=question.")


def mapped(fields: Fields, mapping: Mapping[str, str]) -> dict[str, Any]:
    """Return the row with its fields by our names; those that are not mapped are left out."""
    found = {name: _value(fields, path) for name, path in mapping.items()}
    return {name: value for name, value in found.items() if value is not _MISSING}


def lacks(fields: Fields, mapping: Mapping[str, str]) -> str | None:
    """Return the first mapped name that a row does not have; None if it has all."""
    return next((path for path in mapping.values() if _value(fields, path) is _MISSING), None)


def _value(fields: Fields, path: str) -> Any:
    if path in fields:
        return fields[path]
    value: Any = fields
    for part in path.split("."):
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return _MISSING
    return value
