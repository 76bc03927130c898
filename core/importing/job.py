"""Imports the rows of a data file, in short transactions that can be interrupted and run again."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args

from selfinstruct.core.dataset_files.data_file import DataFile
from selfinstruct.core.dataset_files.row import BadRow, DataRow
from selfinstruct.core.engine import Engine, utc_now
from selfinstruct.core.importing.rejected import Rejected, rejected_rows
from selfinstruct.core.util.storable_text import storable_text
from selfinstruct.core.util.time_slices import Sliced
from selfinstruct.db.content_digest import content_digest
from selfinstruct.db.records import IMPORT, PASS, Label, NewInstance
from selfinstruct.db.tables.instances import conversation_text

Entry = Literal["undecided", "accepted", "seed"]
"""What imported tasks become."""
ENTRIES: tuple[Entry, ...] = get_args(Entry)

SLICE_S = 0.25
"""Seconds of one transaction: long enough that few wait for the disk, short for other programs."""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How rows are imported."""

    entry: Entry = "undecided"
    is_judged: bool = True
    """Whether the filters assess each task; without, every row comes in."""


@dataclass
class Imported:
    """What became of the rows of a file."""

    rows: int = 0
    """The rows read, bad ones included."""
    tasks: int = 0
    """New tasks."""
    instances: int = 0
    known: int = 0
    """Rows that were imported before, or that are in the file twice."""
    bad: int = 0
    accepted: int = 0
    """New tasks that were accepted, or became seeds."""
    verdicts: Counter[str] = field(default_factory=Counter)
    """The verdicts on the new tasks."""


@dataclass
class ImportResult:
    """What became of a file."""

    name: str
    tally: Imported
    rejected: Rejected
    is_stopped: bool = False
    """Whether a person has stopped it; the rows before stay."""


def _never() -> bool:
    return False


def importing(
    engine: Engine,
    data: DataFile,
    options: ImportOptions,
    *,
    tally: Imported,
    slice_s: float = SLICE_S,
    is_stopped: Callable[[], bool] = _never,
) -> Sliced[ImportResult]:
    """Import a file in time slices; what is accepted is one undo step.

    Rows with the same instruction become one task. A row with the content of one that was imported before
    adds nothing, so an import that was interrupted is continued by running it again. At the end, the rows
    that cannot be imported are written to a file beside it.

    Args:
        engine: The engine of the workspace.
        data: The file.
        options: How its rows are imported.
        tally: Counts what becomes of the rows, for whoever shows the progress.
        slice_s: The seconds of one transaction.
        is_stopped: Whether to stop after the transaction that is open.

    Raises:
        ImportDataError: the file cannot be read to its end, or the rejected rows cannot be written.
    """
    with rejected_rows(data.path) as rejected:
        work = _Importing(engine, data, options, rejected.add, tally, slice_s).run(is_stopped)
        stopped = yield from work
        return ImportResult(data.name, tally, rejected, stopped)


class _Importing:
    def __init__(
        self,
        engine: Engine,
        data: DataFile,
        options: ImportOptions,
        refuse: Callable[[BadRow], None],
        tally: Imported,
        slice_s: float,
    ) -> None:
        self._workspace = engine.workspace
        self._assessor = engine.assessor
        self._decider = engine.decisions
        self._data = data
        self._options = options
        self._refuse = refuse
        self._tally = tally
        self._slice_s = slice_s
        self._step_number: int | None = None

    def run(self, is_stopped: Callable[[], bool]) -> Sliced[bool]:
        """Import the rows; returns whether that was stopped before the end."""
        rows = iter(self._data.rows())
        import_id: int | None = None
        is_read = False
        while not is_read and not is_stopped():
            refused: list[BadRow] = []
            counted = replace(self._tally, verdicts=Counter(self._tally.verdicts))
            with (yield from self._assessor.step_when_free()):
                if import_id is None:
                    import_id = self._begin()
                end = time.perf_counter() + self._slice_s
                while time.perf_counter() < end:
                    row = next(rows, None)
                    if row is None:
                        self._workspace.imports.end(import_id, at=utc_now())
                        is_read = True
                        break
                    counted.rows += 1
                    bad = row if isinstance(row, BadRow) else self._take(row, import_id, counted)
                    if bad is not None:
                        refused.append(bad)
            counted.bad += len(refused)
            vars(self._tally).update(vars(counted))
            for one in refused:
                self._refuse(one)
            yield self._data.position / max(1, self._data.size)
        return not is_read

    def _begin(self) -> int:
        return self._workspace.imports.begin(
            shown_path(self._data.path, self._workspace.path),
            shape=self._data.recognized.shape,
            options={**asdict(self._options), "mapping": dict(self._data.mapping)},
            at=utc_now(),
            person=self._workspace.decisions.person,
        )

    def _take(self, row: DataRow, import_id: int, counted: Imported) -> BadRow | None:
        """Store a row; returns it as a bad one if it cannot be imported this way."""
        digest = content_digest(row.instruction, row.input, row.output, conversation_text(row.conversation))
        imports = self._workspace.imports
        if imports.is_known(digest):
            counted.known += 1
            return None
        task = imports.task_with(row.instruction) if self._options.entry != "seed" else None
        if task is None:
            added = self._add_task(row, counted)
            if isinstance(added, BadRow):
                return added
            task = added
        task_id, label = task
        instance_id = None if row.output is None else self._add_instance(row, row.output, task_id, label)
        counted.instances += instance_id is not None
        imports.add_row(import_id, line=row.line, task_id=task_id, instance_id=instance_id, digest=digest)
        return None

    def _add_task(self, row: DataRow, counted: Imported) -> tuple[int, Label | None] | BadRow:
        is_seed = self._options.entry == "seed"
        if is_seed and (lacking := _lacks_as_seed(row)):
            return _refused(row, lacking)
        label: Label | None = row.label or (None if row.output is None else "unknown")
        verdict = PASS
        task_id: int
        if not self._options.is_judged:
            task_id = self._workspace.tasks.add(
                row.instruction,
                origin="seed" if is_seed else "imported",
                at=utc_now(),
                name=row.name or None,
                label=label,
                held=True,
                assessed=(PASS, (), None),
            )
        elif is_seed and (reasons := self._assessor.assess(row.instruction).reasons):
            return _refused(row, reasons[0].sentence)
        else:
            task_id, assessment = self._assessor.add_candidate(
                row.instruction,
                origin="seed" if is_seed else "imported",
                at=utc_now(),
                name=row.name or None,
                label=label,
                held=True,
            )
            verdict = assessment.verdict
        counted.tasks += 1
        counted.verdicts[verdict] += 1
        if self._options.entry != "undecided" and verdict == PASS:
            self._accept(task_id, is_seed=is_seed)
            counted.accepted += 1
        return task_id, label

    def _accept(self, task_id: int, *, is_seed: bool) -> None:
        task = self._workspace.tasks.get(task_id)
        accepted = replace(task.standing, state="accepted")
        if is_seed:
            # Like those of the seed file: nobody's decision, and nothing to undo.
            step = self._workspace.decisions.next_step()
            self._decider.append(task, "accept", "auto", accepted, step=step)
            return
        if self._step_number is None:
            self._step_number = self._workspace.decisions.next_step()
        self._decider.append(task, "accept", "auto", accepted, step=self._step_number, tag=IMPORT)

    def _add_instance(self, row: DataRow, output: str, task_id: int, label: Label | None) -> int:
        if label is None:
            label = row.label or "unknown"
            self._workspace.tasks.set_label(task_id, label)
        instance = NewInstance(row.input, output, conversation=row.conversation, thoughts=row.thoughts)
        add = self._workspace.instances.add
        (instance_id,) = add(task_id, row.instruction, label, [instance], request_id=None)
        return instance_id


def shown_path(path: Path, workspace: Path) -> str:
    """The path of a file as the workspace remembers it: relative if it lies beside the workspace or below."""
    real, folder = path.resolve(), workspace.resolve().parent
    return storable_text(str(real.relative_to(folder) if real.is_relative_to(folder) else real))


def _lacks_as_seed(row: DataRow) -> str:
    """What a row lacks to be a seed task; empty if nothing."""
    if row.output is None:
        return "has no output, which a seed task needs"
    if row.label not in {"classification", "generation"}:
        return "does not say whether it is a classification task, which a seed task needs (is_classification)"
    if row.conversation is not None:
        return "is a conversation, which a seed task cannot be"
    return ""


def _refused(row: DataRow, reason: str) -> BadRow:
    return BadRow(row.line, reason, row.instruction)
