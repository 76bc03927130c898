"""The table of requests, one line per model call."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from selfinstruct.core.endpoint.responses import AnswerError, read_answer
from selfinstruct.db.reads.request_log import RequestLog, RequestRow
from selfinstruct.tui.screens.requests.detail_text import STATES, seconds_text, tokens_text
from selfinstruct.tui.text.safe_text import safe_line, sentence_line, usd_text
from selfinstruct.tui.widgets.window_table import Column, WindowTable

_SETTLED = {"parsed", "failed", "in_doubt"}
"""States in which an unknown cost is final and worth showing."""

_WORDS = 200
"""Maximum characters of an answer, more than fit on a line."""


class RequestTable(WindowTable[RequestRow]):
    """A table of requests.

    Args:
        log: The source of the rows.
        id: The widget's id.
    """

    COLUMNS: ClassVar[tuple[Column, ...]] = (
        Column("id", 7, right=True),
        Column("state", 10),
        Column("stage", 11),
        Column("task", 7, right=True, needs=84),
        Column("seconds", 7, right=True),
        Column("tokens", 13, right=True, needs=92),
        Column("cost", 8, right=True, needs=64),
        Column("answer or error", 0),
    )
    COMPONENT_CLASSES: ClassVar[set[str]] = {"table--under-way", "table--over", "table--trouble"}

    def __init__(self, log: RequestLog, *, id: str) -> None:  # noqa: A002 - Textual's
        super().__init__(id=id)
        self._log = log

    def fetch(self, ids: Sequence[int]) -> Iterable[tuple[int, RequestRow]]:
        """Read requests."""
        return ((row.id, row) for row in self._log.get_many(ids))

    def component(self, row: RequestRow) -> str:
        """Return the style, which highlights requests in flight and failures."""
        if row.state in {"parsed", "planned"}:
            return "table--over"
        return "table--trouble" if row.state in {"failed", "in_doubt"} else "table--under-way"

    def cells(self, row: RequestRow) -> Sequence[str]:
        """Return state, stage, task, latency, tokens, cost, and the beginning of the answer or error."""
        has_tokens = row.state == "parsed" or row.prompt_tokens is not None
        return [
            str(row.id),
            " ".join(STATES[row.state]),
            row.stage,
            "" if row.task_id is None else str(row.task_id),
            seconds_text(row.seconds),
            tokens_text(row.prompt_tokens, row.completion_tokens) if has_tokens else "",
            usd_text(row.cost_usd) if row.state in _SETTLED else "",
            _words(row),
        ]


def _words(row: RequestRow) -> str:
    if row.asked_anew is not None:
        return f"replaced by {row.asked_anew}: {sentence_line(row.error or '', _WORDS)}"
    if row.error:
        return sentence_line(row.error, _WORDS)
    if row.state == "sent" and row.job is not None:
        return f"out in batch job {safe_line(row.job)}"
    if row.stage == "embed" and row.state in {"answered", "parsed"}:
        return "vectors, to compare by meaning"
    if row.body is None:
        return ""
    try:
        answer = read_answer(row.body, "chat" if row.is_chat else "completions").text
    except AnswerError as error:
        return sentence_line(str(error), _WORDS)
    return safe_line(answer.strip(), _WORDS)
