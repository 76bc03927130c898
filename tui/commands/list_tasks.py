"""`selfinstruct list`: tasks by the curator's filter line, for scripts and agents."""

from pathlib import Path
from typing import Annotated

import typer

from selfinstruct.core.task_query import parse_filter
from selfinstruct.db.records import Order
from selfinstruct.tui.commands.open_workspace import DbOption, look_into, sentences
from selfinstruct.tui.commands.results import JsonOption, json_line, results, write
from selfinstruct.tui.commands.task_documents import task_document
from selfinstruct.tui.commands.task_text import task_line


def list_tasks(
    db: DbOption = Path("selfinstruct.db"),
    where: Annotated[
        str,
        typer.Option(
            "--where",
            metavar="LINE",
            help="The filter line of the curator: words, and the fields state, label, verdict, origin, score,"
            " batch, id, suggested and by, such as 'state:undecided suggested:no score<0.5 haiku'. Default:"
            " every task, seeds included.",
        ),
    ] = "",
    order: Annotated[
        Order, typer.Option(help="The column to sort by: `id`, newest first; `score`, highest first.")
    ] = "id",
    limit: Annotated[
        int | None,
        typer.Option(
            show_default="all",
            metavar="N",
            min=1,
            help="The most tasks to print.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List tasks with their verdicts, instances and suggestions; changes nothing.

    Each task is read as it is when its turn comes, and any number of them takes the same memory. With --json,
    one object a line; docs/automation.md describes its fields.
    """
    with sentences(db), look_into(db) as workspace, results():
        found = False
        for page in workspace.details.matching(parse_filter(where), order, most=limit):
            found = True
            write(json_line(task_document(one)) if as_json else task_line(one) for one in page)
        if not found and not as_json:
            typer.echo("No task matches.", err=True)
