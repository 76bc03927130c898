"""A field that cycles through a few values."""

from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from selfinstruct.tui.keys.own_keys import bindings
from selfinstruct.tui.text.safe_text import safe_line


class Choice(Static, can_focus=True):
    """A field that cycles through its values by key or click."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("choice")]

    class Changed(Message):
        """The value has changed."""

    def __init__(self, choices: tuple[str, ...], value: str) -> None:
        super().__init__(markup=False)
        self._choices = choices
        self._value = value

    @property
    def value(self) -> str:
        """The chosen value."""
        return self._value

    @value.setter
    def value(self, value: str) -> None:
        if value != self._value:
            self._value = value
            self._draw()
            self.post_message(self.Changed())

    def on_mount(self) -> None:
        """Show the value."""
        self._draw()

    def _draw(self) -> None:
        self.update(Content(f"◂ {safe_line(self._value)} ▸"))

    def on_click(self, event: events.Click) -> None:
        """Go to the previous value on the left arrow, else to the next."""
        self._turn(-1 if event.x < 2 else 1)

    def action_next_value(self) -> None:
        """Go to the next value."""
        self._turn(1)

    def action_previous_value(self) -> None:
        """Go to the previous value."""
        self._turn(-1)

    def _turn(self, by: int) -> None:
        place = self._choices.index(self._value) if self._value in self._choices else -1
        self.value = self._choices[(place + by) % len(self._choices)]
