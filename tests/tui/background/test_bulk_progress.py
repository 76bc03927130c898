"""One key on hundreds of tasks: the screen goes on, says how far it is, and a person can stop it."""

from collections import Counter
from collections.abc import AsyncIterator

import pytest
from textual import events

from selfinstruct.core.decisions import tasks as decisions
from tests.conftest import OpenEngine
from tests.tui.curating import Curator, curating

pytestmark = pytest.mark.long

_TASKS = 300


@pytest.fixture
async def marked(engine_on: OpenEngine, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Curator]:
    """A curator with hundreds of candidates, all of them marked; a step takes a few at a time."""
    monkeypatch.setattr(decisions, "_A_SLICE", 8)
    engine = engine_on(batches_ahead=0)
    tasks = engine.workspace.tasks
    with engine.workspace.transaction():
        for count in range(_TASKS):
            task_id = tasks.add(f"Name {count}.", origin="model", at="now", batch=1, held=True)
            tasks.assess(task_id, "pass", [], None)
    async with curating(engine) as curator:
        await curator.press("asterisk")
        assert len(curator.table.marked) == _TASKS
        yield curator


def states(curator: Curator) -> Counter[str]:
    return Counter(task.state for task in map(curator.task, curator.table.ids))


async def burst(curator: Curator, *keys: str) -> None:
    """Keys as fast as they can be, all of them before the step is over."""
    for key in keys:
        curator.app.post_message(events.Key(key, key if len(key) == 1 else None))
    await curator.pilot.pause(0)


async def over(curator: Curator) -> None:
    await curator.until(
        lambda: curator.app.session.long_step is None and "of 300" in curator.shown("#message")
    )


async def test_it_says_how_far_it_is_and_other_decisions_wait(marked: Curator) -> None:
    await burst(marked, "r", "down", "a")
    await marked.until(lambda: "has to wait" in marked.shown("#message"))
    said = marked.shown("#message")
    assert "Rejecting 300 tasks: " in said
    assert "% done. Esc stops here." in said
    assert "Accept has to wait until then." in said
    await over(marked)
    assert marked.shown("#message") == "Rejected 300 of 300."
    assert states(marked) == {"rejected": _TASKS}
    assert marked.table.marked == []


async def test_escape_stops_it_and_what_is_done_is_one_step(marked: Curator) -> None:
    await burst(marked, "r", "escape")
    await over(marked)
    done = states(marked)["rejected"]
    assert 0 < done < _TASKS
    left = _TASKS - done
    assert marked.shown("#message") == (
        f"Rejected {done} of 300. Stopped before the other {left}; u undoes what was done."
        f" {left} stay marked; Esc clears the marks."
    )
    assert len(marked.table.marked) == left
    await marked.press("u")
    assert states(marked) == {"pending": _TASKS}


async def test_it_goes_on_while_the_person_looks_at_another_screen(marked: Curator) -> None:
    await burst(marked, "r", "6")
    await marked.until(lambda: marked.app.at_hand.NAME == "overview" and marked.app.at_hand.is_up)
    await over(marked)
    assert marked.shown("#message") == "Rejected 300 of 300."


async def test_quitting_stops_it_first_and_keeps_what_is_done(marked: Curator) -> None:
    await burst(marked, "r", "q")
    await over(marked)
    assert "Stopped before the other" in marked.shown("#message")
    assert marked.app.is_running
    await marked.press("q")
    await marked.until(lambda: not marked.app.is_running)


async def test_filters_and_settings_wait_for_its_end(marked: Curator) -> None:
    before = marked.app.engine.settings
    await marked.press("4")
    await marked.until(lambda: marked.app.at_hand.NAME == "preview" and marked.app.at_hand.is_up)
    await marked.press("right", "1")
    await burst(marked, "r", "4", "ctrl+s")
    await marked.until(lambda: "Apply has to wait until then." in marked.shown("#message"))
    assert marked.app.engine.settings == before
    await over(marked)
    await marked.press("ctrl+s")
    await marked.until(lambda: "Applied" in marked.shown("#message"))
