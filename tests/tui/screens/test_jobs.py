"""Requests that are out in a job of a Batch API: the curator shows them, and leaves them alone."""

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.db.workspace import Workspace
from tests.conftest import OpenEngine
from tests.server import ModelServer
from tests.tui.curating import curating, shown
from tests.tui.screens.requests_screen import in_batch, line, open_requests, title

pytestmark = pytest.mark.long


def leave_out(engine: Engine, *, is_sent: bool) -> None:
    """What an unattended run leaves behind: two requests, in a job that has not ended."""
    workspace: Workspace = engine.workspace
    ids = [engine.planner.propose(1, held=False) for _ in range(2)]
    job = workspace.jobs.begin(
        "token",
        [(request_id, {}) for request_id in ids],
        base_url=engine.settings.address,
        model=engine.settings.model,
        api="chat",
        price=0.5,
        run_id=workspace.run_id,
        at="2026-01-02T12:00:00+00:00",
    )
    assert job is not None
    if is_sent:
        workspace.jobs.creating(job.id, at="now")
        workspace.jobs.created(job.id, "batch_1")
        workspace.jobs.note(
            job.id, status="in_progress", completed=0, failed=0, expires_at="2026-01-03T12:00:00+00:00"
        )
    workspace.end_run(at="now")


async def test_the_curator_says_what_is_out_and_shows_it_among_the_requests(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    engine = engine_on(base_url=server.url, model="m", batches_ahead=0)
    leave_out(engine, is_sent=True)
    async with curating(engine, size=(160, 50)) as curator:
        await shown(curator, "2 requests are out in batch job batch_1 since 2026-01-0", "--auto takes their")
        await open_requests(curator)
        assert "in flight 2" in title(curator)
        assert "out in batch job batch_1" in line(curator, 1)
        # In the detail, where it wraps.
        await shown(curator, "It is out in batch job", "at the latest.")


async def test_a_job_that_was_never_sent_is_told_as_such(engine_on: OpenEngine, server: ModelServer) -> None:
    engine = engine_on(base_url=server.url, model="m", batches_ahead=0)
    leave_out(engine, is_sent=False)
    async with curating(engine, size=(160, 50)) as curator:
        await shown(curator, "2 requests are in batch job token, which is not sent yet.")


async def test_the_curator_works_on_beside_a_job_and_sends_nothing_of_it(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    engine = engine_on(base_url=server.url, model="m", batches_ahead=0, requests_per_batch=1)
    leave_out(engine, is_sent=True)
    async with curating(engine) as curator:
        await in_batch(curator)
        await open_requests(curator, "t")
        await shown(curator, "has not failed")
    records = [engine.workspace.request_log.record(request_id) for request_id in (1, 2)]
    assert [len(record.attempts) for record in records] == [1, 1]
    assert [engine.workspace.requests.get(request_id).state for request_id in (1, 2)] == ["sent", "sent"]
    assert [out.requests for out in engine.workspace.jobs.out()] == [2]
