"""The text of the request pane: state, answer, attempts, parameters, prompt and raw bytes. Pure."""

import json
from collections.abc import Sequence

from textual.content import Content

from selfinstruct.core.endpoint.responses import AnswerError, read_answer
from selfinstruct.db.reads.request_log import Attempt, RequestRecord
from selfinstruct.db.records import Parameters, Prompt, Task
from selfinstruct.tui.text.job_text import about_request_in
from selfinstruct.tui.text.safe_text import many, safe, safe_line, sentence_line, usd_text
from selfinstruct.tui.text.themes import MUTED

_HEADING, _ERROR = "bold $text-primary", "$text-error"
_QUOTED = 120
_SHOWN = 20_000
"""Maximum characters shown of an answer or a prompt."""
_RAW_SHOWN = 8 * 1024
"""Maximum raw bytes shown of an attempt."""

STATES = {
    "planned": ("◌", "planned"),
    "sent": ("↑", "sent"),
    "answered": ("↓", "answered"),
    "parsed": ("✓", "parsed"),
    "failed": ("✗", "failed"),
    "in_doubt": ("?", "in doubt"),
}
"""Glyph and word for each state of a request."""

_EXPLAINED = {
    "planned": "Not sent yet: waiting for its turn, for room below the cost limit or for the end of a pause.",
    "sent": "Waiting for the answer.",
    "answered": "The answer is stored, and will be processed in its turn.",
    "in_doubt": "The program ended while it was in flight: it may have been answered and billed.",
}

_SENT_BEFORE = "Waiting to be resent: for its turn, or for room below the cost limit."

_Part = str | tuple[str, str]


def request_detail(record: RequestRecord, answer: str | None, tasks: Sequence[Task]) -> Content:
    """Return the full text on a request.

    Args:
        record: The request with its attempts.
        answer: The text of its answer; None if there is no readable one.
        tasks: The tasks that it concerns or proposed.
    """
    request = record.request
    glyph, word = STATES[request.state]
    style = _ERROR if request.state in {"failed", "in_doubt"} else "bold"
    about = f"task {request.task_id}" if request.task_id is not None else f"batch {request.batch}"
    if request.stage == "embed":
        about = f"{many(len(request.in_context), 'text')} of {about if request.batch else 'the pool'}"
    parts: list[_Part] = [(f"{glyph} {word}", style), f" · {request.stage} · {about}\n"]
    if request.error:
        parts.append((f"{sentence_line(request.error)}\n", _ERROR))
    if request.state == "planned" and record.attempts:
        parts.append(f"{_SENT_BEFORE}\n")
    elif record.job is not None:
        parts.append(f"{safe_line(about_request_in(record.job))}\n")
    elif request.state in _EXPLAINED:
        parts.append(f"{_EXPLAINED[request.state]}\n")
    if record.asked_anew is not None:
        parts.append(f"Replaced by request {record.asked_anew}.\n")
    if request.instead_of is not None:
        parts.append(f"Replaces request {request.instead_of}.\n")
    parts.append((f"{safe_line(request.model)} at {safe_line(request.base_url)}\n", MUTED))
    if answer is not None:
        parts += [_heading("Answer"), f"{safe(answer.strip(), _SHOWN)}\n"]
    parts += _tasks(record, tasks)
    parts += _attempts(record)
    sent = [_heading("Parameters"), *_parameters(record), _heading("Prompt"), *_prompt(request.prompt)]
    # Without a readable answer, the raw bytes are what matters, so they come first.
    parts += [*sent, *_raw(record)] if answer is not None else [*_raw(record), *sent]
    return Content.assemble(*parts)


def prompt_text(prompt: Prompt) -> str:
    """Return a prompt as one text; chat messages are headed by their roles."""
    if isinstance(prompt, str):
        return prompt
    if isinstance(prompt, tuple):
        return "\n".join(prompt)
    return "\n\n".join(f"{message['role']}:\n{message['content']}" for message in prompt)


def answer_text(record: RequestRecord, body: bytes | None) -> str | None:
    """Return the text of a stored answer; None if it is not readable."""
    if body is None:
        return None
    try:
        return read_answer(body, record.request.api).text
    except AnswerError:
        return None


def _heading(text: str) -> tuple[str, str]:
    return f"\n{text}\n", _HEADING


def _tasks(record: RequestRecord, tasks: Sequence[Task]) -> list[_Part]:
    if not tasks:
        return []
    parts: list[_Part] = [_heading("Proposed tasks" if record.request.stage == "propose" else "Tasks")]
    for task in tasks:
        parts += [(f"{task.id}  ", MUTED), f"{safe_line(task.instruction, _QUOTED)}\n"]
    return parts


def _attempts(record: RequestRecord) -> list[_Part]:
    if not record.attempts:
        return []
    parts: list[_Part] = [_heading("Attempts")]
    for number, attempt in enumerate(record.attempts, start=1):
        is_under_way = record.request.state == "sent" and number == len(record.attempts)
        facts = ["in flight" if is_under_way else "no answer known"]
        if attempt.seconds is not None:
            facts = _facts(attempt, attempt.seconds, taken_in=record.request.state != "answered")
        parts.append(f"{number}  {safe_line(attempt.sent_at[11:19])}  {'  '.join(facts)}\n")
        if attempt.error and attempt.error != record.request.error:
            parts.append((f"   {sentence_line(attempt.error)}\n", _ERROR))
    return parts


def _facts(attempt: Attempt, seconds: float, *, taken_in: bool) -> list[str]:
    facts = [f"{seconds_text(seconds)} s"]
    if attempt.http_status is not None:
        facts.append(f"status {attempt.http_status}")
    if attempt.error is None and not taken_in:
        return facts
    if attempt.error is None or attempt.prompt_tokens is not None:
        facts.append(f"{tokens_text(attempt.prompt_tokens, attempt.completion_tokens)} tokens")
    facts.append("unknown cost" if attempt.cost_usd is None else usd_text(attempt.cost_usd))
    if attempt.answered_by:
        facts.append(safe_line(attempt.answered_by))
    return facts


def _parameters(record: RequestRecord) -> list[_Part]:
    """Return the parameters as last sent, and as planned if the endpoint needed others."""
    sent = record.attempts[-1].parameters if record.attempts else record.request.parameters
    parts: list[_Part] = [_listed(sent)]
    if sent != record.request.parameters:
        parts.append((f"as planned: {_listed(record.request.parameters)}", MUTED))
    return parts


def _listed(parameters: Parameters) -> str:
    shown = (f"{name} {_value(value)}" for name, value in parameters.items())
    return safe_line("  ".join(shown)) + "\n"


def _value(value: object) -> str:
    """Return a value as text; a schema as the JSON that is sent."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else repr(value)


def _prompt(prompt: Prompt) -> list[_Part]:
    if isinstance(prompt, str):
        return [f"{safe(prompt, _SHOWN)}\n"]
    if isinstance(prompt, tuple):
        return [f"{safe(text, _SHOWN)}\n" for text in prompt]
    parts: list[_Part] = []
    for message in prompt:
        parts += [(f"{safe_line(message['role'])}\n", MUTED), f"{safe(message['content'], _SHOWN)}\n"]
    return parts


def _raw(record: RequestRecord) -> list[_Part]:
    parts: list[_Part] = []
    for number, attempt in enumerate(record.attempts, start=1):
        if attempt.body:
            which = f", attempt {number}" if len(record.attempts) > 1 else ""
            parts += [_heading(f"Raw bytes{which}"), _decoded(attempt.body[:_RAW_SHOWN])]
            if attempt.body_bytes is not None and attempt.body_bytes > _RAW_SHOWN:
                parts.append((f"\n… {attempt.body_bytes:,} bytes in total", MUTED))
            parts.append("\n")
    return parts


def _decoded(body: bytes) -> str:
    return safe(body.decode("utf-8", errors="replace"))


def seconds_text(seconds: float | None) -> str:
    """Format a latency in seconds; empty while the request is in flight."""
    if seconds is None:
        return ""
    return f"{seconds:.2f}" if seconds < 10 else f"{seconds:.1f}" if seconds < 100 else f"{seconds:.0f}"


def tokens_text(prompt_tokens: int | None, completion_tokens: int | None) -> str:
    """Format prompt and completion tokens; a question mark stands for an unknown number."""
    counts = ["?" if tokens is None else f"{tokens:,}" for tokens in (prompt_tokens, completion_tokens)]
    return " / ".join(counts)
