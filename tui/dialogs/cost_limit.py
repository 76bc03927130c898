"""Raising the cost limit when it leaves no room for another request."""

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from selfinstruct.tui.dialogs.base import Dialog
from selfinstruct.tui.keys.own_keys import bindings
from selfinstruct.tui.widgets.text_line import TextLine

if TYPE_CHECKING:
    from selfinstruct.core.requests.reservations import Room


class CostLimitScreen(Dialog[float | None]):
    """Asks for a higher cost limit; the result is the new limit in USD, or None for no change.

    Args:
        limit: The current limit in USD.
        room: Maximum cost of the next request, and the lowest sufficient limit; None if unknown.
    """

    PLACE = "cost_limit"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("cost_limit")]

    def __init__(self, limit: float, room: "Room | None") -> None:
        super().__init__()
        self._limit = limit
        self._room = room
        self._proposed = ""

    def compose(self) -> ComposeResult:
        """Lay out the reason, the input for the new limit, and the keys."""
        with Vertical(id="cost-box") as box:
            box.border_title = "Cost limit"
            told = f"The cost limit of ${self._limit:g} leaves no room for a request."
            proposed = 2 * self._limit
            if self._room is not None:
                told += (
                    f"\nThe next request may cost up to ${self._room.at_most_usd:g}."
                    f" A limit of ${self._room.limit_usd:g} is enough."
                )
                proposed = max(proposed, self._room.limit_usd)
            yield Static(f"{told}\n\nNew limit in USD:", markup=False)
            self._proposed = f"{proposed:g}"
            yield TextLine(self._proposed, id="cost-limit", select_on_focus=True)
            yield Static("The limit covers the whole life of this workspace.", id="cost-said", markup=False)
            yield Static(self.keys_line({"submit": "raises it", "cancel": "keeps the old limit"}))

    @on(Input.Submitted)
    def _raise_limit(self) -> None:
        """Close with the new limit, if it is a number that makes room."""
        try:
            usd = float(self.query_one("#cost-limit", Input).value.strip().lstrip("$"))
        except ValueError:
            usd = 0.0
        enough = 0.0 if self._room is None else self._room.limit_usd
        if self._limit < usd < float("inf") and usd >= enough:
            self.dismiss(usd)
        else:
            wanted = f"above {self._limit:g}" if enough <= self._limit else f"of at least {enough:g}"
            self.query_one("#cost-said", Static).update(f"Enter a number {wanted}.")

    def action_cancel(self) -> None:
        """Close without a change; warn before discarding typed text."""
        if self.may_discard(typed=self.query_one("#cost-limit", Input).value != self._proposed):
            self.dismiss(None)
        else:
            self.query_one("#cost-said", Static).update(self.discard_warning)
