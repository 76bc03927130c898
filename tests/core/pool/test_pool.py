"""The pool in memory is what the workspace says, whichever way it was read."""

from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.core.errors import RefusedByFiltersError
from selfinstruct.core.filtering.settings import FilterSettings
from selfinstruct.core.language.registry import language
from selfinstruct.core.language.tokens import Vocabulary
from selfinstruct.core.pool import pool as pool_module
from selfinstruct.core.pool.assessor import Assessor
from selfinstruct.core.pool.pool import Pool
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.errors import WorkspaceError
from selfinstruct.db.records import Origin, Standing, State
from selfinstruct.db.sqlite.driver import sqlite3
from selfinstruct.db.workspace import Workspace
from tests.conftest import OpenEngine
from tests.unreadable import unreadable

ASKED = ["Name a fish number 3 of the sea.", "Sing about it.", "", "Write a poem about tree 5."]


def add(workspace: Workspace, instruction: str, state: State, origin: Origin = "model") -> int:
    task_id = workspace.tasks.add(instruction, origin=origin, at="now")
    if state != "pending":
        decide(workspace, task_id, state)
    return task_id


def decide(workspace: Workspace, task_id: int, state: State, instruction: str | None = None) -> None:
    before = workspace.tasks.get(task_id).standing
    after = Standing(state, instruction or before.instruction, before.label)
    step = workspace.decisions.next_step()
    workspace.decisions.add(task_id, "accept", step=step, who="human", at="now", before=before, after=after)


def caught_up(workspace: Workspace) -> Pool:
    pool = Pool(workspace, "en")
    pool.catch_up()
    return pool


def contents(pool: Pool) -> dict[str, object]:
    """All that can be asked of a pool."""
    indexes = {"accepted": pool.accepted, "waiting": pool.waiting}
    ids = {name: index.ids().tolist() for name, index in indexes.items()}
    nearest = {(name, text): index.nearest(text, 5) for name, index in indexes.items() for text in ASKED}
    counts = (pool.accepted_of_model, pool.last_decision)
    return {
        "ids": ids,
        "nearest": nearest,
        "seeds": [*pool.seed_ids],
        "others": [*pool.other_ids],
        "counts": counts,
    }


def without_image(workspace: Workspace) -> dict[str, object]:
    """What the tasks themselves say."""
    run_sql(workspace, "DELETE FROM similarity")
    return contents(caught_up(workspace))


def run_sql(workspace: Workspace, statement: str) -> None:
    connection = sqlite3.connect(workspace.path)
    with connection:
        connection.execute(statement)
    connection.close()


def test_a_pool_that_follows_is_the_pool_that_is_read_anew_after_every_step(workspace: Workspace) -> None:
    chance = Random(5)
    pool = caught_up(workspace)
    tasks: list[int] = []
    for number in range(60):
        for _ in range(chance.randrange(3)):
            state: State = chance.choice(("pending", "pending", "accepted", "rejected"))
            origin: Origin = chance.choice(("model", "human", "seed"))
            tasks.append(add(workspace, f"Name a fish number {len(tasks)} of the sea.", state, origin))
        if tasks:
            reworded = chance.choice((None, f"Sing about tree {number}."))
            decide(
                workspace, chance.choice(tasks), chance.choice(("pending", "accepted", "rejected")), reworded
            )
        pool.catch_up()
        anew = caught_up(workspace)
        assert contents(pool) == contents(anew)
        assert pool.last_task in {anew.last_task, *tasks}


@pytest.fixture
def kept(workspace: Workspace) -> Workspace:
    """A workspace with tasks of every state and origin, and an image of its pool."""
    with workspace.transaction():
        for number in range(40):
            state: State = ("accepted", "pending", "rejected", "accepted")[number % 4]
            origin: Origin = ("model", "model", "human", "seed", "imported")[number % 5]
            add(workspace, f"Name a fish number {number} of the sea.", state, origin)
    with workspace.transaction():
        caught_up(workspace).keep()
    return workspace


def test_a_pool_read_from_its_image_is_the_same(kept: Workspace) -> None:
    from_image = contents(caught_up(kept))
    assert from_image == without_image(kept)
    assert len(caught_up(kept).accepted) == 20


def test_a_pool_read_from_its_image_tokenizes_nothing(
    kept: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def encode(self: Vocabulary, texts: list[str]) -> None:
        raise AssertionError(texts)

    monkeypatch.setattr(Vocabulary, "encode", encode)
    assert len(caught_up(kept).accepted) == 20


def test_only_what_was_decided_since_the_image_is_tokenized(
    kept: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide(kept, 6, "accepted")
    add(kept, "Sing about it.", "pending")
    texts: list[str] = []
    encode = Vocabulary.encode

    def noted(self: Vocabulary, encoded: Sequence[str]) -> object:
        texts.extend(encoded)
        return encode(self, encoded)

    monkeypatch.setattr(Vocabulary, "encode", noted)
    caught_up(kept)
    assert set(texts) == {"Name a fish number 5 of the sea.", "Sing about it."}


def test_a_pool_in_another_language_is_kept_and_read_again(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = ["魚の名前を挙げて。", "ｶﾞの字を使って。", "그림을 그려라", "é e\u0301 Straße", "น้ำตาล", "…"]
    for text in texts:
        add(workspace, text, "accepted")
    pool = Pool(workspace, "ja")
    pool.catch_up()
    expected = [pool.accepted.nearest(text, 3) for text in texts]
    with workspace.transaction():
        pool.keep()
    monkeypatch.setattr(Vocabulary, "encode", None)
    again = Pool(workspace, "ja")
    again.catch_up()
    assert [again.accepted.nearest(text, 3) for text in texts] == expected


def test_what_happened_since_the_image_is_taken_in(kept: Workspace) -> None:
    decide(kept, 1, "rejected")
    decide(kept, 2, "accepted")
    decide(kept, 3, "pending", "Write a poem about tree 5.")
    decide(kept, 6, "pending", "Write a poem about tree 6.")
    add(kept, "Sing about the sea.", "accepted")
    add(kept, "Sing about it.", "pending")
    assert contents(caught_up(kept)) == without_image(kept)


@pytest.mark.parametrize(
    "harm",
    [
        "DELETE FROM similarity WHERE name = 'waiting'",
        "UPDATE similarity SET tokens = zeroblob(length(tokens))",
        "UPDATE similarity SET words = 'other ' || words",
        "UPDATE similarity SET ids = '', lengths = '', tokens = ''",
        "UPDATE similarity SET made_by = '0 en'",
        "UPDATE similarity SET last_decision = 100000",
        "UPDATE tasks SET state = 'rejected' WHERE id = 4",
        "UPDATE tasks SET state = 'accepted' WHERE id IN (2, 3)",
    ],
)
def test_an_image_that_is_wrong_is_not_trusted(kept: Workspace, harm: str) -> None:
    run_sql(kept, harm)
    assert contents(caught_up(kept)) == without_image(kept)


def test_an_image_of_another_language_is_not_trusted(kept: Workspace) -> None:
    run_sql(kept, "UPDATE tasks SET instruction = 'Sing about it.'")
    pool = Pool(kept, "xx")
    pool.catch_up()
    assert pool.accepted.nearest("Sing about it.")[0].score == 1


def test_an_old_image_is_left_for_the_tasks(kept: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "_TOO_OLD", 2)
    for task_id in (1, 2, 3):
        decide(kept, task_id, "accepted")
    assert contents(caught_up(kept)) == without_image(kept)


@pytest.mark.parametrize("has_image", [True, False])
def test_what_others_decide_while_the_pool_is_read_is_taken_in(
    kept: Workspace, has_image: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_module, "_AT_ONCE", 3)
    monkeypatch.setattr(pool_module, "_CHANGES_AT_ONCE", 1)
    if not has_image:
        run_sql(kept, "DELETE FROM similarity")
    decide(kept, 5, "rejected")
    decide(kept, 6, "accepted")
    pool = Pool(kept, "en")
    with Workspace.open(kept.path) as others:
        steps = 0
        while pool.read_some():
            steps += 1
            assert steps < 100, "it never ends while others go on"
            decide(others, steps, "accepted" if steps % 2 else "pending", f"Write a poem about tree {steps}.")
            add(others, f"Sing about {steps}.", "pending" if steps % 3 else "accepted")
    pool.catch_up()
    assert steps > 5
    assert contents(pool) == without_image(kept)


@pytest.mark.parametrize("has_image", [True, False])
@pytest.mark.parametrize("steps", [0, 1, 4])
def test_after_an_error_the_pool_is_read_anew_and_ready_only_when_it_is_whole(
    kept: Workspace, has_image: bool, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_module, "_AT_ONCE", 3)
    if not has_image:
        run_sql(kept, "DELETE FROM similarity")
    decide(kept, 6, "accepted")
    assessor = Assessor(kept, FilterSettings(), language("en"))
    for _ in range(steps):
        assert assessor.read_some()
    with unreadable(kept), pytest.raises(WorkspaceError):
        while assessor.read_some():
            pass
    assert not assessor.is_ready
    assert assessor.read_some(), "there is everything to read"
    while assessor.read_some():
        assert not assessor.is_ready
    assert assessor.is_ready
    assert contents(assessor._pool) == without_image(kept)


def test_a_copy_of_an_accepted_task_is_refused_after_the_pool_could_not_be_read(
    engine_on: OpenEngine, workspace: Workspace
) -> None:
    engine = engine_on()
    with workspace.transaction():
        for number in range(1500):
            add(workspace, f"Name fish {number} of the wide and open sea.", "accepted")
    copy = add(workspace, "Name fish 1499 of the wide and open sea.", "pending")
    assert engine.assessor.read_some()
    with unreadable(workspace), pytest.raises(WorkspaceError):
        engine.assessor.catch_up()
    with pytest.raises(RefusedByFiltersError, match="ROUGE-L 1.00"):
        engine.decisions.accept(copy)


def test_what_is_dropped_after_a_failed_step_is_not_ready(
    engine_on: OpenEngine, workspace: Workspace
) -> None:
    engine = engine_on()
    engine.assessor.catch_up()
    assert engine.assessor.is_ready
    with pytest.raises(ZeroDivisionError), engine.assessor.step():
        add(workspace, "Name a river.", "accepted")
        engine.assessor.catch_up()
        raise ZeroDivisionError
    assert not engine.assessor.is_ready


@pytest.mark.parametrize(("tasks", "images"), [(5, 0), (2100, 2)])
async def test_a_large_pool_is_kept_for_the_next_program(
    engine_on: OpenEngine, workspace: Workspace, tasks: int, images: int
) -> None:
    async with engine_on() as engine:
        with workspace.transaction():
            for number in range(tasks):
                add(workspace, f"Name fish {number}.", "accepted")
        await engine.read_pool()
        before = contents(engine.assessor._pool)
    assert len(workspace.similarity.read()) == images
    assert contents(caught_up(workspace)) == before


async def test_a_pool_that_was_not_read_to_its_end_is_not_kept(
    engine_on: OpenEngine, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_module, "_AT_ONCE", 100)
    monkeypatch.setattr(pool_module, "_WORTH_KEEPING", 100)
    async with engine_on() as engine:
        assert engine.assessor.read_some()
        assert engine.assessor._pool.is_worth_keeping
    assert workspace.similarity.read() == {}


async def test_a_large_pool_can_be_looked_at_without_writing(workspace: Workspace, tmp_path: Path) -> None:
    with workspace.transaction():
        for number in range(2100):
            add(workspace, f"Name fish {number}.", "accepted")
    with Workspace.open(workspace.path, read_only=True) as looked_at:
        async with Engine(looked_at, resolve({})) as engine:
            await engine.read_pool()
            assert len(engine.assessor.index) == 2100
    assert workspace.similarity.read() == {}
