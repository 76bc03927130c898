"""The detail pane: everything that is known of one task, each claim with its evidence."""

from collections.abc import Iterable

from textual.content import Content

from selfinstruct.core.answers import AnswerError, read_answer
from selfinstruct.core.engine import Engine
from selfinstruct.core.filters import keyword_spans
from selfinstruct.core.planner import api_of
from selfinstruct.core.similarity import Neighbour, shared_spans
from selfinstruct.db.rows import PASS, Decision, Instance, Task
from selfinstruct.tui.candidates import verdict_word
from selfinstruct.tui.display import safe, safe_line

_NEIGHBOURS = 5
_QUOTED = 300
_SHARED, _KEYWORD, _HEADING, _DIM = "underline", "reverse", "bold $text-primary", "dim"


def detail(engine: Engine, task_id: int) -> Content:
    """A task's text, verdict, neighbours now, label, instances, what prompted it, and its history."""
    workspace = engine.workspace
    task = workspace.tasks.get(task_id)
    neighbours = engine.judging.neighbours(task.instruction, but=task.id, k=_NEIGHBOURS)
    nearest = workspace.tasks.get(neighbours[0].id) if neighbours else None
    parts = [
        _instruction(task, nearest, engine),
        "\n\n",
        *_verdict(task, engine),
        *_label(task, engine),
        *_neighbours(task, neighbours, engine),
        *_instances(task, workspace.instances.of_task(task.id)),
        *_prompted_by(task, engine),
        *_history(workspace.decisions.of_task(task.id)),
    ]
    return Content.assemble(*parts)


def _heading(text: str) -> tuple[str, str]:
    return f"\n{text}\n", _HEADING


def _instruction(task: Task, nearest: Task | None, engine: Engine) -> Content:
    """The text, with the words that it shares with its nearest neighbour, and its keywords, marked."""
    shared = shared_spans(task.instruction, nearest.instruction) if nearest else []
    marks = [(span, _SHARED) for span in shared]
    marks += [(span, _KEYWORD) for span in keyword_spans(task.instruction, engine.settings.filters)]
    return _marked(task.instruction, marks)


def _marked(text: str, marks: Iterable[tuple[tuple[int, int], str]]) -> Content:
    shown = safe(text)
    content = Content(shown)
    if len(shown) != len(text):
        return content
    for (start, end), style in marks:
        content = content.stylize(style, start, end)
    return content


def _verdict(task: Task, engine: Engine) -> list[str | tuple[str, str]]:
    passes = task.verdict == PASS
    glyph, style = ("✓", "$text-success") if passes else ("✗", "$text-error")
    state = {"accepted": "accepted", "rejected": "rejected", "pending": "undecided"}[task.state]
    parts: list[str | tuple[str, str]] = [(f"{glyph} {verdict_word(task.verdict)}", style), f" · {state}\n"]
    parts += [f"  {safe_line(reason.sentence)}\n" for reason in engine.workspace.tasks.reasons(task.id)]
    return parts


def _label(task: Task, engine: Engine) -> list[str | tuple[str, str]]:
    if task.label is None:
        asked = " (asked)" if task.classify_request_id else ""
        return [(f"no label yet{asked}\n", _DIM)]
    said = _model_said(task, engine)
    quoted = f'  the model said "{safe_line(said, 60)}"' if said is not None else ""
    return [f"{task.label}", (f"{quoted}\n", _DIM)]


def _model_said(task: Task, engine: Engine) -> str | None:
    if task.classify_request_id is None:
        return None
    stored = engine.workspace.requests.answer(task.classify_request_id)
    request = engine.workspace.requests.get(task.classify_request_id)
    if stored is None:
        return None
    try:
        return read_answer(stored.body, api_of(request)).text.strip()
    except AnswerError:
        return None


def _neighbours(
    task: Task, neighbours: list[Neighbour], engine: Engine
) -> list[str | tuple[str, str] | Content]:
    parts: list[str | tuple[str, str] | Content] = [_heading("Nearest in the pool now")]
    tasks = {found.id: found for found in engine.workspace.tasks.get_many(n.id for n in neighbours)}
    for neighbour in neighbours:
        found = tasks[neighbour.id]
        text = found.instruction if len(found.instruction) <= _QUOTED else found.instruction[:_QUOTED] + "…"
        shared = [span for span in shared_spans(found.instruction, task.instruction) if span[1] <= len(text)]
        parts += [
            (f"{neighbour.score:.2f} {found.origin} {found.id}  ", _DIM),
            _marked(text, ((span, _SHARED) for span in shared)),
            "\n",
        ]
    return parts if neighbours else []


def _instances(task: Task, instances: list[Instance]) -> list[str | tuple[str, str]]:
    if not instances:
        if task.state != "accepted":
            return []
        waits = {
            "unknown": "The label is not clear: set it with c, and instances are asked for.",
            None: "They are asked for when the label is known.",
        }
        if task.label in waits:
            return [_heading("Instances"), waits[task.label] + "\n"]
        asked = "Asked for." if task.instantiate_request_id else "About to be asked for."
        return [_heading("Instances"), asked + "\n"]
    parts: list[str | tuple[str, str]] = [_heading("Instances")]
    for instance in instances:
        if instance.reason is not None:
            parts.append((f"✗ dropped: {safe_line(instance.reason.sentence)}\n", "$text-warning"))
        else:
            parts.append(("✓ kept\n", "$text-success"))
        if instance.input:
            parts += [("Input: ", _DIM), safe(instance.input), "\n"]
        parts += [("Output: ", _DIM), safe(instance.output), "\n"]
    return parts


def _prompted_by(task: Task, engine: Engine) -> list[str | tuple[str, str]]:
    if task.propose_request_id is None:
        return []
    request = engine.workspace.requests.get(task.propose_request_id)
    parts: list[str | tuple[str, str]] = [_heading(f"Prompted by (request {request.id})")]
    for shown in engine.workspace.tasks.get_many(request.in_context):
        parts += [(f"{shown.origin} {shown.id}  ", _DIM), f"{safe_line(shown.instruction, 120)}\n"]
    return parts


def _history(decisions: list[Decision]) -> list[str | tuple[str, str]]:
    if not decisions:
        return []
    parts: list[str | tuple[str, str]] = [_heading("History")]
    for decision in decisions:
        when = decision.at[:16].replace("T", " ")
        why = f", {safe_line(decision.tag)}" if decision.tag else ""
        parts += [(f"{when}  ", _DIM), f"{decision.kind} by {decision.who}{why}\n"]
        if decision.before.instruction != decision.after.instruction:
            parts.append((f"  it was: {safe_line(decision.before.instruction)}\n", _DIM))
    return parts
