"""Lookups answer without changing anything."""

from pathlib import Path

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.core.headless.lookup import Lookup
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.workspace import Workspace
from tests.core.decisions.candidates import candidate

RAIN, STONE = "Describe the smell of rain on warm stone.", "describe  the smell of rain on cold stone."


@pytest.fixture
def path(engine: Engine) -> Path:
    engine.decisions.accept(candidate(engine, RAIN))
    return engine.workspace.path


def test_a_text_gets_the_verdict_that_a_candidate_would_get(path: Path) -> None:
    with Workspace.open(path, read_only=True) as workspace:
        found = Lookup(workspace, resolve({})).search(STONE, k=3)
    assert found.text == "Describe the smell of rain on cold stone."
    assert found.assessment.verdict == "too_similar"
    assert found.neighbours[0].id == 176
    assert len(found.neighbours) == 3


def test_it_follows_the_pool_from_question_to_question(engine: Engine, path: Path) -> None:
    with Workspace.open(path, read_only=True) as workspace:
        lookup = Lookup(workspace, resolve({}))
        assert lookup.search("Name four fish of the sea.").assessment.verdict == "pass"
        engine.decisions.accept(candidate(engine, "Name five fish of the sea."))
        assert lookup.search("Name four fish of the sea.").assessment.verdict == "too_similar"


def test_the_filters_of_the_next_run_apply_and_are_not_stored(path: Path) -> None:
    with Workspace.open(path) as workspace:
        before = workspace.settings.read()
        lookup = Lookup(workspace, resolve({"filters": {"rouge_l": 0.95}}))
        assert lookup.search(STONE).assessment.verdict == "pass"
        assert workspace.settings.read() == before


def test_the_neighbours_of_a_task_do_not_include_itself(path: Path) -> None:
    with Workspace.open(path, read_only=True) as workspace:
        near = Lookup(workspace, resolve({})).neighbours(176, RAIN, k=4)
    assert len(near) == 4
    assert 176 not in {one.id for one in near}
