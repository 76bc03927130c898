"""Makes workspaces as they are after weeks of work, in seconds, through the program's own tables.

Texts come from the built-in grammar, and are mixtures of those once there are no more; all are different.
Every task was proposed, labelled and given an instance by requests with stored answers, and every decision
has its row, so that counting, histories and searching have as much to do as in a workspace that has grown
by itself. Prompts are shorter than real ones, and the verdicts are drawn, not judged.
"""

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Literal

from benchmarks.corpus import endless
from selfinstruct.core.engine import Engine, utc_now
from selfinstruct.core.language.registry import ENGLISH
from selfinstruct.core.settings.model import OFFLINE, OFFLINE_URL
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.records import NewInstance, NewRequest, Parameters, Reason, Stage, State, Usage
from selfinstruct.db.workspace import Workspace

_A_REQUEST, _A_BATCH = 8, 40
"""Tasks of one answer, and of one batch."""
_A_COMMIT = 10_000
"""Tasks of one transaction."""
_REJECTED = 8
"""One task of so many was too similar, and rejected."""
_Decision = State | Literal["filtered"] | None
"""None and "filtered" leave a task to a person, None with a verdict that lets it pass."""
_PARAMETERS: Parameters = {"temperature": 0, "max_tokens": 350}
_TOO_SIMILAR = Reason("too_similar", "ROUGE-L 0.74 with task 12; less than 0.7 is wanted.")


def grow(
    path: Path,
    *,
    tasks: int,
    waiting: int,
    decided: bool = True,
    filtered: int = 0,
    codes: Sequence[str] = (ENGLISH,),
    rng_seed: int = 0,
) -> None:
    """Make a workspace at `path`.

    Args:
        path: A file that is not there yet.
        tasks: How many tasks it has in all, seeds included.
        waiting: How many of them, the newest but one, pass and wait for a person.
        decided: Whether one of eight others is rejected; all of them are accepted otherwise.
        filtered: How many more tasks there are that a filter objects to and nobody has decided on, as
            curators and `--auto --hold` leave them. They are the oldest.
        codes: The languages of the texts, in turn.
        rng_seed: Draws the texts.
    """
    rng = random.Random(rng_seed)
    by_code = {code: endless(None, rng, code) for code in dict.fromkeys(codes)}
    texts = (next(by_code[code]) for code in cycle(codes))
    with Workspace.open(path, create=True) as workspace:
        Engine(workspace, resolve({})).enter()  # plants the seeds
        grower = _Grower(workspace, rng)
        first = workspace.tasks.count()
        decisions: list[_Decision] = ["filtered"] * filtered
        for number in range(first, tasks):
            # The newest one is decided on: so its batch is the one under review.
            waits = tasks - waiting <= number + 1 < tasks
            rejected = decided and number % _REJECTED == 0
            decisions.append(None if waits else "rejected" if rejected else "accepted")
        # A write-ahead log grows until a commit: one of a million tasks would be many times the file.
        for start in range(0, len(decisions), _A_COMMIT):
            with workspace.transaction():
                for decision in decisions[start : start + _A_COMMIT]:
                    grower.add(next(texts), decision)
        workspace.end_run(at=utc_now())


class _Grower:
    """Adds tasks with all that belongs to them, within a transaction of the caller."""

    def __init__(self, workspace: Workspace, rng: random.Random) -> None:
        self._workspace = workspace
        self._rng = rng
        self._run = workspace.run_id
        self._tasks = 0
        self._request = 0
        self._seeds = tuple(task.id for task in workspace.tasks.seeds()[:_A_REQUEST])

    def add(self, instruction: str, decision: _Decision) -> None:
        """Add a task with what was decided on it."""
        workspace = self._workspace
        batch = 1 + self._tasks // _A_BATCH
        if self._tasks % _A_REQUEST == 0:
            self._request = self._asked("propose", batch, None, instruction, instruction)
        self._tasks += 1
        task_id = workspace.tasks.add(
            instruction, origin="model", at=utc_now(), batch=batch, request_id=self._request, held=True
        )
        objected = decision in {"rejected", "filtered"}
        reasons = [_TOO_SIMILAR] if objected else []
        score = 0.74 if reasons else self._rng.uniform(0.3, 0.69)
        near = self._rng.choice(self._seeds)
        workspace.tasks.assess(task_id, reasons[0].code if reasons else "pass", reasons, (near, score))
        if not objected:
            asked = self._asked("classify", batch, task_id, instruction, "No.")
            workspace.tasks.assign(task_id, stage="classify", request_id=asked)
            workspace.tasks.set_label(task_id, "generation")
        if decision == "accepted" or decision == "rejected":
            self._decide(task_id, decision)
        if decision == "accepted":
            asked = self._asked("instantiate", batch, task_id, instruction, f"Output: {instruction}")
            workspace.tasks.assign(task_id, stage="instantiate", request_id=asked)
            made = [NewInstance("", instruction)]
            workspace.instances.add(task_id, instruction, "generation", made, request_id=asked)

    def _decide(self, task_id: int, state: State) -> None:
        before = self._workspace.tasks.get(task_id).standing
        self._workspace.decisions.add(
            task_id,
            "accept" if state == "accepted" else "reject",
            step=self._workspace.decisions.next_step(),
            who="human",
            at=utc_now(),
            before=before,
            after=replace(before, state=state),
        )

    def _asked(self, stage: Stage, batch: int, task_id: int | None, instruction: str, answer: str) -> int:
        """A request that has been answered and taken in; returns its id."""
        requests = self._workspace.requests
        request_id = requests.plan(
            NewRequest(
                stage=stage,
                batch=batch,
                task_id=task_id,
                model=OFFLINE,
                base_url=OFFLINE_URL,
                prompt=[{"role": "user", "content": f"Task: {instruction}"}],
                parameters=_PARAMETERS,
                in_context=self._seeds,
                instruction=instruction if task_id else None,
                label="generation" if stage == "instantiate" else None,
                reserved_usd=0.0,
                held=True,
            ),
            run_id=self._run,
            at=utc_now(),
        )
        attempt = requests.begin_attempt(request_id, _PARAMETERS, run_id=self._run, at=utc_now())
        assert attempt is not None
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": answer}}
        body = json.dumps({"object": "chat.completion", "model": OFFLINE, "choices": [choice]}).encode()
        requests.store_answer(attempt, http_status=200, body=body, at=utc_now())
        requests.settle(attempt, answered_by=OFFLINE, usage=Usage(40, 20, 0.0))
        requests.parsed(request_id)
        return request_id
