"""Tasks with all that belongs to them, for programs that read many of them."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from selfinstruct.db.records import Instance, Order, Reason, Suggestion, Task, TaskQuery
from selfinstruct.db.sqlite.driver import Connection
from selfinstruct.db.sqlite.transactions import one_moment
from selfinstruct.db.tables.decisions import Decisions
from selfinstruct.db.tables.instances import Instances
from selfinstruct.db.tables.suggestions import Suggestions
from selfinstruct.db.tables.tasks import Tasks

_PAGE = 200
"""Tasks that are read together."""


@dataclass(frozen=True, slots=True)
class TaskDetail:
    """A task with its reasons, its instances, and what was decided and suggested."""

    task: Task
    reasons: Sequence[Reason]
    nearest: str | None
    """The wording of the nearest task of the pool; None if there is none."""
    instances: Sequence[Instance]
    """Those for its current wording and label."""
    decided_by: Sequence[str]
    """Who has decided on it, in the order of the first time; see `Decisions.deciders`."""
    suggestions: Sequence[Suggestion]


class TaskDetails:
    """Reads tasks in pages, each as it is at that moment; between two pages nothing is locked."""

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._tasks = Tasks(db)

    def matching(
        self, wanted: TaskQuery, order: Order = "id", *, most: int | None = None
    ) -> Iterator[list[TaskDetail]]:
        """Yield the tasks that match a query, in pages.

        Args:
            wanted: The query.
            order: As for `Tasks.search`. For any other than `id`, all ids are held in memory: 8 bytes each.
            most: The most tasks in all; None for all.
        """
        pages = self._pages_by_id(wanted, most) if order == "id" else self._pages(wanted, order, most)
        for page in pages:
            yield self.get_many(page)

    def _pages_by_id(self, wanted: TaskQuery, most: int | None) -> Iterator[Sequence[int]]:
        before, left = None, most
        while (size := _PAGE if left is None else min(left, _PAGE)) and (
            page := self._tasks.page(wanted, before=before, most=size)
        ):
            yield page
            before, left = page[-1], None if left is None else left - len(page)

    def _pages(self, wanted: TaskQuery, order: Order, most: int | None) -> Iterator[Sequence[int]]:
        ids = iter(array("q", self._tasks.search(wanted, order))[:most])
        while page := list(islice(ids, _PAGE)):
            yield page

    def get_many(self, task_ids: Iterable[int]) -> list[TaskDetail]:
        """Return the tasks with these ids that exist, in the order given."""
        ids = list(task_ids)
        with one_moment(self._db):
            tasks = self._tasks.get_many(ids)
            near = self._tasks.get_many({task.nearest_id for task in tasks if task.nearest_id is not None})
            reasons = self._tasks.reasons_of(ids)
            instances = Instances(self._db).of_tasks(ids)
            deciders = Decisions(self._db).deciders(ids)
            suggestions = Suggestions(self._db).of_tasks(ids)
        wordings = {task.id: task.instruction for task in near}
        return [
            TaskDetail(
                task,
                reasons.get(task.id, ()),
                None if task.nearest_id is None else wordings.get(task.nearest_id),
                instances.get(task.id, ()),
                deciders.get(task.id, ()),
                suggestions.get(task.id, ()),
            )
            for task in tasks
        ]
