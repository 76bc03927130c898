"""The five stages, one by one, over the built-in model."""

import json
from pathlib import Path

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.core.errors import SettingsError
from selfinstruct.core.events import BatchCompleted, CandidatesProposed, Event, TaskInstantiated
from selfinstruct.core.export.options import ExportOptions
from selfinstruct.core.requests.group_commit import GroupCommit
from selfinstruct.core.requests.intake import Intake
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.records import PASS
from selfinstruct.db.workspace import Workspace
from tests.conftest import OpenEngine


async def test_the_five_stages_lead_from_seeds_to_a_training_file(
    engine_on: OpenEngine, tmp_path: Path
) -> None:
    async with engine_on(rng_seed=1) as engine:
        proposed = await engine.propose()
        verdicts = engine.assess(proposed)
        passing = [task_id for task_id, verdict in verdicts.items() if verdict == PASS]
        accepted = engine.decisions.accept_all(passing).done
        await engine.classify(accepted)
        await engine.instantiate(accepted)
        exported = engine.export(tmp_path / "train.jsonl", ExportOptions("messages"))

    lines = (tmp_path / "train.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(proposed) > len(passing) >= len(accepted) > 5
    assert exported.rows == len(lines) >= len(accepted) / 2
    assert all(
        [turn["role"] for turn in json.loads(line)["messages"]] == ["user", "assistant"] for line in lines
    )


async def test_a_propose_prompt_shows_eight_seeds_at_first_and_two_own_tasks_later(
    engine_on: OpenEngine,
) -> None:
    async with engine_on(rng_seed=1, requests_per_batch=1) as engine:
        tasks = engine.workspace.tasks

        def origins(request_id: int) -> list[str]:
            shown = tasks.get_many(engine.workspace.requests.get(request_id).in_context)
            return sorted(task.origin for task in shown)

        first = engine.planner.propose(engine.planner.new_batch())
        assert origins(first) == ["seed"] * 8
        for task_id, verdict in engine.assess(await engine.propose()).items():
            if verdict == PASS:
                engine.decisions.accept(task_id)
        later = engine.planner.propose(engine.planner.new_batch())
        assert origins(later) == ["model"] * 2 + ["seed"] * 6


async def test_clf_only_shows_classification_tasks_only(engine_on: OpenEngine) -> None:
    async with engine_on(clf_only=True) as engine:
        request = engine.workspace.requests.get(engine.planner.propose(1))
        labels = {task.label for task in engine.workspace.tasks.get_many(request.in_context)}
        assert labels == {"classification"}
        assert "classification tasks" in str(request.prompt)


async def test_classify_prompts_show_twelve_classification_and_nineteen_other_seeds(
    engine_on: OpenEngine,
) -> None:
    async with engine_on() as engine:
        (task_id, *_) = await engine.propose()
        request = engine.workspace.requests.get(engine.planner.classify(task_id))
        labels = [task.label for task in engine.workspace.tasks.get_many(request.in_context)]
        assert labels.count("classification") == 12
        assert labels.count("generation") == 19


async def test_classification_tasks_are_instantiated_output_first(engine_on: OpenEngine) -> None:
    async with engine_on() as engine:
        seeds = engine.workspace.tasks.seeds()
        classification = next(task for task in seeds if task.label == "classification")
        generation = next(task for task in seeds if task.label == "generation")
        requests = engine.workspace.requests
        assert '[{"output":' in str(requests.get(engine.planner.instantiate(classification.id)).prompt)
        assert '[{"output":' not in str(requests.get(engine.planner.instantiate(generation.id)).prompt)


async def test_an_unclear_label_is_left_unknown_and_nothing_is_made_of_it(
    engine_on: OpenEngine, workspace: Workspace
) -> None:
    async with engine_on() as engine:
        task_id = workspace.tasks.add("Name the colours of a rainbow.", origin="human", at="now")
        engine.assess([task_id])
        engine.decisions.accept(task_id)
        engine.decisions.relabel(task_id, "unknown")
        await engine.instantiate([task_id])
        assert workspace.backlog.to_instantiate() is None
        assert workspace.instances.of_task(task_id) == []


async def test_events_come_after_the_rows_are_written(workspace: Workspace, tmp_path: Path) -> None:
    seen: list[Event] = []

    def listen(event: Event) -> None:
        with Workspace.open(tmp_path / "w.db") as other:
            if isinstance(event, CandidatesProposed):
                assert len(other.tasks.of_batch(event.batch)) >= event.candidates > 0
        seen.append(event)

    async with Engine(workspace, resolve({"requests_per_batch": 2}), listener=listen) as engine:
        await engine.propose()
    assert sum(isinstance(event, CandidatesProposed) for event in seen) == 2
    assert not any(isinstance(event, BatchCompleted | TaskInstantiated) for event in seen)


def test_a_workspace_keeps_the_seeds_that_it_began_with(engine_on: OpenEngine, tmp_path: Path) -> None:
    engine_on()
    own = tmp_path / "own.jsonl"
    own.write_text("{}")
    with pytest.raises(SettingsError, match="already has its seed tasks: leave seeds out"):
        engine_on(seeds=own)


def test_a_seed_file_with_a_mistake_leaves_no_half_planted_workspace(
    engine_on: OpenEngine, workspace: Workspace, tmp_path: Path
) -> None:
    own = tmp_path / "own.jsonl"
    task = {"id": "a", "instruction": "Say it.", "is_classification": False, "instances": [{"output": "it"}]}
    own.write_text(json.dumps(task) + "\n{oops\n")
    with pytest.raises(SettingsError, match=r"line 2 of .*own\.jsonl"):
        engine_on(seeds=own)
    assert workspace.counts().pool["seed"] == 0
    engine_on()
    assert workspace.counts().pool["seed"] == 175


def test_a_cost_limit_without_a_known_price_is_refused_with_the_way_to_give_one(
    engine_on: OpenEngine,
) -> None:
    with pytest.raises(SettingsError, match=r'\[prices\."some-model"\]'):
        engine_on(model="some-model", base_url="https://models.example/v1", max_cost=1.0)


def test_a_template_that_cannot_be_rendered_is_named_before_anything_is_sent(
    engine_on: OpenEngine, workspace: Workspace, tmp_path: Path
) -> None:
    own = tmp_path / "own.toml"
    own.write_text('[output_first.chat]\nsystem = ""\nuser = "{{ instrction }}"\n')
    with pytest.raises(SettingsError, match=r"output_first\.chat\.user.*instrction"):
        engine_on(prompts=own)
    assert workspace.settings.read() == {}


@pytest.mark.parametrize(("stage", "width"), [({}, 64 + 12), ({"classify": {"model": "m2"}}, 64)])
async def test_requests_are_planned_ahead_of_free_slots_only_where_one_endpoint_counts_them_all(
    workspace: Workspace, stage: dict[str, dict[str, str]], width: int
) -> None:
    asked = {"model": "m", "base_url": "http://127.0.0.1:9/v1", "concurrency": 64, "request": stage}
    widths: list[int] = []
    async with Engine(workspace, resolve(asked)) as engine:
        await engine.run(plan=lambda: None, started=lambda pipeline: widths.append(pipeline._width))
    assert widths == [width]


async def test_a_run_ends_as_it_would_where_its_preparation_fails(
    engine_on: OpenEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = engine_on()
    finished: list[bool] = []

    def fail(_intake: Intake) -> None:
        raise ValueError

    async def finish(together: GroupCommit) -> None:
        finished.append(True)
        await finish_of_all(together)

    finish_of_all = GroupCommit.finish
    monkeypatch.setattr(Intake, "prepare", fail)
    monkeypatch.setattr(GroupCommit, "finish", finish)
    assert await engine.propose()
    assert finished == [True]
