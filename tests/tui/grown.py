"""A workspace in the middle of the work, always the same: no model, no clock and no chance has a part in it.

All requests are in its ledger with answers that are written here. It is at a paid model with a cost limit;
its address is one where nobody answers.
"""

import json
from pathlib import Path

from selfinstruct.core.engine import Engine
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.records import PASS
from selfinstruct.db.workspace import Workspace

_FIRST = """\
9. Write a haiku about the given season.
10. Decide whether the review is positive or negative.
11. Explain to a child why the sky is blue.
12. List five questions that a careful buyer asks before buying a used bicycle.
13. Draw a map of the way from the station to the old harbour.
14. Translate.
15. Put these events of a long and winding family story into the order in which they happened, and say in \
one sentence each how you know.
16. 次の文章を丁寧な言葉に直してください。"""

_SECOND = """\
9. Write a haiku about the given month.
10. Describe the smell of rain on warm stone.
11. Describe the smell of rain on cold glass.
12. Name the river that runs through the city, and the sea that it flows into.
13. Say which of the two sentences sounds friendlier: the first or the second.
14. Write a program that counts the words of a text.
15. Suggest three names for a small bakery beside a lake, with a reason for each of them that fits on one \
line.
16. Rewrite the notice so that a visitor understands it at once."""

_INSTANCES = {
    "Write a haiku": [
        ("Autumn", "Leaves let go of light.\nThe pond keeps one of them,\nred on its dark page."),
        ("Winter", "Snow on the mailbox.\nNo letter, and no footprints.\nThe kettle answers."),
        ("Spring", ""),
    ],
    "Decide whether": [
        ("The zip broke on the second day, and nobody answers the phone.", "negative"),
        ("Warm, light, and it fits into a coat pocket.", "positive"),
    ],
    "List five": [("", "How old is it? Who rode it? Was it in a crash? What was replaced? May I try it?")],
    "Explain to": [
        (
            "",
            "Sunlight has all colours in it, and air throws the blue one about most.",
        ),
    ],
}


def at_noon() -> str:
    """The only time there is."""
    return "2026-01-02T12:00:00.000+00:00"


_LATER = "2026-01-02T12:00:01.250+00:00"
"""When answers come in."""


def open_engine(workspace: Workspace, **more: object) -> Engine:
    """An engine on it that knows one time only, and asks for no batch ahead."""
    settings = {
        "model": "writer-large",
        "base_url": "http://127.0.0.1:9/v1",
        "prices": {"writer-large": {"input": 2.0, "output": 8.0}},
        "max_cost": 5.0,
        "batches_ahead": 0,
        "rng_seed": 1,
    }
    return Engine(workspace, resolve(settings | more), clock=at_noon)


def grow(path: Path) -> None:
    """Make it: one batch decided on, with instances; one that a person is in the middle of; failures."""
    with Workspace.open(path, create=True) as workspace:
        engine = open_engine(workspace)
        engine.assessor.catch_up()
        Grower(engine).grow()
        workspace.end_run(at=at_noon())


class Grower:
    """Grows a workspace as an engine would, with answers from here."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._workspace = engine, engine.workspace
        self._plan, self._decisions = engine.planner, engine.decisions

    def grow(self) -> None:
        """Two batches, the second one half decided on."""
        first = self._batch(1, _FIRST)
        passing = [task.id for task in self._workspace.tasks.get_many(first) if task.verdict == PASS]
        self._decisions.accept_all(passing[:4])
        self._decisions.reject(passing[4], tag="unclear")
        self._decisions.reject_all(set(first) - set(passing))
        self._ask_about_tasks()
        self._fail(self._plan.propose(2), "The model is overloaded. Try again later.")
        second = self._batch(2, _SECOND)
        self._decisions.edit(
            second[3], "Name the river that runs through the city, and the sea it flows into."
        )
        self._decisions.reject(second[4], tag="wrong")
        self.accept(second[6])

    def accept(self, task_id: int) -> None:
        """Accept a candidate, and have all asked that is wanted then."""
        self._decisions.accept(task_id)
        self._ask_about_tasks()

    def _batch(self, batch: int, listed: str) -> list[int]:
        self._answer(self._plan.propose(batch), listed)
        return [task.id for task in self._workspace.tasks.of_batch(batch)]

    def _ask_about_tasks(self) -> None:
        """Ask for each label and each task's instances that are wanted, as the engine would."""
        while (request_id := self._plan.next_of_pool()) is not None:
            request = self._workspace.requests.get(request_id)
            assert request.task_id is not None
            instruction = self._workspace.tasks.get(request.task_id).instruction
            if request.stage == "classify":
                is_choice = instruction.startswith(("Decide", "Say which"))
                self._answer(request_id, "Yes" if is_choice else "No")
            else:
                self._answer(
                    request_id, _instances_of(instruction, output_first=request.label == "classification")
                )

    def _answer(self, request_id: int, text: str) -> None:
        body = {
            "model": "writer-large-2026",
            "choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 700 + request_id, "completion_tokens": 3 * len(text.split())},
        }
        answer = json.dumps(body, ensure_ascii=False).encode()
        self._workspace.requests.store_answer(
            self._attempt(request_id), http_status=200, body=answer, at=_LATER
        )
        self._engine.take_in(request_id)

    def _fail(self, request_id: int, sentence: str) -> None:
        body = json.dumps({"error": {"message": sentence}}).encode()
        self._workspace.requests.store_failure(
            self._attempt(request_id),
            http_status=503,
            body=body,
            error=f"Status 503: {sentence}",
            free=True,
            at=_LATER,
        )
        self._workspace.requests.fail(request_id, f"Status 503: {sentence}")

    def _attempt(self, request_id: int) -> int:
        request = self._workspace.requests.get(request_id)
        attempt_id = self._workspace.requests.begin_attempt(
            request_id, request.parameters, run_id=self._workspace.run_id, at=at_noon()
        )
        assert attempt_id is not None
        return attempt_id


def _instances_of(instruction: str, *, output_first: bool) -> str:
    made = next((made for begin, made in _INSTANCES.items() if instruction.startswith(begin)), None)
    if made is None:
        return "Input:\nOutput:"
    if output_first:
        return "\n".join(f"Class label: {output}\nInput: {given}" for given, output in made)
    return "\n".join(f"Input: {given}\nOutput: {output}" for given, output in made)
