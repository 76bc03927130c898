"""`messages`: chat messages with role and content, as of OpenAI."""

from collections.abc import Iterator

from selfinstruct.core.dataset_files.conversations import conversation, first_asked
from selfinstruct.core.dataset_files.row import DataRow
from selfinstruct.core.dataset_files.shape import Shape
from selfinstruct.core.dataset_files.values import Fields, holds


def _read(fields: Fields, line: int) -> Iterator[DataRow]:
    yield conversation(fields["messages"], fields, line)


MESSAGES = Shape(
    "messages",
    "chat messages",
    lambda fields: holds(fields, "messages"),
    _read,
    lambda fields: first_asked(fields["messages"]),
)
