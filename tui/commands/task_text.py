"""Tasks as text for people: a row of a table, or everything about one."""

import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from selfinstruct.db.reads.request_log import RequestRow
from selfinstruct.db.reads.task_details import TaskDetail
from selfinstruct.db.records import AnyDecision, Instance, InstanceDecision, Suggestion, Task
from selfinstruct.tui.text.decision_text import by_whom, suggested
from selfinstruct.tui.text.safe_text import (
    LABEL_WORDS,
    SHORT_LABELS,
    STATE_WORDS,
    WIDEST,
    safe_line,
    sentence_line,
    usd_text,
    verdict_word,
)

if TYPE_CHECKING:
    from selfinstruct.core.similarity.rouge_index import Neighbour


def task_line(detail: TaskDetail) -> str:
    """Return a task as a row of a table, no wider than the terminal, if there is one."""
    task = detail.task
    score = "-" if task.score is None else f"{task.score:.2f}"
    cells = f"{task.id:>7}  {STATE_WORDS[task.state]:9}  {verdict_word(task.verdict):11}  {score:>4}"
    return _fitting(f"{cells}  {SHORT_LABELS[task.label]:7}  ", task.instruction)


def neighbour_lines(neighbours: "Sequence[Neighbour]", tasks: Iterable[Task]) -> Iterator[str]:
    """Yield a line for each neighbour, best first, with the wordings of `tasks`."""
    by_id = {task.id: task for task in tasks}
    for near in neighbours:
        if (task := by_id.get(near.id)) is not None:
            yield _fitting(f"{near.score:.2f}  {task.origin:8}  {near.id:>7}  ", task.instruction)


def detail_lines(detail: TaskDetail) -> Iterator[str]:
    """Yield what a task is: its wording, state, verdict, reasons, suggestions and instances."""
    task = detail.task
    yield f"task {task.id}"
    yield f"  {safe_line(task.instruction)}"
    batch = f" · batch {task.batch}" if task.batch else ""
    label = LABEL_WORDS[task.label] if task.label else "no label"
    yield f"  {verdict_word(task.verdict)} · {STATE_WORDS[task.state]} · {label} · {task.origin}{batch}"
    yield from (f"  {sentence_line(reason.sentence)}" for reason in detail.reasons)
    yield from (f"  {line}" for one in detail.suggestions for line in _suggestion_lines(one))
    if detail.instances:
        yield "instances"
        yield from (line for one in detail.instances for line in _instance_lines(one))


def history_lines(decisions: Sequence[AnyDecision]) -> Iterator[str]:
    """Yield a line for each decision, oldest first."""
    if decisions:
        yield "history"
    for one in decisions:
        what = f" of instance {one.instance_id}" if isinstance(one, InstanceDecision) else ""
        yield safe_line(f"  {one.at[:16].replace('T', ' ')}  {one.kind}{what} by {by_whom(one)}")


def request_lines(requests: Sequence[RequestRow]) -> Iterator[str]:
    """Yield a line for each request, oldest first."""
    if requests:
        yield "requests"
    for one in requests:
        error = f": {one.error}" if one.error else ""
        yield safe_line(f"  {one.id}  {one.stage}  {one.state}  {usd_text(one.cost_usd)}{error}")


def _suggestion_lines(suggestion: Suggestion) -> Iterator[str]:
    yield safe_line(suggested(suggestion))
    if suggestion.instruction is not None:
        yield f"  {safe_line(suggestion.instruction)}"


def _instance_lines(instance: Instance) -> Iterator[str]:
    why = f": {sentence_line(instance.reason.sentence)}" if instance.reason else ""
    yield f"  {instance.id}  {instance.state}{why}"
    if instance.input:
        yield f"    input   {safe_line(instance.input)}"
    yield f"    output  {safe_line(instance.output)}"


def _fitting(cells: str, text: str) -> str:
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDEST
    return cells + safe_line(text, max(1, width - len(cells)))
