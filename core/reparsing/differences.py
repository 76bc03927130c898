"""Reads all stored answers again, and finds what that changes. Reads only; `apply` writes."""

from collections.abc import Callable, Iterator

from selfinstruct.core.endpoint.responses import Answer, AnswerError
from selfinstruct.core.engine import Engine
from selfinstruct.core.pool.assessor import Assessor
from selfinstruct.core.reparsing.changes import Differences, InstancesChange, Spared, TaskChange, TaskFound
from selfinstruct.core.reparsing.comparing import (
    StoredInstance,
    StoredTask,
    compare_instances,
    compare_label,
    compare_tasks,
)
from selfinstruct.core.requests.answer_reader import AnswerReader, answer_to
from selfinstruct.db.records import Instance, Label, Request, Task
from selfinstruct.db.workspace import Workspace

_AT_ONCE = 500
"""Ids read per query."""


def find_differences(engine: Engine) -> Differences:
    """Read every stored answer about tasks, labels and instances again, and compare.

    Answers are read one at a time, and the workspace stays unlocked. The pool in memory is that of the
    workspace again afterwards.

    Raises:
        SettingsError: The user's own prompts, whose field names are needed, cannot be read.
    """
    reader = AnswerReader.of(engine.settings, engine.language.code)
    return _Comparison(engine.workspace, engine.assessor, reader).run()


class _Comparison:
    def __init__(self, workspace: Workspace, assessor: Assessor, reader: AnswerReader) -> None:
        self._workspace = workspace
        self._assessor = assessor
        self._reader = reader
        self._differences = Differences(up_to=workspace.decisions.last_id())
        self._moot: set[int] = set()
        """Tasks whose stored label and instances belong to a wording that goes, or to no task."""

    def run(self) -> Differences:
        requests = self._workspace.requests
        for request_id in _paged(requests.answered_proposals):
            self._read_proposals(requests.get(request_id))
        self._admit()
        for task_id in _paged(requests.tasks_answered):
            if task_id not in self._moot:
                self._read_about(task_id)
        return self._differences

    def _answer(self, request: Request) -> Answer | None:
        """Read the response to a request; None if there is nothing to compare."""
        stored = self._workspace.requests.answer(request.id)
        if stored is None:
            return None
        self._differences.answers += 1
        try:
            answer = answer_to(request, stored.body)
        except AnswerError:
            self._differences.unreadable += request.state == "parsed"
            return None
        if request.state == "parsed":
            return answer
        if self._workspace.requests.asked_anew(request.id) is None:
            self._differences.readable.append(request)
        return None

    def _read_proposals(self, request: Request) -> None:
        answer = self._answer(request)
        if answer is None:
            return
        read = self._reader.tasks(answer, request.api)
        tasks = self._workspace.tasks.proposed_in(request.id, request.batch)
        compared = compare_tasks(read, [self._with_decisions(task) for task in tasks])
        known = frozenset(task.id for task in tasks)
        self._differences.rejected += compared.rejected
        self._differences.reworded += compared.reworded
        self._differences.restored += compared.restored
        self._differences.found += [TaskFound(request, wording, known) for wording in compared.found]
        self._differences.spared += compared.spared
        self._moot |= compared.none

    def _with_decisions(self, task: Task) -> StoredTask:
        return StoredTask(task, self._workspace.decisions.of_task(task.id))

    def _admit(self) -> None:
        """Order the rewordings so that each passes the filters after those before it; spare the others.

        Rejections come first, as they make room. A rewording makes room for others as well, so those that are
        refused are tried again until no more pass.
        """
        of_pool = [change for change in self._differences.reworded if change.task.state == "accepted"]
        admitted = [change for change in self._differences.reworded if change.task.state != "accepted"]
        refused: list[tuple[TaskChange, Spared]] = []
        if of_pool:
            self._assessor.catch_up()
            for change in self._differences.rejected:
                if change.task.state == "accepted":
                    self._assessor.suppose(change.task.id, None)
            while of_pool:
                refused = []
                for change in of_pool:
                    wording = change.after.instruction
                    reasons = self._assessor.assess(wording, but=change.task.id).reasons
                    if reasons:
                        why = Spared(change.task.id, "filters", reason=reasons[0], wording=wording)
                        refused.append((change, why))
                    else:
                        self._assessor.suppose(change.task.id, wording)
                        admitted.append(change)
                if len(refused) == len(of_pool):
                    break
                of_pool = [change for change, _ in refused]
            self._assessor.forget()
        self._differences.reworded = admitted
        self._differences.spared += [why for _, why in refused]
        self._moot |= {change.task.id for change in admitted}
        for change in admitted:
            self._count_again(change.task)

    def _count_again(self, task: Task) -> None:
        """Count the requests that a new wording of a task causes."""
        accepted = task.state == "accepted"
        self._differences.labels_again += accepted or (
            task.state == "pending" and task.classify_request_id is not None
        )
        self._differences.instances_again += accepted

    def _read_about(self, task_id: int) -> None:
        """Read the answers about a task: its label first, which decides which instances count."""
        stored = self._with_decisions(self._workspace.tasks.get(task_id))
        task, label = stored.task, stored.task.label
        requests = self._workspace.requests.answered_about(task_id)
        for request in requests:
            answer = self._answer(request) if request.stage == "classify" else None
            asked = request.id, request.instruction
            if answer is not None and asked == (task.classify_request_id, task.instruction):
                label = self._compare_label(self._reader.label(answer), stored)
        others: list[Instance] = []
        is_answered = False
        for request in requests:
            if request.stage != "instantiate":
                continue
            answer = self._answer(request)
            if answer is None or (request.instruction, request.label) != (task.instruction, label):
                continue
            found = self._workspace.instances.of_request(request.id, task_id)
            # Only one answer about the first instances counts, as when it came in.
            if not request.more and not found and (is_answered or self._is_answered(request)):
                continue
            before = len(others)
            self._compare_instances(request, answer, found, others)
            is_answered = is_answered or (not request.more and len(others) > before)

    def _is_answered(self, request: Request) -> bool:
        assert request.task_id is not None
        assert request.instruction is not None
        assert request.label is not None
        return self._workspace.instances.are_answered(request.task_id, request.instruction, request.label)

    def _compare_label(self, read: Label, stored: StoredTask) -> Label | None:
        """Compare a label; returns the one that the task has afterwards."""
        match compare_label(read, stored):
            case Spared() as spared:
                self._differences.spared.append(spared)
            case TaskChange() as change:
                self._differences.relabelled.append(change)
                task = stored.task
                clear = read != "unknown"
                lacks = not self._workspace.instances.of_wording(task.id, task.instruction, read)
                self._differences.instances_again += task.state == "accepted" and clear and lacks
                return read
        return stored.task.label

    def _compare_instances(
        self, request: Request, answer: Answer, found: list[Instance], others: list[Instance]
    ) -> None:
        """Compare the instances of an answer, and add what they come to to `others`.

        Args:
            request: The request.
            answer: Its answer.
            found: The instances stored for it.
            others: What the task's earlier answers came to.
        """
        assert request.task_id is not None
        assert request.instruction is not None
        assert request.label is not None
        first = found[0].id if found else None
        there = self._workspace.instances.of_wording(request.task_id, request.instruction, request.label)
        by_hand = [one for one in there if one.request_id is None and (first is None or one.id < first)]
        read = self._reader.instances(
            answer, request.label, instruction=request.instruction, besides=[*by_hand, *others]
        )
        decisions = self._workspace.decisions.on_instances_of(request.task_id)
        stored = [
            StoredInstance(one, [taken for taken in decisions if taken.instance_id == one.id])
            for one in found
        ]
        compared = compare_instances(read, stored, request.task_id)
        others += compared.result
        self._differences.spared += compared.spared
        if compared.changes:
            change = InstancesChange(request, tuple(found), tuple(compared.changes))
            self._differences.instances.append(change)


def _paged(query: Callable[..., list[int]]) -> Iterator[int]:
    """Yield ids page by page, so that no query stays open and holds up other programs."""
    last = 0
    while page := query(after=last, most=_AT_ONCE):
        yield from page
        last = page[-1]
