"""`sharegpt`: conversations with `from` and `value`."""

from collections.abc import Iterator

from selfinstruct.core.dataset_files.conversations import conversation, first_asked
from selfinstruct.core.dataset_files.row import DataRow
from selfinstruct.core.dataset_files.shape import Shape
from selfinstruct.core.dataset_files.values import Fields, first_of

_NAMES = ("conversations", "conversation")


def _read(fields: Fields, line: int) -> Iterator[DataRow]:
    yield conversation(_messages(fields), fields, line)


def _messages(fields: Fields) -> object:
    name = first_of(fields, _NAMES)
    return fields[name] if name else None


SHAREGPT = Shape(
    "sharegpt",
    "ShareGPT conversations",
    lambda fields: first_of(fields, _NAMES) is not None,
    _read,
    lambda fields: first_asked(_messages(fields)),
)
