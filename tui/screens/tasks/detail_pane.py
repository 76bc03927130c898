"""The detail pane: one task in full, with links to the tasks that it mentions."""

from textual.content import Content

from selfinstruct.db.records import PASS, Task
from selfinstruct.tui.screens.tasks import detail_text as detail
from selfinstruct.tui.session import Session
from selfinstruct.tui.widgets.block_view import Block, BlockView

_NEIGHBOURS, _BY_MEANING = 10, 3


class DetailPane(BlockView):
    """One task in full; its neighbours and the tasks of its prompt can be selected and opened.

    Args:
        session: The user's session, whose workspace holds the tasks.
    """

    def __init__(self, session: Session, *, id: str) -> None:  # noqa: A002 - Textual's
        super().__init__(id=id)
        self._session, self._engine = session, session.engine
        self._task_id: int | None = None

    def show(self, task_id: int | None, *, nothing: str) -> None:
        """Show the current state of a task, or the text `nothing` if there is none."""
        anew = task_id != self._task_id
        self._task_id = task_id
        if anew:
            self.border_title = Content("" if task_id is None else f"Task {task_id}")
        self.show_blocks([Block.of(Content(nothing))] if task_id is None else self._read(task_id), anew=anew)

    def read_ahead(self, task_id: int) -> None:
        """Prefetch and wrap the detail of a task for a later `show`."""
        self.wrap_ahead(self._read(task_id))

    def _read(self, task_id: int) -> list[Block]:
        workspace, assessor = self._engine.workspace, self._engine.assessor
        settings, task = self._engine.settings, workspace.tasks.get(task_id)
        held_up = self._session.held_up
        neighbours = (
            assessor.neighbours(task.instruction, but=task.id, k=_NEIGHBOURS) if assessor.is_ready else []
        )
        state = " now" if assessor.is_ready else ": the pool is being read"
        suggestions = workspace.suggestions.of_task(task.id)
        blocks = [
            Block.of(detail.head(self._engine, task, neighbours)),
            *([Block.of(detail.suggestions(suggestions))] if suggestions and task.state == "pending" else []),
            Block.of(detail.heading(f"Nearest in the pool{state}")),
            *detail.nearest(self._engine, task, neighbours),
            *self._by_meaning(task),
        ]
        if (instances := detail.instances(workspace, task, settings.keys, held_up)) is not None:
            blocks.append(Block.of(instances))
        if prompted := detail.prompted_by(workspace, task):
            title = detail.heading(f"Prompted by (request {task.propose_request_id})")
            blocks += [Block.of(title), *prompted]
        if (history := detail.history(workspace.decisions.of_task(task.id), suggestions)) is not None:
            blocks.append(Block.of(history))
        return blocks

    def _by_meaning(self, task: Task) -> list[Block]:
        engine = self._engine
        if engine.settings.embeddings is None or not engine.assessor.is_ready:
            return []
        near = engine.assessor.near_in_meaning(task.id, k=_BY_MEANING)
        if near is None:
            is_wanted = task.state == "accepted" or (task.state == "pending" and task.verdict == PASS)
            why = "its vector has not arrived yet" if is_wanted else "its vector has not been requested"
            if engine.workspace.vectors.refusal(task.id) is not None:
                why = "the embedding model refused the text"
            return [Block.of(detail.heading(f"Nearest by meaning: {why}"))]
        title = detail.heading("Nearest by meaning now (cosine)")
        return [Block.of(title), *detail.nearest_by_meaning(engine.workspace, near)]
