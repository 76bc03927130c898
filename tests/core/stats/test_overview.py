"""The overview counts what is there, and every count can be found again another way."""

from collections import Counter
from pathlib import Path

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.core.export.options import ExportOptions
from selfinstruct.core.language.registry import language
from selfinstruct.core.settings.sources import resolve
from selfinstruct.core.stats.overview import BatchCount, Overview, in_buckets, read_overview
from selfinstruct.core.util.time_slices import at_once
from selfinstruct.db.records import PASS, NewInstance, NewRequest, Usage
from selfinstruct.db.workspace import Workspace
from tests.conftest import OpenEngine


def overview(workspace: Workspace) -> Overview:
    return at_once(read_overview(workspace, language("en")))


async def grow(engine: Engine, batches: int) -> None:
    """Batches of the built-in model: what passes is accepted, labelled and gets instances."""
    for _ in range(batches):
        verdicts = engine.assess(await engine.propose())
        passing = [task_id for task_id, verdict in verdicts.items() if verdict == PASS]
        engine.decisions.accept_all(passing)
        engine.decisions.reject_all(set(verdicts) - set(passing))
        await engine.classify(passing)
        await engine.instantiate(passing)


async def test_a_new_workspace_has_nothing_but_zeros_and_unknowns(engine_on: OpenEngine) -> None:
    async with engine_on() as engine:
        told = overview(engine.workspace)
    assert (told.candidates, told.passing, told.accepted, told.labelled, told.rows) == (0, 0, 0, 0, 0)
    assert told.batches == ()
    assert told.usd_per_accepted is None
    assert told.tokens_per_accepted is None


@pytest.mark.long
async def test_every_step_of_the_funnel_is_what_the_workspace_and_an_export_say(
    engine_on: OpenEngine, tmp_path: Path
) -> None:
    async with engine_on(rng_seed=1) as engine:
        await grow(engine, 3)
        told, counts = overview(engine.workspace), engine.workspace.counts()
        exported = engine.export(tmp_path / "train.jsonl", ExportOptions("alpaca"))
        tasks = engine.workspace.tasks
        accepted = [
            task for task in map(tasks.get, range(176, tasks.count() + 1)) if task.state == "accepted"
        ]
        assert told.answered.requests == counts.requests["answered"]
        assert told.answered.proposals == 3 * engine.settings.requests_per_batch
        assert told.candidates == sum(counts.candidates.values())
        assert told.passing == counts.verdicts[PASS]
        assert told.verdicts == counts.verdicts
        assert (told.accepted, told.rejected) == (len(accepted), counts.candidates["rejected"])
        assert told.labels == Counter(task.label for task in accepted)
        assert told.labelled == len(accepted) - told.labels.get("unknown", 0)
        assert told.rows == exported.rows
        assert 0 < told.with_instances <= told.labelled <= told.accepted < told.passing + 1
        assert told.accepted_despite < told.accepted / 2
        assert [batch.first for batch in told.batches] == [1, 2, 3]
        assert sum(batch.proposed for batch in told.batches) == told.candidates
        assert sum(batch.accepted for batch in told.batches) == told.accepted
        assert told.instruction_words == Counter(len(task.instruction.split()) for task in accepted)
        assert sum(told.first_words.values()) == told.accepted
        assert sum(told.input_words.values()) == sum(told.output_words.values()) >= told.rows


def accept(workspace: Workspace, instruction: str, instances: list[NewInstance]) -> int:
    task_id = workspace.tasks.add(instruction, origin="model", label="generation", batch=1, at="now")
    before = workspace.tasks.get(task_id).standing
    after = type(before)("accepted", instruction, "generation")
    workspace.decisions.add(
        task_id, "accept", step=task_id, who="human", at="now", before=before, after=after
    )
    workspace.instances.add(task_id, instruction, "generation", instances, request_id=None)
    return task_id


def test_rows_that_an_export_leaves_out_are_not_counted(workspace: Workspace) -> None:
    accept(workspace, "Name a river.", [NewInstance("", "Ebro"), NewInstance("x", "Po", "dropped")])
    accept(workspace, "Name a river.", [NewInstance("", "Ebro"), NewInstance("", "Rhine")])
    with_none = accept(workspace, "Name a lake.", [NewInstance("a", "b", "dropped")])
    told = overview(workspace)
    assert with_none
    assert (told.accepted, told.with_instances, told.rows) == (3, 2, 2)


def test_words_are_counted_where_they_are_and_the_first_one_without_its_marks(workspace: Workspace) -> None:
    accept(workspace, "“Describe” the\u3000sea.", [NewInstance("", "one\n\ntwo  three")])
    accept(workspace, "Describe a lake.", [NewInstance(" two words ", "one")])
    accept(workspace, "!", [])
    told = overview(workspace)
    assert told.first_words == {"describe": 2, "!": 1}
    assert told.instruction_words == {3: 2, 1: 1}
    assert told.input_words == {0: 1, 2: 1}
    assert told.output_words == {3: 1, 1: 1}


def test_what_a_person_accepted_against_a_filter_is_told_apart(engine_on: OpenEngine) -> None:
    engine = engine_on()
    task_id = engine.workspace.tasks.add("Draw a map of Spain.", origin="model", at="now", batch=1)
    engine.assess([task_id])
    engine.decisions.accept_all([task_id], despite={task_id: engine.workspace.tasks.reasons(task_id)})
    told = overview(engine.workspace)
    assert (told.passing, told.accepted, told.accepted_despite) == (0, 1, 1)
    assert told.batches == (BatchCount(1, 1, 1, 0, 1),)


@pytest.mark.parametrize(
    ("usages", "usd", "tokens", "unknown"),
    [
        pytest.param([Usage(100, 20, 0.5), Usage(60, 20, 0.25)], 0.375, 100.0, 0, id="all told"),
        pytest.param([Usage(100, 20, 0.5), Usage()], 0.25, 60.0, 1, id="one did not tell"),
        pytest.param([Usage(), Usage()], None, None, 2, id="none told"),
        pytest.param([Usage(100, 20, 0.0), Usage(100, 20, 0.0)], 0.0, 120.0, 0, id="free"),
    ],
)
def test_what_an_accepted_task_costs_is_known_only_from_what_answers_tell(
    workspace: Workspace, usages: list[Usage], usd: float | None, tokens: float | None, unknown: int
) -> None:
    workspace.start_run(at="now")
    for name, usage in zip(("river", "lake"), usages, strict=True):
        accept(workspace, f"Name a {name}.", [])
        request_id = workspace.requests.plan(
            NewRequest("propose", 1, None, "m", "http://x", "9.", {}, (), None, None, None, False),
            run_id=workspace.run_id,
            at="now",
        )
        attempt_id = workspace.requests.begin_attempt(request_id, {}, run_id=workspace.run_id, at="now")
        assert attempt_id is not None
        workspace.requests.store_answer(attempt_id, http_status=200, body=b"{}", at="now")
        workspace.requests.settle(attempt_id, answered_by=None, usage=usage)
        workspace.requests.parsed(request_id)
    told = overview(workspace)
    assert told.usd_per_accepted == (None if usd is None else pytest.approx(usd))
    assert told.tokens_per_accepted == tokens
    assert told.spending.attempts_of_unknown_cost == unknown
    assert told.answered.proposals == 2


def test_tasks_are_counted_once_however_many_there_are(workspace: Workspace) -> None:
    with workspace.transaction():
        for number in range(1003):
            workspace.tasks.add(f"Name {number}.", origin="model", batch=1 + number // 100, at="now")
    told = overview(workspace)
    assert told.candidates == told.verdicts[None] == 1003
    assert [batch.proposed for batch in told.batches] == [100] * 10 + [3]


def test_batches_in_a_row_are_put_together() -> None:
    batches = tuple(BatchCount(number, number, 10, 6, number) for number in range(1, 6))
    assert in_buckets(batches, 5) == list(batches)
    assert in_buckets(batches, 3) == [
        BatchCount(1, 2, 20, 12, 3),
        BatchCount(3, 4, 20, 12, 7),
        BatchCount(5, 5, 10, 6, 5),
    ]
    assert in_buckets((), 3) == []


def test_a_workspace_in_use_can_be_counted_while_it_grows(workspace: Workspace) -> None:
    engine = Engine(workspace, resolve({}))
    for number in range(600):
        workspace.tasks.add(f"Name {number}.", origin="model", at="now")
    counting = read_overview(engine.workspace, engine.language)
    assert 0 < next(counting) < 1
    workspace.tasks.add("Name another.", origin="model", at="now")
    assert at_once(counting).candidates in {600, 601}


@pytest.mark.parametrize(
    ("code", "instruction", "words", "first"),
    [
        pytest.param("ja", "「雨の日」を三行で描写して。", 11, "雨の", id="Japanese"),
        pytest.param("zh", "请把这句话改短。", 7, "请把", id="Chinese"),
        pytest.param("zh", "Python代码有什么问题？", 8, "python", id="Chinese after Latin"),
        pytest.param("ko", "다음 문장을 줄여 주세요.", 10, "다음", id="Korean"),
        pytest.param("es", "¿Cuál es la capital de Perú?", 6, "cuál", id="Spanish"),
        pytest.param("other", "เขียนจดหมายสั้น", 12, "เขี", id="Thai"),
        pytest.param("en", "What's the capital - of Peru?", 6, "what's", id="English"),
    ],
)
def test_words_are_counted_as_the_filters_of_the_language_count_them(
    workspace: Workspace, code: str, instruction: str, words: int, first: str
) -> None:
    accept(workspace, instruction, [NewInstance("！", instruction), NewInstance("", "1")])
    told = at_once(read_overview(workspace, language(code)))
    assert told.instruction_words == {words: 1}
    assert told.first_words == {first: 1}
    assert told.output_words == {words: 1, 1: 1}
    assert told.input_words == {1: 1, 0: 1}, "an input of signs only is an input"
