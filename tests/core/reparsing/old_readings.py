"""A workspace whose answers were read by an older reader, and what is in it."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from selfinstruct.core.endpoint.responses import Answer
from selfinstruct.core.engine import Engine
from selfinstruct.core.reparsing.apply import applying
from selfinstruct.core.reparsing.changes import Applied, Differences
from selfinstruct.core.reparsing.differences import find_differences
from selfinstruct.core.requests.answer_reader import AnswerReader
from selfinstruct.core.util.time_slices import at_once
from selfinstruct.db.records import AnyApi, Instance, Label, NewInstance, Task
from selfinstruct.db.workspace import Workspace

SEA, RAIN, TOWN = (
    "Write a poem about the sea in winter.",
    "Describe the smell of rain on warm stone.",
    "Plan a walk through an old town.",
)


def unchanged(read: Any) -> Any:
    return read


@dataclass(frozen=True)
class OldReader(AnswerReader):
    """Reads as the present reader does, and then makes the mistakes of an older one."""

    of_tasks: Callable[[list[str]], list[str]] = unchanged
    of_label: Callable[[Label], Label] = unchanged
    of_instances: Callable[[list[NewInstance]], list[NewInstance]] = unchanged

    def tasks(self, answer: Answer, api: AnyApi) -> list[str]:
        return self.of_tasks(AnswerReader.tasks(self, answer, api))

    def label(self, answer: Answer) -> Label:
        return self.of_label(AnswerReader.label(self, answer))

    def instances(
        self, answer: Answer, label: Label, *, instruction: str, besides: Sequence[Instance]
    ) -> list[NewInstance]:
        read = AnswerReader.instances(self, answer, label, instruction=instruction, besides=besides)
        return self.of_instances(read)


class Ledger:
    """Stores answers as if an endpoint had given them, and has them read.

    Args:
        engine: The engine, which is at the built-in model.
        mistakes: What the older reader does, as the arguments of `OldReader`.
    """

    def __init__(self, engine: Engine, **mistakes: Any) -> None:
        self.engine, self.workspace = engine, engine.workspace
        reader = engine._working.intake._reader
        engine._working.intake._reader = OldReader(reader.language, reader.own, **mistakes)
        engine.assessor.catch_up()

    def propose(self, *instructions: str, held: bool = True) -> list[int]:
        """Have an answer with these tasks read; returns the ids of the tasks."""
        request_id = self.engine.planner.propose(self.engine.planner.new_batch(), held=held)
        listed = "\n".join(f"{number}. {one}" for number, one in enumerate(instructions, start=9))
        self.answer(request_id, listed)
        return self.of_request(request_id)

    def of_request(self, request_id: int) -> list[int]:
        batch = self.workspace.requests.get(request_id).batch
        return [task.id for task in self.workspace.tasks.proposed_in(request_id, batch)]

    def label(self, task_id: int, text: str) -> int:
        """Have an answer about a label read; returns the request."""
        request_id = self.engine.planner.classify(task_id)
        self.answer(request_id, text)
        return request_id

    def instances(self, task_id: int, *pairs: tuple[str, str], more: bool = False) -> int:
        """Have an answer with instances read; returns the request."""
        plan_one = self.engine.planner.more_instances if more else self.engine.planner.instantiate
        request_id = plan_one(task_id)
        label_first = self.workspace.tasks.get(task_id).label == "classification"
        form = "Class label: {1}\nInput: {0}" if label_first else "Input: {0}\nOutput: {1}"
        self.answer(request_id, "\n\n".join(form.format(given or "None", said) for given, said in pairs))
        return request_id

    def answer(self, request_id: int, text: str, *, finish: str = "stop") -> None:
        choice = {"message": {"role": "assistant", "content": text}, "finish_reason": finish}
        self.body(request_id, json.dumps({"choices": [choice]}).encode())
        self.engine.take_in(request_id)

    def body(self, request_id: int, body: bytes) -> None:
        """Store an answer without having it read."""
        request = self.workspace.requests.get(request_id)
        attempt_id = self.workspace.requests.begin_attempt(
            request_id, request.parameters, run_id=self.workspace.run_id, at="then"
        )
        assert attempt_id is not None
        self.workspace.requests.store_answer(attempt_id, http_status=200, body=body, at="then")

    def accepted(self, instruction: str, label: str = "No") -> int:
        """A task of the pool with a label, both by the model and by unattended work."""
        (task_id,) = self.propose(instruction, held=False)
        with self.engine.assessor.step():
            task = self.workspace.tasks.get(task_id)
            assessment = self.engine.assessor.assess_task(task_id, task.instruction)
            assert not assessment.reasons, assessment.reasons
            self.engine.decisions.settle(task_id, assessment, lambda event: None)
        self.label(task_id, label)
        return task_id

    def reparse(self) -> tuple[Differences, Applied]:
        differences = find_differences(self.engine)
        return differences, at_once(applying(self.engine, differences))


def tasks_in(workspace: Workspace) -> list[Any]:
    """All tasks but the seeds: id, state, wording, label, and whether they are a person's."""
    return workspace._db.execute(
        "SELECT id, state, instruction, label, held FROM tasks WHERE origin != 'seed' ORDER BY id"
    ).fetchall()


def instances_in(workspace: Workspace) -> list[Any]:
    """All instances but those of seeds."""
    return workspace._db.execute(
        """SELECT id, task_id, input, output, state, reason_code, reason_sentence FROM instances
        WHERE task_id IN (SELECT id FROM tasks WHERE origin != 'seed') ORDER BY id"""
    ).fetchall()


def rows_of(workspace: Workspace, task_id: int) -> list[tuple[str, str]]:
    """Inputs and outputs of the kept instances of a task."""
    return [(one.input, one.output) for one in workspace.instances.of_task(task_id) if one.state == "kept"]


def titled(read: list[str]) -> list[str]:
    """As a reader does that leaves a title in front of a task."""
    return [f"**Title:** {one}" for one in read]


def with_heads(read: list[NewInstance]) -> list[NewInstance]:
    """As a reader does that leaves the name of a field in front of the text."""
    return [replace(one, output=f"Output: {one.output}") for one in read]


def flipped(label: Label) -> Label:
    return "generation" if label == "classification" else "classification"


def task_of(ledger: Ledger, task_id: int) -> Task:
    return ledger.workspace.tasks.get(task_id)


def nothing_is_left(ledger: Ledger) -> bool:
    return find_differences(ledger.engine).is_empty


def mistaken(engine: Engine, label: str = "Yes") -> Ledger:
    """A workspace with every kind of mistake; the label of its accepted task is read wrong if it is Yes."""

    def of_tasks(read: list[str]) -> list[str]:
        return read if read == [SEA] else ["Here are the tasks that you asked me for:", *titled(read)[:2]]

    ledger = Ledger(engine, of_tasks=of_tasks, of_label=lambda read: "generation", of_instances=with_heads)
    ledger.propose(RAIN, TOWN, "Name three rivers that flow into a cold sea.")
    in_pool = ledger.accepted(SEA, label)
    ledger.instances(in_pool, ("the sea", "Waves."), ("the ice", "Ice and silence."))
    ledger.engine.decisions.instances.add(in_pool, "the sea", "Foam and salt.")
    return ledger
