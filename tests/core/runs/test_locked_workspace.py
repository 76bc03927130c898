"""While another program locks the workspace now and then, generation waits: nothing is lost or told twice."""

import asyncio
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from typing import Any

import pytest

from selfinstruct.core.events import (
    BatchCompleted,
    Event,
    GenerationPaused,
    RequestFailed,
    RequestPlanned,
    TaskInstantiated,
)
from selfinstruct.core.runs.outcome import Ended
from selfinstruct.core.runs.unattended import UnattendedRun
from selfinstruct.db.records import PASS
from selfinstruct.db.sqlite.driver import sqlite3
from selfinstruct.db.workspace import Workspace
from tests.conftest import OpenEngine
from tests.core.runs.attending import attending
from tests.server import Fault, ModelServer, error_body

_LOCKED_S = 0.15
"""Longer than a statement waits in a program with a screen."""


@contextmanager
def locked_at_each_statement(workspace: Workspace, *, occurrence: int) -> Iterator[set[str]]:
    """Let another program lock the workspace just before each statement that may find it locked.

    With a rollback journal, reads do as well. Each place in the code meets a lock once, at its nth time, so
    that a step that is carried out again gets further. Yields the places that met one.
    """
    assert workspace._db.execute("PRAGMA journal_mode = DELETE").fetchone() == ("delete",)
    workspace.lock_wait.stop_blocking()
    loop, seen, met = asyncio.get_running_loop(), Counter[str](), set[str]()
    with closing(sqlite3.connect(workspace.path, isolation_level=None, timeout=0)) as other:

        def release() -> None:
            with suppress(sqlite3.ProgrammingError):  # closed at the end of the block
                if other.in_transaction:
                    other.execute("ROLLBACK")

        def lock(sql: str) -> None:
            if workspace._db.in_transaction or other.in_transaction or sql.startswith("PRAGMA"):
                return
            place = _place()
            seen[place] += 1
            if seen[place] == occurrence:
                met.add(place)
                other.execute("BEGIN EXCLUSIVE")
                loop.call_later(_LOCKED_S, release)

        workspace._db.set_trace_callback(lock)
        try:
            yield met
        finally:
            workspace._db.set_trace_callback(None)
            release()


def _place() -> str:
    """Who asks for the statement that is about to run: the innermost functions of core."""
    frame, names = sys._getframe(1), list[str]()
    while frame.f_back is not None and len(names) < 2:
        frame = frame.f_back
        if "/core/" in (path := frame.f_code.co_filename) and "/tests/" not in path:
            names.append(f"{frame.f_code.co_qualname}:{frame.f_lineno}")
    return " < ".join(names)


@pytest.mark.parametrize("occurrence", [1, 2])
async def test_the_curator_goes_on_as_if_nothing_had_been(
    engine_on: OpenEngine, server: ModelServer, occurrence: int
) -> None:
    server.faults.append(Fault(400, error_body("unheard of")))
    engine = engine_on(
        base_url=server.url, model="m", requests_per_batch=2, batches_ahead=1, concurrency=2, rng_seed=1
    )
    workspace = engine.workspace
    async with attending(engine, server) as attended:
        with locked_at_each_statement(workspace, occurrence=occurrence) as met:
            attended.run._begun = attended.run._waiting = True
            attended.run.wake()
            await attended.told(BatchCompleted, 2)
            when_free = workspace.lock_wait.when_free
            tasks = await when_free(lambda: workspace.tasks.of_batch(1))
            for task_id in [task.id for task in tasks if task.verdict == PASS][:2]:
                await when_free(partial(engine.decisions.accept, task_id))
            attended.run.wake()
            await attended.told(TaskInstantiated, 2)
            while attended.run.under_way:  # noqa: ASYNC110 - the last one leaves without an event
                await asyncio.sleep(0)
        assert met
    assert attended.count(GenerationPaused) == 0
    assert attended.count(BatchCompleted) == 2
    assert attended.count(RequestFailed) == attended.run.failed == 1
    states = Counter(attended.states())
    assert states == {"failed": 1, "parsed": attended.count(RequestPlanned) - 1}


@pytest.mark.parametrize("occurrence", [1, 2])
async def test_an_unattended_run_that_waits_comes_to_its_target(
    engine_on: OpenEngine, occurrence: int
) -> None:
    engine = engine_on(target=6, requests_per_batch=2, concurrency=2, rng_seed=1)
    events: list[Event] = []
    async with engine:
        with ExitStack() as locked:

            def listen(event: Event) -> None:
                if not events:
                    locked.enter_context(locked_at_each_statement(engine.workspace, occurrence=occurrence))
                events.append(event)

            engine.listener = listen
            outcome = await UnattendedRun(engine).run()
    assert outcome.ended is Ended.DONE
    log = engine.workspace.request_log
    assert {request.state for request in log.get_many(log.ids("all"))} == {"parsed"}
    batches = [event.batch for event in events if isinstance(event, BatchCompleted)]
    assert sorted(batches) == [*range(1, engine.workspace.requests.last_batch() + 1)]


async def test_a_refused_embedding_request_counts_once(engine_on: OpenEngine, server: ModelServer) -> None:
    engine = engine_on(base_url=server.url, model="m", embeddings="e", concurrency=1)
    workspace = engine.workspace
    too_long = {task.instruction for task in workspace.tasks.seeds()[150:152]}

    def refuse(body: dict[str, Any]) -> Fault | None:
        return Fault(400, error_body("too long")) if too_long & set(body["input"]) else None

    server.refuse = refuse
    failed: list[int] = []
    async with engine:
        plan, _, _ = engine.planner.embed, engine.endpoint, engine.embeddings_endpoint
        with locked_at_each_statement(workspace, occurrence=1) as met:
            engine.listener = lambda event: (
                failed.append(event.request_id) if isinstance(event, RequestFailed) else None
            )
            await engine.run(plan=plan)
    assert any("GroupCommit" in place for place in met)
    assert failed == list(workspace.request_log.ids("failed"))[::-1]
    assert len(failed) == len(set(failed)) > 2
    assert workspace.vectors.refused_in_pool() == len(too_long)
