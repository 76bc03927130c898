"""`sharegpt`: conversations with `from` and `value`."""

from collections.abc import Iterator

from selfinstruct.core.dataset_files.conversations import conversation, first_asked
from selfinstruct.core.dataset_files.row import DataRow
from selfinstruct.core.dataset_files.shape import Shape
from selfinstruct.core.dataset_files.values import Fields, fullest_of, holds

_NAMES = ("conversations", "conversation")


def _read(fields: Fields, line: int) -> Iterator[DataRow]:
    yield conversation(_messages(fields), fields, line)


def _messages(fields: Fields) -> object:
    name = fullest_of(fields, _NAMES)
    return fields[name] if name else None


SHAREGPT = Shape(
    "sharegpt",
    "ShareGPT conversations",
    lambda fields: any(holds(fields, name) for name in _NAMES),
    _read,
    lambda fields: first_asked(_messages(fields)),
)
