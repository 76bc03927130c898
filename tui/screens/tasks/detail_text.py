"""The text of the detail pane: verdict, label, neighbours, instances and history, with the evidence."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from textual.content import Content

from selfinstruct.core.engine import Engine
from selfinstruct.core.filtering.filters.keyword import KEYWORD, KEYWORDS, keyword_spans
from selfinstruct.core.language.registry import Language
from selfinstruct.db.records import PASS, Decision, Instance, Reason, Suggestion, Task
from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.keys.key_names import with_keys
from selfinstruct.tui.text.decision_text import by_whom, suggested
from selfinstruct.tui.text.safe_text import LABEL_WORDS, STATE_WORDS, safe, safe_line, verdict_word
from selfinstruct.tui.text.themes import MUTED
from selfinstruct.tui.widgets.block_view import Block

if TYPE_CHECKING:
    from selfinstruct.core.similarity.rouge_index import Neighbour
    from selfinstruct.core.similarity.vector_index import Near

_SHARED, _KEYWORD, _HEADING = "underline", "reverse", "bold $text-primary"
_GLYPHS = {"kept": "✓ kept", "dropped": "✗ dropped"}

_QUOTED = 200
_SHOWN = 4000
"""Maximum characters shown of a text; editors show all of it."""

Part = str | tuple[str, str] | Content
Span = tuple[int, int]


def heading(text: str) -> Content:
    """Return the heading of a section."""
    return Content.assemble("\n", (text, _HEADING))


def head(engine: Engine, task: Task, neighbours: "Sequence[Neighbour]") -> Content:
    """Return a task's text, its verdict with all reasons, and its label with the model's answer.

    The keywords that a filter objects to are highlighted, and so are the words shared with the nearest
    neighbour.
    """
    workspace = engine.workspace
    reasons = workspace.tasks.reasons(task.id)
    marks: list[tuple[Span, str]] = []
    if neighbours:
        nearest = workspace.tasks.get(neighbours[0].id)
        marks = _shared_marks(task.instruction, nearest.instruction, engine.language)
    if len(task.instruction) <= _SHOWN and any(reason.code == KEYWORD.code for reason in reasons):
        keywords = KEYWORDS.of(engine.settings.filters)
        marks += [(span, _KEYWORD) for span in keyword_spans(task.instruction, keywords, engine.language)]
    return Content.assemble(
        _marked(task.instruction, marks),
        "\n\n",
        *_verdict(task, reasons),
        *_label(engine, task),
    )


def _shared_marks(text: str, other: str, language: Language) -> list[tuple[Span, str]]:
    from selfinstruct.core.similarity.rouge_index import shared_spans  # noqa: PLC0415 - see Assessor

    if max(len(text), len(other)) > _SHOWN:
        return []  # alignment is quadratic: texts too long to be shown in full would take seconds
    return [(span, _SHARED) for span in shared_spans(text, other, language.code)]


def _marked(text: str, marks: Iterable[tuple[Span, str]]) -> Content:
    shown = safe(text, _SHOWN)
    content = Content(shown)
    if len(shown) != len(text):
        return content
    for (start, end), style in marks:
        content = content.stylize(style, start, end)
    return content


def _verdict(task: Task, reasons: Iterable[Reason]) -> list[Part]:
    if task.origin == "seed":
        return [("✓ in the pool", "$text-success"), " · seed\n"]
    passes = task.verdict == PASS
    glyph, style = ("✓", "$text-success") if passes else ("✗", "$text-error")
    batch = f" · batch {task.batch}" if task.batch else ""
    parts: list[Part] = [
        (f"{glyph} {verdict_word(task.verdict)}", style),
        f" · {STATE_WORDS[task.state]} · {task.origin}{batch}\n",
    ]
    parts += [f"  {safe_line(reason.sentence)}\n" for reason in reasons]
    return parts


def _label(engine: Engine, task: Task) -> list[Part]:
    if task.label is None:
        asked = " (asked)" if task.classify_request_id else ""
        return [(f"no label yet{asked}", MUTED)]
    # Like the neighbours, the answer follows once the pool is read: the first screen imports no parser.
    said = _model_said(engine.workspace, task) if engine.assessor.is_ready else None
    quoted = f'  the model said "{safe_line(said, 60)}"' if said is not None else ""
    unclear = with_keys("unclear label: set it with {relabel}", engine.settings.keys)
    label = unclear if task.label == "unknown" else task.label
    by_person = _is_set_by_person(task, engine.workspace.decisions.of_task(task.id))
    return [f"{label}, set by a person" if by_person else label, (quoted, MUTED)]


def _is_set_by_person(task: Task, decisions: Iterable[Decision]) -> bool:
    """Whether a decision has given a task its label: not the model, nor an undo that restored the model's."""
    changes = [one for one in decisions if one.before.label != one.after.label]
    if not changes or changes[-1].is_of_command or changes[-1].after.label != task.label:
        return False
    return task.label != changes[0].before.label


def _model_said(workspace: Workspace, task: Task) -> str | None:
    if task.classify_request_id is None:
        return None
    stored = workspace.requests.answer(task.classify_request_id)
    request = workspace.requests.get(task.classify_request_id)
    if stored is None:
        return None
    from selfinstruct.core.endpoint.responses import AnswerError, read_answer  # noqa: PLC0415 - as said in `_label`

    try:
        return read_answer(stored.body, request.api).text.strip()
    except AnswerError:
        return None


def nearest(engine: Engine, task: Task, neighbours: "Sequence[Neighbour]") -> list[Block]:
    """Return the nearest tasks of the pool, each beside this one with the shared words underlined."""
    tasks = {found.id: found for found in engine.workspace.tasks.get_many(n.id for n in neighbours)}
    return [_beside(task, tasks[neighbour.id], neighbour.score, engine.language) for neighbour in neighbours]


def nearest_by_meaning(workspace: Workspace, near: "Sequence[Near]") -> list[Block]:
    """Return the nearest tasks of the pool by embeddings, each with its cosine."""
    tasks = {found.id: found for found in workspace.tasks.get_many(one.id for one in near)}
    return [_by_meaning(one.cosine, tasks[one.id]) for one in near]


def _by_meaning(cosine: float, neighbour: Task) -> Block:
    name = f"{cosine:.2f} {neighbour.origin} {neighbour.id}  "
    return Block.of(Content.assemble((name, MUTED), safe(neighbour.instruction, _SHOWN)), choice=neighbour.id)


def _beside(task: Task, neighbour: Task, score: float, language: Language) -> Block:
    mine, theirs = task.instruction, neighbour.instruction
    name = f"{score:.2f} {neighbour.origin} {neighbour.id}  "
    return Block(
        made_of=(name, mine[: _SHOWN + 1], theirs[: _SHOWN + 1]),
        content=lambda: Content.assemble((name, MUTED), _shared(theirs, mine, language)),
        beside=lambda: _shared(mine, theirs, language),
        choice=neighbour.id,
    )


def _shared(text: str, other: str, language: Language) -> Content:
    return _marked(text, _shared_marks(text, other, language))


def prompted_by(workspace: Workspace, task: Task) -> list[Block]:
    """Return the few-shot examples of the prompt that produced this task."""
    if task.propose_request_id is None:
        return []
    request = workspace.requests.get(task.propose_request_id)
    return [
        Block.of(
            Content.assemble((f"{shown.origin} {shown.id}  ", MUTED), safe_line(shown.instruction, _QUOTED)),
            choice=shown.id,
        )
        for shown in workspace.tasks.get_many(request.in_context)
    ]


def instances(workspace: Workspace, task: Task, keys: Mapping[str, str], held_up: str) -> Content | None:
    """Return the instances of a task, or why there are none; None unless the task is accepted.

    Args:
        workspace: The workspace of the task.
        task: The task.
        keys: The user's key bindings by action.
        held_up: Why no requests are sent, if so.
    """
    found = workspace.instances.of_task(task.id)
    if found:
        return Content.assemble(heading("Instances"), *_listed(found))
    if task.state != "accepted":
        return None
    waits = {
        "unknown": with_keys(
            "The label is unclear: set it with {relabel}, and instances are requested.", keys
        ),
        None: "They are requested once the label is known.",
    }
    to_come = "Not requested yet." if held_up else "About to be requested."
    said = waits.get(task.label, "Requested." if task.instantiate_request_id else to_come)
    if held_up and not (task.label and task.instantiate_request_id):
        said += f" {held_up}"
    return Content.assemble(heading("Instances"), "\n", said)


def _listed(found: Iterable[Instance]) -> list[Part]:
    parts: list[Part] = []
    for instance in found:
        why = f": {safe_line(instance.reason.sentence)}" if instance.reason else ""
        style = "$text-success" if instance.state == "kept" else "$text-warning"
        parts.append((f"\n{_GLYPHS[instance.state]}{why}", style))
        if instance.input:
            parts += [("\nInput: ", MUTED), safe(instance.input, _SHOWN)]
        parts += [("\nOutput: ", MUTED), safe(instance.output, _SHOWN)]
    return parts


def suggestions(found: Iterable[Suggestion]) -> Content:
    """Return what is suggested and left to the person: the last suggestion of each who suggests."""
    latest = {one.person: one for one in found}
    parts: list[Part] = []
    for suggestion in latest.values():
        parts.append((f"{safe_line(suggested(suggestion), _QUOTED)}\n", "$text-accent"))
        if suggestion.instruction is not None:
            parts.append(f"  {safe_line(suggestion.instruction)}\n")
    return Content.assemble(*parts).rstrip()


def history(decisions: Iterable[Decision], suggestions: Iterable[Suggestion]) -> Content | None:
    """Return the decisions on a task: when, what, by whom, and what was suggested; None if there are none."""
    entries = [(one.at, _decided(one)) for one in decisions]
    entries += [(one.at, [safe_line(suggested(one), _QUOTED)]) for one in suggestions]
    if not entries:
        return None
    parts: list[Part] = [heading("History")]
    for at, told in sorted(entries, key=lambda entry: entry[0]):
        when = safe_line(at[:16].replace("T", " "))
        parts += [(f"\n{when}  ", MUTED), *told]
    return Content.assemble(*parts)


def _decided(decision: Decision) -> list[Part]:
    parts: list[Part] = [safe_line(f"{decision.kind} by {by_whom(decision)}")]
    if decision.before.label != decision.after.label:
        labels = (decision.before.label, decision.after.label)
        was, is_ = (LABEL_WORDS[label] if label else "no label" for label in labels)
        parts.append((f"\n  label: {was} → {is_}", MUTED))
    if decision.before.instruction != decision.after.instruction:
        parts.append((f"\n  before: {safe_line(decision.before.instruction)}", MUTED))
    return parts
