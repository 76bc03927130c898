"""`sharegpt`: conversations with `from` and `value`."""

from collections.abc import Iterator

from selfinstruct.core.dataset_files.conversations import conversation
from selfinstruct.core.dataset_files.row import DataRow
from selfinstruct.core.dataset_files.shape import Shape
from selfinstruct.core.dataset_files.values import Fields, first_of

_NAMES = ("conversations", "conversation")


def _read(fields: Fields, line: int) -> Iterator[DataRow]:
    name = first_of(fields, _NAMES)
    assert name is not None
    yield conversation(
        fields[name], fields, line, role=("from", "role"), content=("value", "content", "text")
    )


SHAREGPT = Shape(
    "sharegpt",
    "ShareGPT conversations",
    lambda fields: first_of(fields, _NAMES) is not None,
    _read,
)
