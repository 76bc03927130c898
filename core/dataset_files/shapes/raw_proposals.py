"""`raw-proposals`: the answers to a prompt with a list of tasks, read by our parser into instructions."""

import re
from collections.abc import Iterator
from typing import Any

from selfinstruct.core.dataset_files.row import DataRow, RowError
from selfinstruct.core.dataset_files.shape import Shape
from selfinstruct.core.dataset_files.values import Fields, text_of

_OPEN_ITEM = re.compile(r"\n\s*\d+\s*[.)]\s*\Z")
"""How the prompt of the paper ends: with the number of the item that the answer begins with."""


def _read(fields: Fields, line: int) -> Iterator[DataRow]:
    from selfinstruct.core.method import parse_proposals  # noqa: PLC0415 - its patterns take long to compile

    first = choice_of(_request(fields))
    if first is None:
        raise RowError("has a response without a choice")
    cut = first.get("finish_reason") == "length"
    found = parse_proposals(text_of(first, "text"), cut=cut, continues_item=True)
    if not found:
        raise RowError("has no proposals")
    for instruction in found:
        yield DataRow(line, instruction)


def choice_of(request: object) -> dict[str, Any] | None:
    """Return the first choice of a stored request with its response; None if there is none."""
    response = request.get("response") if isinstance(request, dict) else None
    choices = response.get("choices") if isinstance(response, dict) else None
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, dict) else None


def _request(fields: Fields) -> Fields:
    metadata = fields.get("metadata")
    return metadata if isinstance(metadata, dict) and "response" in metadata else fields


def _fits(fields: Fields) -> bool:
    request = _request(fields)
    prompt = request.get("prompt")
    return (
        "instruction" not in fields
        and isinstance(request.get("response"), dict)
        and isinstance(prompt, str)
        and _OPEN_ITEM.search(prompt) is not None
    )


RAW_PROPOSALS = Shape("raw-proposals", "answers with lists of tasks, read by our parser", _fits, _read)
