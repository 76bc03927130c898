"""The files beside the data that tell of it: the card, the provenance of rows, what was left out."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from selfinstruct.core.export.card import card
from selfinstruct.core.export.card_facts import CardFile, read_card_facts
from selfinstruct.core.export.exported import Contaminated, WrittenFile
from selfinstruct.core.export.provenance import provenance_of
from selfinstruct.core.settings.sources import check, from_store
from selfinstruct.db.atomic_file import writing
from selfinstruct.db.records import TrainingRow
from selfinstruct.db.workspace import Workspace

_CARD_BEGINNING = 4096
"""Bytes of a file by which a card is recognized."""


def provenance_lines(workspace: Workspace, rows: Sequence[TrainingRow]) -> Iterator[str]:
    """Yield where each row came from, as JSON Lines, in the order of the rows."""
    for one in provenance_of(rows, workspace.provenance):
        yield json.dumps(one, ensure_ascii=False) + "\n"


def contaminated_lines(found: Sequence[Contaminated]) -> Iterator[str]:
    """Yield the rows that overlap with an evaluation set, each with the row that it overlaps with."""
    for one in found:
        evaluation = one.overlap.evaluation
        told = {
            "task_id": one.row.task_id,
            "instance_id": one.row.instance_id,
            "instruction": one.row.instruction,
            "input": one.row.input,
            "output": one.row.output,
            "why": one.overlap.sentence,
            "evaluation": {
                "file": evaluation.file,
                "line": evaluation.line,
                "instruction": evaluation.instruction,
                "input": evaluation.input,
                "output": evaluation.output,
            },
        }
        yield json.dumps(told, ensure_ascii=False) + "\n"


def card_text(
    workspace: Workspace,
    title: str,
    files: Sequence[WrittenFile],
    rows: Sequence[TrainingRow],
    options: Mapping[str, Any],
    *,
    at: str,
    folder: Path | None,
) -> str:
    """Return the card of an export.

    Args:
        workspace: The workspace.
        title: The name of the data set.
        files: The data files.
        rows: The exported rows; their texts are not read.
        options: The options of the export.
        at: The time of the export, as ISO 8601 text.
        folder: The folder of the data set, if its card names the files for `datasets.load_dataset`.
    """
    stored = from_store(workspace.settings.read(), workspace.path)
    settings = check(stored, source="the settings of the workspace")
    facts = read_card_facts(
        workspace,
        rows,
        title=title,
        date=at[:10],
        languages=[settings.language],
        files=[
            CardFile(
                str(one.path.relative_to(folder)) if folder is not None else one.path.name,
                len(one.instance_ids),
                one.sha256,
                one.part,
            )
            for one in files
        ],
        options=options,
        filters=settings.filters,
    )
    return card(facts, data_files=folder is not None)


def is_card(path: Path) -> bool:
    """Whether a file is the card of an earlier export, which the next one may replace."""
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        beginning = file.read(_CARD_BEGINNING)
    return beginning.startswith(b"---\n") and b"\n- self-instruct\n" in beginning


def write_lines(stack: ExitStack, target: Path, lines: Iterator[str], *, force: bool) -> None:
    """Write lines under a temporary name, which becomes the target when the stack ends."""
    part = stack.enter_context(writing(target, force=force))
    with part.open("w", encoding="utf-8", newline="") as file:
        file.writelines(lines)
