"""While generation is paused, every screen says why and which key goes on, and nothing promises a request."""

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.core.events import BatchCompleted
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.workspace import Workspace
from tests.conftest import OpenEngine
from tests.server import Fault, ModelServer, error_body
from tests.tui.curating import Curator, curating

pytestmark = pytest.mark.long

SWIM = "Name a fish that swims upstream in spring."


def why_none(curator: Curator) -> str:
    """What Instances says above the instances of the selected task."""
    return curator.shown("#instances-head")


@pytest.fixture
def one_candidate(workspace: Workspace) -> Engine:
    engine = Engine(workspace, resolve({"rng_seed": 1, "batches_ahead": 0, "keys": {"pause": "f5"}}))
    engine.assess([workspace.tasks.add(SWIM, origin="model", at="now", batch=0, held=True)])
    return engine


async def test_a_task_accepted_during_a_pause_says_that_nothing_is_sent_and_which_key_goes_on(
    one_candidate: Engine, workspace: Workspace
) -> None:
    async with curating(one_candidate) as curator:
        await curator.press("2", "g", "f5", "a", "g", "c")
        assert "Generation is paused; F5 resumes it." in " ".join((await curator.detail()).split())
        await curator.press("3")
        await curator.until(lambda: "sent yet. Generation is paused; F5 resumes it." in why_none(curator))
        assert "No request for instances has been sent yet." in why_none(curator)
        await curator.press("f5")
        await curator.until(lambda: "sent yet" not in why_none(curator))
        await curator.until(lambda: workspace.requests.count() > 0)


@pytest.mark.parametrize("screen", "1234567")
async def test_the_reason_for_a_pause_is_on_every_screen_and_comes_back_after_other_messages(
    engine_on: OpenEngine, server: ModelServer, screen: str
) -> None:
    server.refuse = lambda body: Fault(401, error_body("wrong key"))
    async with curating(engine_on(base_url=server.url, model="m")) as curator:
        await curator.press("n")
        await curator.until(lambda: "wrong key" in curator.shown("#message"))
        await curator.press(screen)
        await curator.until(lambda: curator.shown("#message").endswith("tries again."))
        assert "wrong key" in curator.shown("#message")
        curator.app.at_hand.say("Something else.")
        assert curator.shown("#message") == "Something else."
        curator.app.at_hand.forget()
        assert "wrong key" in curator.shown("#message")
        server.refuse = lambda body: None
        await curator.press("p")
        assert "wrong key" not in curator.shown("#message")


async def test_a_pause_of_ones_own_is_told_without_alarm_and_is_over_with_its_key(
    one_candidate: Engine,
) -> None:
    async with curating(one_candidate) as curator:
        await curator.press("f5", "6")
        assert curator.shown("#message") == "Generation is paused; F5 resumes it."
        assert not curator.app.at_hand.said[1]
        await curator.press("f5", "7")
        assert "paused" not in curator.shown("#message")


async def test_a_pause_at_the_limit_on_requests_says_where_to_raise_it(workspace: Workspace) -> None:
    limited = resolve({"max_requests": 1, "requests_per_batch": 1, "batches_ahead": 0})
    async with curating(Engine(workspace, limited)) as curator:
        await curator.press("n")
        await curator.wait_for(BatchCompleted)
        await curator.press("A")
        await curator.until(lambda: "paused" in curator.shown("#status"))
        await curator.press("3")
        await curator.until(lambda: "Generation is paused at max_requests; raise" in why_none(curator))
        assert "settings (7)" in curator.shown("#message")


async def test_who_only_looks_is_promised_no_request(one_candidate: Engine, workspace: Workspace) -> None:
    one_candidate.decisions.accept(workspace.tasks.last_id())
    await one_candidate.close()
    path = workspace.path
    workspace.close()
    with Workspace.open(path, read_only=True) as looked_at:
        async with curating(Engine(looked_at, resolve({}, stored=looked_at.settings.read()))) as curator:
            await curator.press("3")
            await curator.until(lambda: "sent yet. This program only looks" in why_none(curator))
