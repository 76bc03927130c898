"""Asking for a higher cost limit when the one there is leaves no room."""

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from selfinstruct.tui.dialogs.base import DISCARDS, Dialog
from selfinstruct.tui.keys.bindings import bindings
from selfinstruct.tui.text.exact_text import ExactInput

if TYPE_CHECKING:
    from selfinstruct.core.requests.planner import Room


class CostLimitScreen(Dialog[float | None]):
    """Gives the new limit in USD, or None when the person leaves it as it is.

    Args:
        limit: The limit now, in USD.
        room: What one more request may cost, and from which limit on there is room; None: nobody knows.
    """

    PLACE = "cost_limit"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("cost_limit")]

    def __init__(self, limit: float, room: "Room | None") -> None:
        super().__init__()
        self._limit = limit
        self._room = room
        self._proposed = ""

    def compose(self) -> ComposeResult:
        """What is the matter, a line for the new limit, and the keys."""
        with Vertical(id="cost-box") as box:
            box.border_title = "Cost limit"
            told = f"The cost limit of ${self._limit:g} leaves no room for a request."
            proposed = 2 * self._limit
            if self._room is not None:
                told += (
                    f"\nThe next one may cost up to ${self._room.at_most_usd:g}:"
                    f" ${self._room.limit_usd:g} makes room."
                )
                proposed = max(proposed, self._room.limit_usd)
            yield Static(f"{told}\n\nNew limit in USD:", markup=False)
            self._proposed = f"{proposed:g}"
            yield ExactInput(self._proposed, id="cost-limit", select_on_focus=True)
            yield Static("It counts for the whole life of this workspace.", id="cost-said", markup=False)
            yield Static(
                Content.assemble("Enter raises it   ", self.keys_line({"cancel": "leaves it as it is"}))
            )

    @on(Input.Submitted)
    def _raise_limit(self) -> None:
        """Close with the new limit, if it is one."""
        try:
            usd = float(self.query_one("#cost-limit", Input).value.strip().lstrip("$"))
        except ValueError:
            usd = 0.0
        enough = 0.0 if self._room is None else self._room.limit_usd
        if self._limit < usd < float("inf") and usd >= enough:
            self.dismiss(usd)
        else:
            wanted = f"above {self._limit:g}" if enough <= self._limit else f"from {enough:g} on"
            self.query_one("#cost-said", Static).update(f"A number {wanted} makes room.")

    def action_cancel(self) -> None:
        """Close without a change; what is typed is not discarded without a word."""
        if self.may_discard(typed=self.query_one("#cost-limit", Input).value != self._proposed):
            self.dismiss(None)
        else:
            self.query_one("#cost-said", Static).update(DISCARDS)
