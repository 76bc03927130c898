"""`--thoughts`: the reasoning behind an output, which the stored answers hold, in the rows of an export."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from selfinstruct.core.endpoint.responses import AnswerError, read_thoughts
from selfinstruct.core.export.options import ThoughtsMode
from selfinstruct.core.util.blocks import in_blocks
from selfinstruct.db.content_digest import content_digest
from selfinstruct.db.reads.instance_answers import InstanceAnswers
from selfinstruct.db.records import TrainingRow
from selfinstruct.db.tables.instances import conversation_text

_BLOCK = 256
"""Rows whose answers are looked up at once."""


class ThoughtsApplied:
    """Rows with their thoughts, read one block at a time.

    An imported row has the thoughts that came with it. A generated row has those of the answer that it came
    from, if they led to this output: the answer gave no other kept instance, for which the model would have
    thought as well, and nobody has edited the row since. All other rows are without.

    Args:
        rows: The rows, as the workspace holds them.
        mode: Where the thoughts go.
        answers: The stored answers; nothing is requested.
    """

    def __init__(self, rows: Iterable[TrainingRow], mode: ThoughtsMode, answers: InstanceAnswers) -> None:
        self._rows, self._mode, self._answers = rows, mode, answers
        self.having = 0
        """The number of rows so far that have thoughts; always 0 with `strip`."""
        self.lacking = 0
        """The number of the others."""

    def __iter__(self) -> Iterator[TrainingRow]:
        for block in in_blocks(self._rows, _BLOCK):
            found = {} if self._mode == "strip" else self._stored(block)
            for row in block:
                thoughts = "" if self._mode == "strip" else row.thoughts or found.get(row.instance_id, "")
                self.having += bool(thoughts)
                self.lacking += not thoughts
                yield self._with(row, thoughts)

    def _stored(self, rows: Sequence[TrainingRow]) -> dict[int | None, str]:
        """The thoughts that the answers hold, by instance."""
        digests = {
            row.instance_id: content_digest(
                row.input, row.output, conversation_text(row.conversation), row.thoughts or None
            )
            for row in rows
            if row.instance_id is not None and not row.thoughts
        }
        found: dict[int | None, str] = {}
        for one in self._answers.of_single(filter(None, digests)):
            if one.digest == digests[one.instance_id]:
                try:
                    found[one.instance_id] = read_thoughts(one.body, one.api)
                except AnswerError:
                    continue
        return found

    def _with(self, row: TrainingRow, thoughts: str) -> TrainingRow:
        if self._mode == "keep" and thoughts:
            return replace(row, output=f"<think>\n{thoughts}\n</think>\n\n{row.output}", thoughts="")
        return row if row.thoughts == thoughts else replace(row, thoughts=thoughts)
