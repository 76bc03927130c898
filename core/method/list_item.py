"""An item of a list as far as it has been read, and the items that follow in its own line."""

import re
from collections.abc import Collection
from itertools import islice

from selfinstruct.core.method.item_text import ENDS
from selfinstruct.core.method.vocabulary import Vocabulary

_NEXT_NUMBER = re.compile(r"(?<=[.?!;。？！；\"”]) (?P<number>\d{1,3})[.)] (?=\S)")
_MOST_NUMBERS = 5
COLONS = (":", "：")


class Item:
    """An item as far as it has been read."""

    def __init__(self, number: int | None) -> None:
        self.number = number
        self.titled = False
        """Whether a title above it was taken off."""
        self.has_material = False
        """Whether its last lines are what it is about, under a name."""
        self.restart("", None)

    def restart(self, line: str, vocabulary: Vocabulary | None) -> None:
        """Begin it again, with this line."""
        self.lines: list[str] = []
        self.ends = self.ends_with_colon = self.announces = False
        if vocabulary is not None:
            self.add(line, vocabulary)

    def add(self, line: str, vocabulary: Vocabulary) -> None:
        """Add a line that is part of it."""
        self.lines.append(line)
        self.ends = ENDS.search(line[-20:]) is not None
        self.ends_with_colon = line.rstrip("*_ ").endswith(COLONS)
        self.announces = self.announces or announces(line, vocabulary)

    @property
    def takes_code(self) -> bool:
        """Whether code below it is what it is about, and not an answer."""
        return not self.ends or self.announces


def announces(line: str, vocabulary: Vocabulary) -> bool:
    """Whether a line says that what it is about follows."""
    return line.rstrip("*_ ").endswith(COLONS) or vocabulary.material.search(line[-200:]) is not None


def is_short(line: str) -> bool:
    """Whether a line may be a title."""
    return len(line.split()) <= 6 and len(line) <= 60 and not ENDS.search(line)


def split_item(item: Item, known: Collection[int | None], vocabulary: Vocabulary) -> list[str]:
    """Split an item in whose line the next numbers follow, unless these are items already."""
    text, number, parts = " ".join(" ".join(item.lines).split()), item.number, []
    if number is None and (first := _first_number(text, known, vocabulary)) is not None:
        number = first - 1
    while number is not None and number + 1 not in known:
        after = re.search(rf"(?<=[.?!;。？！；\"”]) ?[;；]? {number + 1}\\?[.):）] (?=\S)", text)
        if after is None:
            break
        parts.append(text[: after.start()])
        text, number = text[after.end() :], number + 1
    return [*parts, text]


def _first_number(text: str, known: Collection[int | None], vocabulary: Vocabulary) -> int | None:
    """The first number between two requests in the line of an item whose own number is not known."""
    for match in islice(_NEXT_NUMBER.finditer(text), _MOST_NUMBERS):
        number = int(match["number"])
        if (
            number > 1
            and number not in known
            and vocabulary.is_request(text[: match.start()])
            and vocabulary.is_request(_NEXT_NUMBER.split(text[match.end() :], maxsplit=1)[0])
        ):
            return number
    return None
