"""What the preview says is what judging again gives."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.core.engine import Engine
from selfinstruct.core.filtering.settings import FilterSettings, switched_on
from selfinstruct.core.language.registry import language
from selfinstruct.core.pool.assessor import Assessor
from selfinstruct.core.settings.sources import resolve
from selfinstruct.core.stats.filter_preview import (
    FilterColumns,
    Flip,
    look_at_decided,
    look_at_undecided,
    reassess,
)
from selfinstruct.core.util.time_slices import at_once
from selfinstruct.db.records import PASS
from selfinstruct.db.workspace import Workspace
from tests.conftest import OpenEngine

pytestmark = pytest.mark.long

RAIN = "Describe the smell of rain on warm stone."
TEXTS = (
    "Describe the smell of rain on cold stone.",
    "Describe the smell of fresh snow on cold stone at dawn.",
    "Describe the taste of a ripe pear.",
    "Draw a map of the old town.",
    "Describe this picture.",
    "Name a fish.",
    "Sing",
    "word " * 151,
    "Write a program that sorts names by length.",
    "write a program",
    "(Name four red fish.)",
    "«Draw» four red fish.",
    "Назови четыре красные рыбы.",
    "1 + 1 = 2",
    "Explain to a child why the sky is blue.",
)

FILTERS = st.builds(
    FilterSettings,
    min_words=st.integers(0, 10),
    max_words=st.sampled_from([10, 11, 150, 151, 1000]),
    keywords=st.sampled_from([(), FilterSettings().keywords]),
    openings=st.sampled_from([(), FilterSettings().openings]),
    punctuation=st.booleans(),
    script=st.booleans(),
    rouge_l=st.integers(1, 100).map(lambda percent: percent / 100),
)


def undecided(engine: Engine, lists: FilterSettings | None = None) -> FilterColumns:
    columns = FilterColumns(lists or engine.settings.filters, engine.language)
    at_once(look_at_undecided(engine, columns))
    return columns


def candidate(engine: Engine, instruction: str) -> int:
    task_id = engine.workspace.tasks.add(instruction, origin="model", at="now", held=True)
    engine.assess([task_id])
    return task_id


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A pool of the seeds and one task, and undecided candidates of every kind."""
    path: Path = tmp_path_factory.mktemp("preview") / "w.db"
    with Workspace.open(path, create=True) as workspace:
        engine = Engine(workspace, resolve({}))
        engine.decisions.accept(candidate(engine, RAIN))
        for text in TEXTS:
            candidate(engine, text)
        yield engine


@given(FILTERS)
def test_the_flips_are_those_of_judging_again(filled: Engine, proposed: FilterSettings) -> None:
    columns = undecided(filled, switched_on(filled.settings.filters, FilterSettings()))
    flips = columns.flips(proposed)
    assess = Assessor(filled.workspace, proposed, language("en"))
    assess.catch_up()
    waiting = filled.workspace.tasks.undecided(0, 1000)
    after = {task.id: assess.assess(task.instruction) for task in waiting}
    assert len(waiting) == len(TEXTS)
    turned = [task for task in waiting if after[task.id].verdict != task.verdict]
    assert sorted(flips.task_ids) == [task.id for task in turned]
    assert flips.would_pass == [task.id for task in turned if after[task.id].verdict == PASS]
    assert flips.would_fall == [task.id for task in turned if task.verdict == PASS]
    for task in turned:
        nearest = after[task.id].nearest
        assert nearest is not None
        assert columns.flip(task.id, proposed) == Flip(
            task.id, task.verdict, after[task.id].verdict, nearest.score
        )


@given(FILTERS)
def test_no_verdict_flips_when_nothing_is_changed(filled: Engine, proposed: FilterSettings) -> None:
    columns = undecided(filled, switched_on(proposed, FilterSettings()))
    assert columns.flips(filled.settings.filters).task_ids == []
    assert columns.differing(proposed, proposed) == 0


def test_the_preview_writes_nothing(filled: Engine) -> None:
    before = filled.workspace.tasks.undecided(0, 1000)
    columns = undecided(filled)
    columns.flips(FilterSettings(rouge_l=0.1))
    assert filled.workspace.tasks.undecided(0, 1000) == before


def test_a_filter_that_is_off_finds_its_list_again() -> None:
    off = FilterSettings(keywords=(), openings=("Imagine",))
    on = switched_on(off, FilterSettings())
    assert on.keywords == FilterSettings().keywords
    assert on.openings == ("Imagine",)


def test_a_candidate_decided_on_meanwhile_is_seen_with_the_score_that_it_had(engine_on: OpenEngine) -> None:
    engine = engine_on()
    engine.decisions.accept(candidate(engine, RAIN))
    twin = candidate(engine, TEXTS[0])
    engine.decisions.reject(twin)
    lists = engine.settings.filters
    assert len(undecided(engine)) == 0
    decided = FilterColumns(lists, engine.language)
    at_once(look_at_decided(engine, decided))
    assert len(decided) == 2
    lenient = lists.model_copy(update={"rouge_l": 0.9})
    assert decided.differing(lists, lenient) == 1


def test_the_scores_are_against_the_pool_as_it_is_now(engine_on: OpenEngine) -> None:
    engine = engine_on()
    twin = candidate(engine, TEXTS[0])
    first = engine.workspace.tasks.add(RAIN, origin="model", at="now")
    stored = engine.workspace.tasks.get(first).standing
    with Workspace.open(engine.workspace.path) as other:
        Engine(other, resolve({})).decisions.accept(first)
    assert stored.state == "pending"
    columns = undecided(engine)
    flip = columns.flip(twin, engine.settings.filters)
    assert flip.score == pytest.approx(0.875)


def test_judging_again_tells_how_many_verdicts_turned(engine_on: OpenEngine) -> None:
    engine = engine_on()
    engine.decisions.accept(candidate(engine, RAIN))
    ids = [candidate(engine, text) for text in TEXTS]
    columns = undecided(engine)
    strict = FilterSettings(rouge_l=0.3, min_words=6)
    expected = columns.flips(strict).task_ids
    engine.assessor = Assessor(engine.workspace, strict, language("en"))
    assert at_once(reassess(engine)) == len(expected) > 0
    assert at_once(reassess(engine)) == 0
    verdicts = {task.id: task.verdict for task in engine.workspace.tasks.get_many(ids)}
    assert columns.flips(strict).task_ids == expected, "columns keep the verdicts that they were made with"
    assert all(verdicts[task_id] == columns.flip(task_id, strict).after for task_id in expected)


def test_the_scores_of_all_candidates_are_in_the_histogram(filled: Engine) -> None:
    columns = undecided(filled)
    assert sum(columns.histogram(20)) == len(columns) == len(TEXTS)
    assert columns.histogram(20)[17] == 1, "0.875 with the task of the pool"


def test_what_has_been_looked_at_so_far_is_good_at_every_step(filled: Engine) -> None:
    columns = FilterColumns(filled.settings.filters, filled.language)
    strict = FilterSettings(rouge_l=0.2)
    expected = undecided(filled).flips(strict).task_ids
    for number, done in enumerate(look_at_undecided(filled, columns), start=1):
        assert done == pytest.approx(number / len(TEXTS))
        assert set(columns.flips(strict).task_ids) <= set(expected)
    assert columns.flips(strict).task_ids == expected
