"""The Requests screen: every model call with its prompt, answer, latency and cost."""

from array import array
from collections.abc import Sequence
from typing import ClassVar, get_args

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container

from selfinstruct.core.runs.resend import Resent
from selfinstruct.db.reads.request_log import RequestView
from selfinstruct.tui.dialogs.confirm import ConfirmScreen
from selfinstruct.tui.keys.own_keys import bindings
from selfinstruct.tui.keys.screens import ScreenName
from selfinstruct.tui.screens.base import LOOK_S, WorkScreen
from selfinstruct.tui.screens.requests.detail_text import prompt_text
from selfinstruct.tui.screens.requests.pane import RequestPane
from selfinstruct.tui.screens.requests.table import RequestTable
from selfinstruct.tui.text.safe_text import many
from selfinstruct.tui.widgets.pane_actions import Pane, PaneActions
from selfinstruct.tui.widgets.titles import entitle

_NOTHING: dict[RequestView, str] = {
    "all": "No request has been made yet.\n\nPress {curate} for the candidates, and {next_batch} there: the"
    " model is asked for a batch, and every call is listed here.",
    "failed": "No request has failed.\n\n{view} shows others.",
    "in_doubt": "No request is in doubt.\n\n{view} shows others.",
    "planned": "No request is waiting to be sent.\n\n{view} shows others.",
    "under_way": "No request is in flight.\n\n{view} shows others.",
}
_VIEWS: dict[RequestView, str] = {
    "all": "all",
    "failed": "failed",
    "in_doubt": "in doubt",
    "planned": "planned",
    "under_way": "in flight",
}
"""The names of the views in the title of the table."""


class RequestsScreen(PaneActions, WorkScreen):
    """Requests on the left, newest first; the selected one in full on the right."""

    NAME: ClassVar[ScreenName] = "requests"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("requests")]

    _view: RequestView = "all"
    _busy = False

    def compose_body(self) -> ComposeResult:
        """Yield the table and the detail."""
        with Container(id="panes"):
            yield RequestTable(self.engine.workspace.request_log, id="requests").add_class("pane")
            yield RequestPane(self.engine, id="request-pane").add_class("pane")

    def on_mount(self) -> None:
        """Show all requests, and start refreshing."""
        self.set_focus(self.table)
        self.load()
        self.set_interval(LOOK_S, self._look)

    @property
    def table(self) -> RequestTable:
        """The table of requests."""
        return self.query_one(RequestTable)

    @property
    def moved(self) -> Pane:
        """The pane that the movement keys act on: the detail while it has the focus."""
        return self.detail if self.detail.has_focus else self.table

    @property
    def detail(self) -> RequestPane:
        """The pane with the selected request."""
        return self.query_one(RequestPane)

    # Showing

    def load(self, *, at: int | None = None) -> None:
        """Load the requests of the view, with the cursor on `at` if it is among them."""
        self.table.show(self.engine.workspace.request_log.ids(self._view), at=at)
        self._show_title(new=0)

    def refresh_view(self) -> None:
        """Reread the rows; new ones appear at the top, unless the user has scrolled down."""
        new = self._new()
        if new and not round(self.table.scroll_y):
            self.table.show(self._with(new), at=self.table.current)
            new = []
        else:
            self.table.reread()
            self._show_detail()
        self._show_title(new=len(new))

    def _new(self) -> list[int]:
        """Return the ids of the view that are not in the table yet."""
        log, shown = self.engine.workspace.request_log, self.table.ids
        if self._view == "all":
            return list(log.ids("all", after=shown[0] if shown else 0))
        known = set(shown)
        return [request_id for request_id in log.ids(self._view) if request_id not in known]

    def _with(self, new: list[int]) -> Sequence[int]:
        """Return the table's ids and these; ids that have left the view stay until it is reloaded."""
        if self._view != "all":
            return sorted({*self.table.ids, *new}, reverse=True)
        ids = array("q", new)
        ids.extend(self.table.ids)
        return ids

    def _look(self) -> None:
        was_busy, self._busy = self._busy, bool(self.session.attended.under_way)
        if self.is_current and (was_busy or self._busy):
            self.refresh_view()

    def _show_title(self, *, new: int) -> None:
        counts = self.engine.workspace.request_log.counts()
        names = {
            view: f"{_VIEWS[view]} {counts[view]:,}"
            for view in get_args(RequestView)
            # Requests rarely stay planned for long, and a narrow terminal has no room to spare.
            if view != "planned" or view == self._view or counts[view]
        }
        # The names are our own text, so markup is safe.
        names[self._view] = f"[reverse] {names[self._view]} [/]"
        more = f" · +{new:,} new, {self.with_keys('{first}')} shows them" if new else ""
        entitle(self.table, " · ".join(names.values()) + more)

    @on(RequestTable.CursorMoved)
    def _show_detail(self) -> None:
        self.detail.show(self.table.current, nothing=self.with_keys(_NOTHING[self._view]))

    def action_view(self) -> None:
        """Switch to the next view; the cursor stays on its request if that is listed there."""
        views: tuple[RequestView, ...] = get_args(RequestView)
        self._view = views[(views.index(self._view) + 1) % len(views)]
        self.load(at=self.table.current)

    # Resending

    def action_send_again(self) -> None:
        """Resend the selected request, after a confirmation if it may be billed twice."""
        request_id = self.table.current
        if request_id is None:
            self.say("There is no request here.")
        elif self.engine.workspace.requests.get(request_id).state == "in_doubt":
            self._ask(
                "In doubt",
                f"Request {request_id} may already have been answered and billed. Resend it?",
                [request_id],
                in_doubt=True,
            )
        else:
            self._send([request_id], in_doubt=False)

    def action_send_all_again(self) -> None:
        """Resend all failed requests, or all in doubt in that view, after a confirmation."""
        in_doubt = self._view == "in_doubt"
        if in_doubt:
            ids = list(reversed(self.table.ids))
            asked = f"{many(len(ids), 'request')} may already have been answered and billed. Resend all?"
        else:
            ids = self.session.attended.sendable()[::-1]
            asked = f"Resend {many(len(ids), 'failed request')}?"
        if ids:
            self._ask("In doubt" if in_doubt else "Send again", asked, ids, in_doubt=in_doubt)
        else:
            self.say(f"There is no {'request in doubt' if in_doubt else 'failed request'} to resend.")

    def _ask(self, title: str, question: str, ids: list[int], *, in_doubt: bool) -> None:
        def answer(yes: bool | None) -> None:
            if yes:
                self._send(ids, in_doubt=in_doubt)

        self.app.push_screen(
            ConfirmScreen(title, question, yes="resends it" if len(ids) == 1 else "resends them"), answer
        )

    def _send(self, ids: list[int], *, in_doubt: bool) -> None:
        if self.session.attended.at_cost_limit:
            self.ask_for_room(self.session.attended.room)
            return
        self.session.start()
        self._tell(self.session.attended.retry(ids, in_doubt=in_doubt))
        self.refresh_all()

    def _tell(self, retried: Resent) -> None:
        refused = list(retried.refused.values())
        sent = retried.taken_on
        if not refused:
            what = f"request {sent[0]}" if len(sent) == 1 else many(len(sent), "request")
            self.say(f"Resending {what}.")
        elif sent:
            sentence = f"Resending {len(sent)} of {len(sent) + len(refused)}."
            self.say(f"{sentence} First refusal: {refused[0]}", error=True)
        else:
            self.say(refused[0], error=True)

    # Navigation

    @on(RequestTable.Opened)
    async def action_go_to_task(self) -> None:
        """Open the task that the request concerns, or the first that it proposed."""
        if self.table.current is None:
            return
        task_ids = self.engine.workspace.request_log.record(self.table.current).task_ids
        if task_ids:
            await self.open_task(task_ids[0])
        else:
            self.say("This request has produced no task.")

    def action_copy_answer(self) -> None:
        """Copy the answer to the clipboard."""
        if self.table.current is None:
            return
        answer = self.detail.answer(self.table.current)
        if answer is None:
            self.say(f"Request {self.table.current} has no readable answer.")
        else:
            self.copy(answer, f"the answer to request {self.table.current}")

    def action_copy_prompt(self) -> None:
        """Copy the prompt to the clipboard."""
        if self.table.current is not None:
            request = self.engine.workspace.requests.get(self.table.current)
            self.copy(prompt_text(request.prompt), f"the prompt of request {self.table.current}")

    async def action_back(self) -> None:
        """Leave the detail first, then return to all requests, then go home."""
        if self.is_zoomed:
            self.action_zoom()
            self.set_focus(self.table)
        elif self.focused is not self.table:
            self.set_focus(self.table)
        elif self._view != "all":
            self._view = "all"
            self.load(at=self.table.current)
        else:
            await super().action_back()

    def action_first(self) -> None:
        """Go to the newest request, loading new ones; or to the top of the detail."""
        if self.detail.has_focus:
            self.detail.move_home()
        else:
            self.load()
