"""The detail pane: one task in full, with the tasks that it mentions to go to."""

from typing import ClassVar

from rich.table import Table
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from selfinstruct.core.engine import Engine
from selfinstruct.core.prompts import IN_CONTEXT
from selfinstruct.tui import detail
from selfinstruct.tui.detail import Mentioned

_NEIGHBOURS = 10
_WIDE = 90
"""From this width on every neighbour stands beside the task."""


class Mention(Static, can_focus=True):
    """A task that is mentioned: Enter or a click goes to it; with the focus, it is shown side by side."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "go", "Go to it")]

    class Chosen(Message):
        """This task is to be shown."""

        def __init__(self, task_id: int) -> None:
            super().__init__()
            self.task_id = task_id

    def __init__(self) -> None:
        super().__init__(markup=False)
        self.display = False
        self._mentioned: Mentioned | None = None
        self._wide = False

    def mention(self, mentioned: Mentioned | None, *, wide: bool = False) -> None:
        """Show this one, or nothing."""
        self.display = mentioned is not None
        if (mentioned, wide) != (self._mentioned, self._wide):
            self._mentioned, self._wide = mentioned, wide
            self._draw()

    def _draw(self) -> None:
        if self._mentioned is None:
            return
        if self._mentioned.sides is None or not (self.has_focus or self._wide):
            self.update(self._mentioned.line)
            return
        sides = Table.grid(expand=True, padding=(0, 2, 0, 0))
        sides.add_column(ratio=1)
        sides.add_column(ratio=1)
        sides.add_row(self._mentioned.sides[0], self._mentioned.line)
        self.update(sides)

    def on_focus(self) -> None:
        """Show it beside the task."""
        self._draw()

    def on_blur(self) -> None:
        """Show it alone again."""
        self._draw()

    def on_click(self, event: events.Click) -> None:
        """A second click goes to it."""
        if event.chain > 1:
            self.action_go()

    def action_go(self) -> None:
        """Go to the task."""
        if self._mentioned is not None:
            self.post_message(self.Chosen(self._mentioned.task_id))


class DetailPane(VerticalScroll, can_focus=True):
    """One task in full.

    Args:
        engine: Whose tasks these are.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "mention(1)", "Next mentioned", show=False),
        Binding("k", "mention(-1)", "Previous mentioned", show=False),
    ]

    def __init__(self, engine: Engine, *, id: str) -> None:  # noqa: A002 - Textual's
        super().__init__(id=id)
        self._engine = engine
        self._task_id: int | None = None
        self._nothing = Content()
        self.is_settled = True
        """Whether what was asked for last is what is shown."""
        self._drawn: int | None = None

    def compose(self) -> ComposeResult:
        """The parts from top to bottom; they stay, and only what they show changes."""
        yield Static(id="detail-head", markup=False)
        yield Static(id="detail-nearest", markup=False)
        for _ in range(_NEIGHBOURS):
            yield Mention()
        yield Static(id="detail-instances", markup=False)
        yield Static(id="detail-prompted", markup=False)
        for _ in range(IN_CONTEXT):
            yield Mention()
        yield Static(id="detail-history", markup=False)

    def show(self, task_id: int | None, *, nothing: str) -> None:
        """Show a task once the table has moved; `nothing` is said when there is none.

        Of keys that come in one burst only the last one's task is drawn.
        """
        self._task_id = task_id
        self._nothing = Content(nothing)
        self.border_title = "" if task_id is None else str(task_id)
        if self.is_settled:
            self.is_settled = False
            self.call_after_refresh(self._draw)

    def on_resize(self) -> None:
        """What stands side by side depends on the width."""
        self._draw()

    def action_mention(self, step: int) -> None:
        """Put the focus on the next or previous task that is mentioned."""
        shown = [mention for mention in self.query(Mention) if mention.display]
        focused = next((place for place, mention in enumerate(shown) if mention.has_focus), None)
        place = (0 if step > 0 else len(shown) - 1) if focused is None else focused + step
        if 0 <= place < len(shown):
            shown[place].focus()

    def _draw(self) -> None:
        self.is_settled = True
        if self._task_id != self._drawn:
            self.scroll_home(animate=False)
            self._drawn = self._task_id
            if isinstance(self.screen.focused, Mention):
                self.focus()
        if self._task_id is None:
            self._fill("#detail-head", self._nothing)
            for part in ("#detail-nearest", "#detail-instances", "#detail-prompted", "#detail-history"):
                self._fill(part, None)
            for mention in self.query(Mention):
                mention.mention(None)
            return
        workspace, judging = self._engine.workspace, self._engine.judging
        task = workspace.tasks.get(self._task_id)
        neighbours = (
            judging.neighbours(task.instruction, but=task.id, k=_NEIGHBOURS) if judging.is_ready else []
        )
        nearest = detail.nearest(workspace, task, neighbours)
        prompted = detail.prompted_by(workspace, task)
        what = (
            "Nearest in the pool now" if judging.is_ready else "Nearest in the pool: the pool is being read"
        )
        self._fill("#detail-head", detail.head(workspace, self._engine.settings.filters, task, neighbours))
        self._fill("#detail-nearest", detail.heading(what))
        self._fill("#detail-instances", detail.instances(workspace, task))
        request = f"Prompted by (request {task.propose_request_id})"
        self._fill("#detail-prompted", detail.heading(request) if prompted else None)
        self._fill("#detail-history", detail.history(workspace.decisions.of_task(task.id)))
        mentions = list(self.query(Mention))
        wide = self.size.width >= _WIDE
        for place, mention in enumerate(mentions[:_NEIGHBOURS]):
            mention.mention(nearest[place] if place < len(nearest) else None, wide=wide)
        for place, mention in enumerate(mentions[_NEIGHBOURS:]):
            mention.mention(prompted[place] if place < len(prompted) else None)

    def _fill(self, part: str, content: Content | None) -> None:
        static = self.query_one(part, Static)
        static.display = content is not None
        if content is not None:
            static.update(content)
