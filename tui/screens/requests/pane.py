"""The pane with the selected request in full."""

from textual.app import ComposeResult
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from selfinstruct.core.engine import Engine
from selfinstruct.db.reads.request_log import RequestRecord
from selfinstruct.tui.screens.requests.detail_text import answer_text, request_detail
from selfinstruct.tui.widgets.scroll_pane import ScrollPane
from selfinstruct.tui.widgets.titles import entitle

_REST_S = 0.03
"""Seconds the cursor rests on a row before its detail is drawn, so that a held key scrolls smoothly."""


class RequestPane(ScrollPane):
    """One request: state, answer, tasks, attempts, parameters, prompt, raw bytes.

    Args:
        engine: The engine whose workspace holds the requests.
        id: The widget's id.
    """

    def __init__(self, engine: Engine, *, id: str) -> None:  # noqa: A002 - Textual's
        super().__init__(id=id)
        self._engine = engine
        self._request_id: int | None = None
        self._nothing = ""
        self._timer: Timer | None = None
        self._drawn: RequestRecord | None = None

    def compose(self) -> ComposeResult:
        """Yield the widget for the text."""
        yield Static(id="request-detail", markup=False)

    def show(self, request_id: int | None, *, nothing: str) -> None:
        """Show a request, debounced, or the text `nothing` if there is none."""
        self._request_id = request_id
        self._nothing = nothing
        entitle(self, "" if request_id is None else f"Request {request_id}")
        if self._timer is None:
            self._timer = self.set_timer(_REST_S, self._draw)

    def answer(self, request_id: int) -> str | None:
        """Return the text of a request's answer; None if there is no readable one."""
        workspace = self._engine.workspace
        stored = workspace.requests.answer(request_id)
        return answer_text(workspace.request_log.record(request_id), stored.body if stored else None)

    def _draw(self) -> None:
        self._timer = None
        text = self.query_one("#request-detail", Static)
        if self._request_id is None:
            self._drawn = None
            text.update(Content(self._nothing))
            return
        record = self._engine.workspace.request_log.record(self._request_id)
        if record == self._drawn:
            return
        if self._drawn is None or self._drawn.request.id != record.request.id:
            self.scroll_home(animate=False)
        self._drawn = record
        tasks = self._engine.workspace.tasks.get_many(record.task_ids)
        text.update(request_detail(record, self.answer(self._request_id), tasks))
