"""Imports in words: the first rows of a file as they would be read, and what became of all of them."""

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from selfinstruct.db.records import PASS
from selfinstruct.tui.text.safe_text import LABEL_WORDS, many, safe_line, verdict_word

if TYPE_CHECKING:
    from selfinstruct.core.dataset_files.data_file import DataFile
    from selfinstruct.core.dataset_files.row import BadRow, DataRow
    from selfinstruct.core.importing.job import ImportOptions, ImportResult

_SHOWN_ROWS = 3
"""Rows that are shown before an import."""
_WIDTH = 90
"""Characters of a text that are shown."""


def import_summary(result: "ImportResult", options: "ImportOptions") -> list[str]:
    """Return what became of the rows of a file, one sentence an item."""
    tally, rejected = result.tally, result.rejected
    lines = [
        safe_line(
            f"{result.name}: {many(tally.rows, 'row')} read, {many(tally.tasks, 'new task')},"
            f" {many(tally.instances, 'new instance')}."
        )
    ]
    if result.is_stopped:
        lines.append("Stopped; the same import goes on from there.")
    if tally.tasks and options.is_judged:
        objections = ", ".join(
            f"{number:,} {verdict_word(code)}"
            for code, number in tally.verdicts.most_common()
            if code != PASS
        )
        filtered = f"; filtered out: {objections}" if objections else ""
        lines.append(f"Of the new tasks {tally.verdicts[PASS]:,} pass the filters{filtered}.")
    if options.entry == "accepted":
        lines.append(f"{many(tally.accepted, 'task')} accepted; the others wait for a person.")
    if tally.known:
        one = tally.known == 1
        lines.append(
            f"{many(tally.known, 'row')} {'was' if one else 'were'} imported before, or"
            f" {'is' if one else 'are'} in the file twice: {'it' if one else 'they'} added nothing."
        )
    if tally.bad:
        told = "; ".join(f"line {one.line} {one.reason}" for one in rejected.first)
        left = tally.bad - len(rejected.first)
        more = f"; and {left:,} more" if left else ""
        lines.append(safe_line(f"{many(tally.bad, 'row')} not imported ({told}{more}): see {rejected.path}."))
    return lines


def first_rows(data: "DataFile") -> Iterator[str]:
    """Yield the first rows of a file as they would be read."""
    for row in islice(data.rows(), _SHOWN_ROWS):
        yield ""
        yield f"line {row.line}"
        for name, text in _fields(row):
            yield f"  {name:12} {safe_line(text, _WIDTH)}"


def _fields(row: "DataRow | BadRow") -> Iterator[tuple[str, str]]:
    from selfinstruct.core.dataset_files.row import BadRow  # noqa: PLC0415 - only imports need it

    if isinstance(row, BadRow):
        yield "not a row", row.reason
        return
    if row.conversation is not None and row.conversation.system:
        yield "system", row.conversation.system
    yield "instruction", row.instruction
    if row.input:
        yield "input", row.input
    for turn in row.conversation.turns if row.conversation is not None else ():
        yield turn.role, turn.content
    if row.thoughts:
        yield "thoughts", row.thoughts
    if row.output is not None:
        yield "output", row.output
    if row.label is not None:
        yield "label", LABEL_WORDS[row.label]
