"""`selfinstruct show`: everything about some tasks."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from selfinstruct.db.reads.task_details import TaskDetail
from selfinstruct.db.records import AnyDecision
from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.commands.exit_codes import Exit
from selfinstruct.tui.commands.open_workspace import DbOption, look_into, sentences
from selfinstruct.tui.commands.results import JsonOption, json_line, results, write
from selfinstruct.tui.commands.start_settings import start_settings
from selfinstruct.tui.commands.task_documents import (
    decision_document,
    neighbour_documents,
    request_document,
    task_document,
)
from selfinstruct.tui.commands.task_text import detail_lines, history_lines, neighbour_lines, request_lines

if TYPE_CHECKING:
    from selfinstruct.core.similarity.rouge_index import Neighbour


def show(
    ids: Annotated[list[int], typer.Argument(metavar="ID...", help="The numbers of tasks.")],
    db: DbOption = Path("selfinstruct.db"),
    as_json: JsonOption = False,
) -> None:
    """Show tasks in full: instances, history, suggestions, the ten nearest tasks, requests; changes nothing.

    Exit codes: 0 done, 1 the disk or the workspace fails, 2 usage error, or there is no such task.
    """
    with sentences(db), look_into(db) as workspace, results():
        from selfinstruct.core.headless.lookup import Lookup  # noqa: PLC0415 - imports NumPy

        lookup = Lookup(workspace, start_settings(workspace, {}))
        found = {detail.task.id: detail for detail in workspace.details.get_many(ids)}
        for detail in (found[task_id] for task_id in ids if task_id in found):
            neighbours = lookup.neighbours(detail.task.id, detail.task.instruction)
            show_one = _as_json if as_json else _as_text
            show_one(workspace, detail, neighbours)
        missing = [task_id for task_id in ids if task_id not in found]
        for task_id in missing:
            typer.echo(f"Error: There is no task {task_id}.", err=True)
    raise typer.Exit(Exit.USAGE if missing else Exit.DONE)


def _history(workspace: Workspace, task_id: int) -> list[AnyDecision]:
    decisions = workspace.decisions
    both: list[AnyDecision] = [*decisions.of_task(task_id), *decisions.on_instances_of(task_id)]
    return sorted(both, key=lambda decision: decision.id)


def _as_json(workspace: Workspace, detail: TaskDetail, neighbours: "list[Neighbour]") -> None:
    task_id = detail.task.id
    near = workspace.tasks.get_many(one.id for one in neighbours)
    document = task_document(detail) | {
        "history": [decision_document(one) for one in _history(workspace, task_id)],
        "neighbours": neighbour_documents(neighbours, near),
        "requests": [
            request_document(row, workspace.requests.get(row.id))
            for row in workspace.request_log.about(task_id)
        ],
    }
    write([json_line(document)])


def _as_text(workspace: Workspace, detail: TaskDetail, neighbours: "list[Neighbour]") -> None:
    near = workspace.tasks.get_many(one.id for one in neighbours)
    write(detail_lines(detail))
    write(history_lines(_history(workspace, detail.task.id)))
    write(["nearest in the pool", *(f"  {line}" for line in neighbour_lines(neighbours, near))])
    write(request_lines(workspace.request_log.about(detail.task.id)))
