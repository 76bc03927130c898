"""The instances of one task, kept and dropped, as a list of cards with a cursor."""

from collections.abc import Sequence

from textual import events
from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from selfinstruct.db.records import Instance, Task
from selfinstruct.tui.keys.key_names import with_keys
from selfinstruct.tui.session import Session
from selfinstruct.tui.text.safe_text import LABEL_WORDS, safe, safe_line, sentence_line
from selfinstruct.tui.text.themes import MUTED
from selfinstruct.tui.widgets.scroll_pane import ScrollPane
from selfinstruct.tui.widgets.titles import entitle

_SHOWN = 4000
"""Maximum characters shown of a text; the editor shows all of it."""


class InstanceCard(Static):
    """One instance: its state, the reason if it was dropped, its input and its output."""

    class Chosen(Message):
        """The card was clicked."""

        def __init__(self, instance_id: int) -> None:
            super().__init__()
            self.instance_id = instance_id

    def __init__(self) -> None:
        super().__init__(markup=False)
        self._instance: Instance | None = None

    def show(self, instance: Instance | None, number: int) -> None:
        """Show an instance, or hide the card for None."""
        self.display = instance is not None
        if instance is not None and instance != self._instance:
            self.update(_card(instance, number))
        self._instance = instance

    def on_click(self) -> None:
        """Put the cursor on this card."""
        if self._instance is not None:
            self.post_message(self.Chosen(self._instance.id))


class InstancePane(ScrollPane):
    """The list of a task's instances; the screen handles the keys and moves the cursor.

    Args:
        session: The user's session, whose workspace has the instances.
        id: The widget's id.
    """

    def __init__(self, session: Session, *, id: str) -> None:  # noqa: A002 - Textual's
        super().__init__(id=id)
        self._session = session
        self._task_id: int | None = None
        self._nothing = ""
        self.is_settled = True
        """Whether the pane shows the last task requested, with no redraw pending."""
        self._drawn: int | None = None
        self._instances: Sequence[Instance] = ()
        self._at: int | None = None

    def compose(self) -> ComposeResult:
        """Yield the head; cards are mounted as needed."""
        yield Static(id="instances-head", markup=False)

    def show(self, task_id: int | None, *, nothing: str, at: int | None = None) -> None:
        """Show a task's instances after the next refresh, so that a burst of keys draws only the last task.

        Args:
            task_id: The task; None if there is none.
            nothing: The text to show if there is none.
            at: The instance to put the cursor on; None leaves the cursor where it is.
        """
        self._task_id, self._nothing = task_id, nothing
        self._at = at if at is not None else self._at
        entitle(self, "" if task_id is None else f"Instances of {task_id}")
        if self.is_settled:
            self.is_settled = False
            self.call_after_refresh(self.draw)

    @property
    def is_empty(self) -> bool:
        """Whether the task shown has no instances, which its head explains."""
        return self._task_id is not None and not self._instances

    @property
    def current(self) -> Instance | None:
        """The selected instance."""
        if not self.is_settled:
            self.draw()  # a key that follows at once is meant for the requested task
        return next((one for one in self._instances if one.id == self._at), None)

    def move_by(self, instances: int) -> None:
        """Move the cursor, clamped to both ends."""
        current = self.current
        if current is not None:
            place = self._instances.index(current) + instances
            self._at = self._instances[max(0, min(len(self._instances) - 1, place))].id
            self._mark()

    def move_home(self) -> None:
        """Put the cursor on the first instance."""
        self.move_by(-len(self._instances))

    def move_end(self) -> None:
        """Put the cursor on the last instance."""
        self.move_by(len(self._instances))

    def draw(self) -> None:
        """Draw the last task requested."""
        self.is_settled = True
        if self._task_id is None:
            self._instances = ()
            head = Content(self._nothing)
        else:
            workspace = self._session.engine.workspace
            task = workspace.tasks.get(self._task_id)
            self._instances = workspace.instances.of_task(task.id)
            head = _head(self._session, task, self._instances)
        self.query_one("#instances-head", Static).update(head)
        if all(one.id != self._at for one in self._instances):
            self._at = self._instances[0].id if self._instances else None
        cards = list(self.query(InstanceCard))
        more = [InstanceCard() for _ in self._instances[len(cards) :]]
        if more:
            self.mount_all(more)
        for place, card in enumerate([*cards, *more]):
            card.show(self._instances[place] if place < len(self._instances) else None, place + 1)
        if self._task_id != self._drawn:
            self._drawn = self._task_id
            self.scroll_home(animate=False)
        self._mark()

    def _mark(self) -> None:
        for instance, card in zip(self._instances, self.query(InstanceCard), strict=False):
            card.set_class(instance.id == self._at, "-current")
            if instance.id == self._at and instance is not self._instances[0]:
                self.call_after_refresh(self.scroll_to_widget, card, animate=False)
            elif instance.id == self._at:
                self.scroll_home(animate=False)

    def on_instance_card_chosen(self, event: InstanceCard.Chosen) -> None:
        """Put the cursor on the card that was clicked."""
        self._at = event.instance_id
        self._mark()

    def on_click(self, event: events.Click) -> None:
        """Focus the pane on a click anywhere in it."""
        del event
        self.focus()


def _card(instance: Instance, number: int) -> Content:
    added = " · added by a person" if instance.request_id is None else ""
    why = f": {safe_line(instance.reason.sentence)}" if instance.reason else ""
    state = "✓ kept" if instance.state == "kept" else f"✗ dropped{why}"
    style = "$text-success" if instance.state == "kept" else "$text-warning"
    parts: list[str | tuple[str, str]] = [(f"{number} ", MUTED), (state, style), (added, MUTED)]
    text = "" if instance.state == "kept" else MUTED
    if instance.input:
        parts += [("\nInput: ", MUTED), (safe(instance.input, _SHOWN), text)]
    parts += [
        ("\nOutput: ", MUTED),
        (safe(instance.output, _SHOWN), text) if instance.output else ("empty", MUTED),
    ]
    return Content.assemble(*parts)


def _head(session: Session, task: Task, instances: Sequence[Instance]) -> Content:
    kept = sum(instance.state == "kept" for instance in instances)
    parts: list[str | tuple[str, str]] = [
        safe(task.instruction, _SHOWN),
        (f"\n{LABEL_WORDS[task.label] if task.label else 'no label yet'}", MUTED),
    ]
    if instances:
        parts.append((f" · {kept} kept, {len(instances) - kept} dropped", MUTED))
    if task.state != "accepted":
        parts.append(("\nThe task is no longer in the pool, so its instances do not count.", "$text-warning"))
    elif not instances:
        parts.append((f"\n{_why_none(session, task)}", "$text-warning"))
    return Content.assemble(*parts)


def _why_none(session: Session, task: Task) -> str:
    """Return why an accepted task has no instances, and what to do about it."""
    keys, held_up = session.settings.keys, session.held_up
    if task.label == "unknown":
        unclear = "The model gave no clear label. {relabel} sets it, and instances are requested."
        return _sentences(with_keys(unclear, keys), held_up)
    help_ = with_keys(
        "{relabel} sets it."
        if task.label is None
        else "{more_instances} asks again, {add_instance} lets you write one.",
        keys,
    )
    if task.label is None:
        asked, what = task.classify_request_id, "its label"
        otherwise = _sentences(f"Instances are requested once its label is known. {help_}", held_up)
    else:
        asked, what = task.instantiate_request_id, "instances"
        otherwise = f"The answer of the model contains no instance. {help_}"
    if asked is None:
        coming = f"A request for {what} is about to be sent."
        return f"No request for {what} has been sent yet. {held_up}" if held_up else coming
    request = session.engine.workspace.requests.get(asked)
    if request.state == "failed":
        return f"Request {asked} for {what} failed: {sentence_line(request.error or '')} {help_}"
    if request.state == "in_doubt":
        return f"Request {asked} for {what} is in doubt: the program ended while it was in flight. {help_}"
    if request.state == "parsed":
        return otherwise
    if request.state == "planned":
        return _sentences(f"Request {asked} for {what} is waiting to be sent.", held_up)
    return f"Request {asked} for {what} is in flight."


def _sentences(*said: str) -> str:
    return " ".join(filter(None, said))
