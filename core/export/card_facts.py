"""The facts of a data-set card, read from a workspace and the exported rows."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from selfinstruct.core.filtering.registry import SETTINGS
from selfinstruct.core.filtering.settings import FilterSettings
from selfinstruct.core.util.blocks import in_blocks
from selfinstruct.db.reads.card import CardRows, ModelUse
from selfinstruct.db.records import PASS, TrainingRow
from selfinstruct.db.workspace import Workspace

_BLOCK = 500
"""Rows whose decisions are looked up at once."""


@dataclass(frozen=True, slots=True)
class CardFile:
    """A file of the export."""

    name: str
    rows: int
    sha256: str
    split: str = "train"


@dataclass(frozen=True, slots=True)
class RowFacts:
    """The counts of the exported rows."""

    rows: Mapping[str, int]
    """By origin."""
    tasks: Mapping[str, int]
    """By origin."""
    labels: Mapping[str, int]
    """Rows by label; tasks without one are `unknown`."""
    of_decided_tasks: int
    """Rows whose task a person has accepted, edited or otherwise decided on."""
    decided: int
    """Rows that a person has edited, added or restored themselves."""
    edited: int
    """Rows whose input or output a person has edited."""
    of_edited_tasks: int
    """Rows whose instruction a person has edited."""
    reviewed: int
    """Rows of which a person has decided on the task, or on the row itself."""
    people: Mapping[str, int]
    """Of these, the number that each person has decided on; the empty name is somebody without one."""

    @property
    def total(self) -> int:
        """The number of rows."""
        return sum(self.rows.values())


@dataclass(frozen=True, slots=True)
class CardFacts:
    """Everything that a card says."""

    title: str
    date: str
    """Of the export, as ISO 8601 text."""
    languages: Sequence[str]
    """Codes; those that are no ISO 639 codes are left out of the metadata."""
    rows: RowFacts
    files: Sequence[CardFile]
    options: Mapping[str, Any]
    """The options of the export; JSON values."""
    models: Sequence[ModelUse]
    cost_usd: float | None
    """The total cost of the workspace; None if unknown."""
    of_unknown_cost: int
    """Requests that may have cost something besides."""
    candidates: Mapping[str, int]
    """All candidates by state: `pending`, `accepted`, `rejected`."""
    filters: Mapping[str, str]
    """The settings of the filters; those that are off are absent."""
    refused: Mapping[str, int]
    """Candidates by the verdict of the filters; those that passed are absent."""
    dropped: Mapping[str, int]
    """Dropped instances by the code of the reason."""


def read_card_facts(
    workspace: Workspace,
    rows: Iterable[TrainingRow],
    *,
    title: str,
    date: str,
    languages: Sequence[str],
    files: Sequence[CardFile],
    options: Mapping[str, Any],
    filters: FilterSettings,
) -> CardFacts:
    """Read the facts of a card.

    Args:
        workspace: The workspace that was exported.
        rows: The exported rows; they are read in blocks.
        title: The name of the data set.
        date: The date of the export, as ISO 8601 text.
        languages: The codes of the languages of the rows.
        files: The files of the export.
        options: Its options, as JSON values.
        filters: The filters in force.
    """
    counts = workspace.counts()
    return CardFacts(
        title=title,
        date=date,
        languages=languages,
        rows=read_row_facts(rows, workspace.card),
        files=files,
        options=options,
        models=workspace.card.models(),
        cost_usd=counts.cost_usd,
        of_unknown_cost=counts.attempts_of_unknown_cost,
        candidates=counts.candidates,
        filters={one.name: _value(one.of(filters)) for one in SETTINGS if one.is_on(filters)},
        refused={verdict: count for verdict, count in counts.verdicts.items() if verdict != PASS},
        dropped=workspace.card.dropped(),
    )


def read_row_facts(rows: Iterable[TrainingRow], decisions: CardRows) -> RowFacts:
    """Count the exported rows, and whether people have decided on them."""
    by_origin: Counter[str] = Counter()
    labels: Counter[str] = Counter()
    people: Counter[str] = Counter()
    sums: Counter[str] = Counter()
    tasks: dict[int, str] = {}
    for block in in_blocks(rows, _BLOCK):
        found: dict[tuple[int, int | None], list[tuple[str, bool]]] = {}
        for one in decisions.of_people({row.task_id for row in block}):
            found.setdefault((one.task_id, one.instance_id), []).append((one.person or "", one.rewords))
        for row in block:
            by_origin[row.origin] += 1
            labels[row.label or "unknown"] += 1
            tasks[row.task_id] = row.origin
            on_task = found.get((row.task_id, None), [])
            on_row = found.get((row.task_id, row.instance_id), []) if row.instance_id is not None else []
            people.update({person for person, _ in (*on_task, *on_row)})
            sums["of_decided_tasks"] += bool(on_task)
            sums["decided"] += bool(on_row)
            sums["reviewed"] += bool(on_task or on_row)
            sums["of_edited_tasks"] += any(rewords for _, rewords in on_task)
            sums["edited"] += any(rewords for _, rewords in on_row)
    return RowFacts(
        rows=by_origin,
        tasks=Counter(tasks.values()),
        labels=labels,
        of_decided_tasks=sums["of_decided_tasks"],
        decided=sums["decided"],
        edited=sums["edited"],
        of_edited_tasks=sums["of_edited_tasks"],
        reviewed=sums["reviewed"],
        people=dict(sorted(people.items(), key=lambda counted: (-counted[1], counted[0]))),
    )


def _value(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(value)
    return "on" if value is True else str(value)
