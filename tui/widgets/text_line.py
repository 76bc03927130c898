"""A one-line text field, entered with a key of the registry."""

from typing import ClassVar

from textual.binding import BindingType

from selfinstruct.tui.keys.own_keys import bindings
from selfinstruct.tui.text.exact_text import ExactInput


class TextLine(ExactInput):
    """A field whose key for entering the line can be set, unlike that of Textual's own."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("line")]
