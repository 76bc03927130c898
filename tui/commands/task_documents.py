"""Tasks as JSON for scripts, in the words of the screens; docs/automation.md has the fields."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from selfinstruct.db.reads.request_log import RequestRow
from selfinstruct.db.reads.task_details import TaskDetail
from selfinstruct.db.records import (
    AnyDecision,
    Instance,
    InstanceDecision,
    InstanceStanding,
    Label,
    Reason,
    Request,
    Standing,
    Suggestion,
    Task,
)
from selfinstruct.tui.text.safe_text import LABEL_WORDS, STATE_WORDS, verdict_word

if TYPE_CHECKING:
    from selfinstruct.core.similarity.rouge_index import Neighbour

Document = dict[str, Any]


def task_document(detail: TaskDetail) -> Document:
    """Return a task with its reasons, instances and suggestions."""
    task = detail.task
    near = None if detail.nearest is None else {"id": task.nearest_id, "instruction": detail.nearest}
    return {
        "id": task.id,
        "instruction": task.instruction,
        "state": STATE_WORDS[task.state],
        "verdict": verdict_name(task.verdict),
        "label": _label(task.label),
        "origin": task.origin,
        "batch": task.batch,
        "score": task.score,
        "nearest": near,
        "reasons": reason_documents(detail.reasons),
        "instances": [_instance(one) for one in detail.instances],
        "decided_by": list(detail.decided_by),
        "suggestions": [_suggestion(one) for one in detail.suggestions],
    }


def verdict_name(verdict: str | None) -> str | None:
    """Return a verdict as `status --json` names it; None before the task is assessed."""
    return None if verdict is None else verdict_word(verdict).replace(" ", "_")


def reason_documents(reasons: Iterable[Reason]) -> list[Document]:
    """Return the filters' reasons, each with the name of its verdict as `code`."""
    return [{"code": verdict_name(one.code), "sentence": one.sentence} for one in reasons]


def neighbour_documents(neighbours: "Sequence[Neighbour]", tasks: Iterable[Task]) -> list[Document]:
    """Return neighbours, best first, with the wordings of `tasks`."""
    by_id = {task.id: task for task in tasks}
    return [
        {
            "id": near.id,
            "score": near.score,
            "origin": by_id[near.id].origin,
            "instruction": by_id[near.id].instruction,
        }
        for near in neighbours
        if near.id in by_id
    ]


def decision_document(decision: AnyDecision) -> Document:
    """Return a decision of the history, with what it changed."""
    return {
        "decision": decision.kind,
        "instance": decision.instance_id if isinstance(decision, InstanceDecision) else None,
        "who": decision.who,
        "person": decision.person,
        "at": decision.at,
        "reason": decision.tag,
        "before": _standing(decision.before),
        "after": _standing(decision.after),
    }


def request_document(row: RequestRow, request: Request) -> Document:
    """Return a request about a task."""
    return {
        "id": row.id,
        "stage": row.stage,
        "state": row.state,
        "model": request.model,
        "answered_by": row.answered_by,
        "attempts": row.attempts,
        "error": row.error,
        "prompt_tokens": row.prompt_tokens,
        "completion_tokens": row.completion_tokens,
        "cost_usd": row.cost_usd,
        "seconds": row.seconds,
        "tasks_in_prompt": list(request.in_context),
    }


def _label(label: Label | None) -> str | None:
    return None if label is None else LABEL_WORDS[label]


def _instance(instance: Instance) -> Document:
    document: Document = {
        "id": instance.id,
        "input": instance.input,
        "output": instance.output,
        "state": instance.state,
        "reason": _reason(instance.reason),
    }
    if instance.conversation is not None:
        document["conversation"] = asdict(instance.conversation)
    if instance.thoughts:
        document["thoughts"] = instance.thoughts
    return document


def _reason(reason: Reason | None) -> Document | None:
    return None if reason is None else {"code": reason.code, "sentence": reason.sentence}


def _suggestion(suggestion: Suggestion) -> Document:
    return {
        "decision": suggestion.decision,
        "instruction": suggestion.instruction,
        "reason": suggestion.reason,
        "by": suggestion.person,
        "at": suggestion.at,
    }


def _standing(standing: Standing | InstanceStanding) -> Document:
    if isinstance(standing, InstanceStanding):
        return {
            "input": standing.input,
            "output": standing.output,
            "state": standing.state,
            "reason": _reason(standing.reason),
        }
    return {
        "state": STATE_WORDS[standing.state],
        "instruction": standing.instruction,
        "label": _label(standing.label),
    }
