"""`selfinstruct search`: the nearest tasks of any text, and the verdict that it would get."""

from pathlib import Path
from typing import Annotated

import typer

from selfinstruct.core.errors import SettingsError
from selfinstruct.tui.commands.exit_codes import stop
from selfinstruct.tui.commands.open_workspace import DbOption, look_into, sentences
from selfinstruct.tui.commands.results import JsonOption, json_line, results, write
from selfinstruct.tui.commands.start_settings import start_settings
from selfinstruct.tui.commands.task_documents import neighbour_documents, reason_documents, verdict_name
from selfinstruct.tui.commands.task_text import neighbour_lines
from selfinstruct.tui.text.safe_text import sentence_line, verdict_word


def search(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="An instruction, as if it were a candidate.")],
    db: DbOption = Path("selfinstruct.db"),
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="Number of nearest tasks.")] = 10,
    as_json: JsonOption = False,
) -> None:
    """Show the nearest tasks of a text, and the verdict that the filters would give it; changes nothing.

    The tasks are those of the pool, compared by ROUGE-L. The filters are those of the next run, without the
    comparison by embeddings.
    """
    if not text.strip():
        stop(SettingsError("There is no text to search for. Give an instruction in quotes."))
    with sentences(db), look_into(db) as workspace, results():
        from selfinstruct.core.headless.lookup import Lookup  # noqa: PLC0415 - imports NumPy

        found = Lookup(workspace, start_settings(workspace, {})).search(text, k=limit)
        near = workspace.tasks.get_many(one.id for one in found.neighbours)
        document = {
            "text": found.text,
            "verdict": verdict_name(found.assessment.verdict),
            "reasons": reason_documents(found.assessment.reasons),
            "nearest": neighbour_documents(found.neighbours, near),
        }
        if as_json:
            write([json_line(document)])
            return
        write([f"verdict  {verdict_word(found.assessment.verdict)}"])
        write(f"         {sentence_line(one.sentence)}" for one in found.assessment.reasons)
        write(["nearest in the pool", *(f"  {line}" for line in neighbour_lines(found.neighbours, near))])
