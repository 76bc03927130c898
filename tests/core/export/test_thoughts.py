"""Thoughts come back from the stored answers, where they led to the output that a row has."""

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.core.export.options import ThoughtsMode
from selfinstruct.core.export.thoughts import ThoughtsApplied
from selfinstruct.db.records import NewInstance, TextPrompt, TrainingRow
from selfinstruct.db.workspace import Workspace
from tests.conftest import OpenEngine
from tests.db.test_workspace import REQUEST, begin_attempt

MESSAGES: TextPrompt = [{"role": "user", "content": "Give instances."}]
INSTRUCTION = "Name a river in Europe."


@pytest.fixture
def engine(engine_on: OpenEngine) -> Engine:
    engine = engine_on()
    engine.workspace.start_run(at="now")
    return engine


@pytest.fixture
def task_id(engine: Engine) -> int:
    task_id = engine.workspace.tasks.add(INSTRUCTION, origin="model", at="now", label="generation")
    engine.assess([task_id])
    engine.decisions.accept(task_id)
    return task_id


def answered(
    workspace: Workspace,
    task_id: int,
    made: Sequence[NewInstance],
    message: dict[str, object],
    prompt: TextPrompt = MESSAGES,
) -> list[int]:
    """The instances of a request whose answer has this message."""
    request = replace(REQUEST, stage="instantiate", task_id=task_id, prompt=prompt, instruction=INSTRUCTION)
    request_id = workspace.requests.plan(
        replace(request, label="generation"), run_id=workspace.run_id, at="now"
    )
    choice = {"message": {"content": "Output: …", **message}} if isinstance(prompt, list) else message
    body = json.dumps({"choices": [choice]}).encode()
    workspace.requests.store_answer(begin_attempt(workspace, request_id), http_status=200, body=body, at="n")
    workspace.requests.parsed(request_id)
    return workspace.instances.add(task_id, INSTRUCTION, "generation", made, request_id=request_id)


def applied(engine: Engine, mode: ThoughtsMode) -> tuple[list[TrainingRow], int, int]:
    rows = engine.workspace.instances.training_rows(include_seeds=False)
    thoughts = ThoughtsApplied(rows, mode, engine.workspace.instance_answers)
    return list(thoughts), thoughts.having, thoughts.lacking


@pytest.mark.parametrize(
    ("mode", "output", "thoughts"),
    [
        ("keep", "<think>\nA long one.\n</think>\n\nThe Rhine.", ""),
        ("separate", "The Rhine.", "A long one."),
        ("strip", "The Rhine.", ""),
    ],
)
def test_the_reasoning_of_an_answer_goes_where_the_trainer_wants_it(
    engine: Engine, task_id: int, mode: ThoughtsMode, output: str, thoughts: str
) -> None:
    answered(engine.workspace, task_id, [NewInstance("", "The Rhine.")], {"reasoning_content": "A long one."})
    (row,), having, lacking = applied(engine, mode)
    assert (row.output, row.thoughts) == (output, thoughts)
    assert (having, lacking) == ((0, 1) if mode == "strip" else (1, 0))


@pytest.mark.parametrize(
    ("message", "prompt"),
    [
        ({"content": "<think>A long one.</think>Output: The Rhine."}, MESSAGES),
        ({"content": "<|channel|>analysis<|message|>A long one.<|channel|>final<|message|>x"}, MESSAGES),
        ({"text": "<think>A long one.</think>Output: The Rhine."}, "Give instances."),
    ],
    ids=["tags", "harmony", "a legacy completion"],
)  # fmt: skip
def test_thoughts_in_the_text_of_an_answer_are_found(
    engine: Engine, task_id: int, message: dict[str, object], prompt: TextPrompt
) -> None:
    answered(engine.workspace, task_id, [NewInstance("", "The Rhine.")], message, prompt)
    assert applied(engine, "separate")[0][0].thoughts == "A long one."


def test_an_answer_with_several_kept_instances_has_thoughts_for_none_of_them(
    engine: Engine, task_id: int
) -> None:
    made = [NewInstance("", "The Rhine."), NewInstance("", "The Po.")]
    _, po = answered(engine.workspace, task_id, made, {"reasoning": "Two of them."})
    rows, having, lacking = applied(engine, "keep")
    assert [row.output for row in rows] == ["The Rhine.", "The Po."]
    assert (having, lacking) == (0, 2)
    engine.decisions.instances.drop(po)
    assert applied(engine, "separate")[0][0].thoughts == "Two of them."


def test_an_output_that_a_person_has_edited_is_without_until_they_undo_that(
    engine: Engine, task_id: int
) -> None:
    (rhine,) = answered(engine.workspace, task_id, [NewInstance("", "The Rhine.")], {"reasoning": "Hm."})
    engine.decisions.instances.edit(rhine, "", "The Rhône.")
    assert applied(engine, "separate")[1:] == (0, 1)
    engine.decisions.undo()
    assert applied(engine, "separate")[1:] == (1, 0)


def test_imported_rows_have_the_thoughts_that_came_with_them(engine: Engine, task_id: int) -> None:
    made = [NewInstance("", "The Rhine.", thoughts="Imported."), NewInstance("", "The Po.")]
    engine.workspace.instances.add(task_id, INSTRUCTION, "generation", made, request_id=None)
    rows, having, lacking = applied(engine, "keep")
    assert [row.output for row in rows] == ["<think>\nImported.\n</think>\n\nThe Rhine.", "The Po."]
    assert (having, lacking) == (1, 1)
    assert [row.thoughts for row in applied(engine, "strip")[0]] == ["", ""]


@pytest.mark.parametrize(
    "message", [{}, {"reasoning": " "}, {"content": None}, {"content": "", "refusal": "No."}]
)
def test_answers_without_thoughts_or_text_leave_rows_without(
    engine: Engine, task_id: int, message: dict[str, object]
) -> None:
    answered(engine.workspace, task_id, [NewInstance("", "The Rhine.")], message)
    assert applied(engine, "keep")[1:] == (0, 1)


def test_many_rows_keep_their_order_and_each_its_own_thoughts(engine: Engine, task_id: int) -> None:
    workspace = engine.workspace
    with workspace.transaction():
        for number in range(600):
            made = [NewInstance(str(number), f"River {number}.")]
            answered(workspace, task_id, made, {"reasoning": f"Thought {number}."} if number % 3 else {})
    rows, having, lacking = applied(engine, "separate")
    assert [(row.input, row.thoughts) for row in rows] == [
        (str(number), f"Thought {number}." if number % 3 else "") for number in range(600)
    ]
    assert (having, lacking) == (400, 200)
