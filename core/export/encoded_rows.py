"""The rows of an export as they are written: selected, with their thoughts, and encoded one by one."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic_core import to_json

from selfinstruct.core.dataset_files.data_file import open_data
from selfinstruct.core.dataset_files.row import DataRow
from selfinstruct.core.errors import ExportError
from selfinstruct.core.export.exported import Contaminated, Tally
from selfinstruct.core.export.history import row_digest
from selfinstruct.core.export.options import ExportOptions
from selfinstruct.core.export.plan import Plan
from selfinstruct.core.export.preference import preference_pairs, rated_rows
from selfinstruct.core.export.preference_rows import PreferencePair, RatedRow
from selfinstruct.core.export.selection import Selected, matching, selected
from selfinstruct.core.export.style import Style
from selfinstruct.db.records import TrainingRow
from selfinstruct.db.workspace import Workspace

if TYPE_CHECKING:
    from selfinstruct.core.export.decontamination import EvaluationRow


@dataclass(frozen=True, slots=True)
class EncodedRow:
    """A row as it is written."""

    row: TrainingRow
    text: bytes
    digest: bytes
    """The hash of its content as stored."""


class RowSource:
    """The rows that options choose from a workspace; each reading begins anew and streams.

    Args:
        workspace: The source of the rows.
        plan: What is written.
        options: What a person has chosen.

    Raises:
        ExportError: An evaluation set cannot be read, or is empty.
        QueryError: The filter line cannot be parsed.
    """

    def __init__(self, workspace: Workspace, plan: Plan, options: ExportOptions) -> None:
        self._workspace = workspace
        self._plan = plan
        self._options = options
        self._task_ids = matching(workspace, options.where) if options.where else None
        self._evaluation = _evaluation(options.decontaminate) if options.decontaminate else None

    @cached_property
    def language(self) -> str:
        """The code of the workspace's language."""
        return str(self._workspace.settings.read().get("language", "en"))

    def chosen(self, tally: Tally) -> Iterator[Selected]:
        """Yield the rows as they are exported, each with the hash of its content as stored."""
        rows = selected(
            self._workspace,
            self._options,
            tally,
            holds_conversations=self._plan.format.holds_conversations,
            task_ids=self._task_ids,
        )
        rows = self._with_thoughts(rows, tally)
        return rows if self._evaluation is None else self._without_overlaps(rows, self._evaluation, tally)

    def kept(self, tally: Tally) -> Iterator[Selected]:
        """Yield the rows of an export, for comparison: for preferences, those that a person has judged."""
        if self._options.preference is None:
            return self.chosen(tally)
        return ((one.row, row_digest(one.row)) for one in self._preferences(tally))

    def encoded(self, style: Style, tally: Tally) -> Iterator[EncodedRow]:
        """Yield the rows as they are written; pairs and rated rows where a person wants those."""
        if self._options.preference is None:
            for row, digest in self.chosen(tally):
                yield EncodedRow(row, self._plan.format.line(row, style), digest)
            return
        for one in self._preferences(tally):
            encode = self._plan.encode_pair if isinstance(one, PreferencePair) else self._plan.encode_rated
            assert encode is not None
            yield EncodedRow(one.row, to_json(encode(one, style)), row_digest(one.row))  # type: ignore[arg-type]

    def _preferences(self, tally: Tally) -> Iterator[PreferencePair | RatedRow]:
        kept = (row for row, _ in self.chosen(tally))
        preferences = self._workspace.preferences
        if self._options.preference == "dpo":
            yield from preference_pairs(kept, preferences)
            return
        dropped = (
            one
            for one in preferences.dropped()
            if self._task_ids is None or one.row.task_id in self._task_ids
        )
        yield from rated_rows(kept, dropped, preferences, by_filters=self._options.preference_by_filters)

    def _with_thoughts(self, rows: Iterable[Selected], tally: Tally) -> Iterator[Selected]:
        from selfinstruct.core.export.thoughts import ThoughtsApplied  # noqa: PLC0415 - reads answers, which `--help` does not

        digests: deque[bytes] = deque()
        applied = ThoughtsApplied(
            _apart(rows, digests), self._options.thoughts, self._workspace.instance_answers
        )
        for row in applied:
            yield row, digests.popleft()
        tally.with_thoughts = applied.having
        tally.without_thoughts = applied.lacking

    def _without_overlaps(
        self, rows: Iterable[Selected], evaluation: "Sequence[EvaluationRow]", tally: Tally
    ) -> Iterator[Selected]:
        from selfinstruct.core.export.decontamination import find_overlaps  # noqa: PLC0415 - imports RapidFuzz

        digests: deque[bytes] = deque()
        found = find_overlaps(
            _apart(rows, digests), evaluation, words=self._options.ngram, language=self.language
        )
        for row, overlap in found:
            digest = digests.popleft()
            if overlap is None:
                yield row, digest
                continue
            tally.contaminated.append(Contaminated(row, overlap))
            if row.origin == "seed":
                tally.of_seeds -= 1
            else:
                tally.of_model -= 1


def _apart(rows: Iterable[Selected], digests: "deque[bytes]") -> Iterator[TrainingRow]:
    for row, digest in rows:
        digests.append(digest)
        yield row


def _evaluation(paths: Sequence[str]) -> "list[EvaluationRow]":
    from selfinstruct.core.export.decontamination import EvaluationRow  # noqa: PLC0415 - as above

    found = [
        EvaluationRow(data.name, row.line, row.instruction, row.input, row.output or "")
        for data in open_data([Path(path) for path in paths])
        for row in data.rows()
        if isinstance(row, DataRow)
    ]
    if not found:
        raise ExportError(f"{', '.join(paths)} has no rows to compare with.")
    return found
