"""The stylesheets of screens and dialogs, each beside its class."""

from inspect import getfile
from pathlib import Path, PurePath
from typing import Any, ClassVar

from textual.message_pump import MessagePump
from textual.types import CSSPathType


def stylesheets_in(*folders: Path) -> list[str | PurePath]:
    """Return the paths of the stylesheets in these folders, by name within each."""
    return [path for folder in folders for path in sorted(folder.glob("*.tcss"))]


class OwnStyles(MessagePump):
    """A screen or dialog with the stylesheets beside it and beside its base classes.

    Textual reads them when it is first shown, so that the first screen waits for none but its own.
    """

    CSS_PATH: ClassVar[CSSPathType | None] = None

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.CSS_PATH = cls.own_styles()

    @classmethod
    def own_styles(cls) -> list[str | PurePath]:
        """Return the paths of its stylesheets, those of base classes first."""
        own = (one for one in reversed(cls.__mro__) if issubclass(one, OwnStyles) and one is not OwnStyles)
        return stylesheets_in(*dict.fromkeys(Path(getfile(one)).parent for one in own))
