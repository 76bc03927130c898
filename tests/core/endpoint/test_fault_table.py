"""Whatever the endpoint does, the program goes on or stops with a sentence: one row for each fault."""

import json
import random
import re
from contextlib import closing
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.core.errors import EndpointUnusableError
from selfinstruct.core.events import Event, RequestFailed
from selfinstruct.db.records import Request
from selfinstruct.db.sqlite.driver import sqlite3
from selfinstruct.db.workspace import Workspace
from tests.conftest import OpenEngine
from tests.fault_rows import GOOD, Row
from tests.fault_table import FAULTS
from tests.faulty import FaultyServer, head, wire

LONGEST_SENTENCE = 1000


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits that are asked for; none of them is waited for."""
    asked: list[float] = []

    def note(seconds: float, chance: random.Random) -> float:
        asked.append(seconds)
        return 0.0

    monkeypatch.setattr("selfinstruct.core.endpoint.throttle.jittered", note)
    monkeypatch.setattr("selfinstruct.core.requests.sender.jittered", note)
    return asked


async def carry_out(engine: Engine, told: list[str], *, of_task: int | None = None) -> Request:
    """Send one request and take in what comes; what a person reads of it is in `told`.

    It asks for new tasks, or for the instances of the task `of_task`.
    """

    def listen(event: Event) -> None:
        if isinstance(event, RequestFailed):
            told.append(event.sentence)

    engine.listener = listen
    planner = engine.planner
    request_id = planner.propose(1) if of_task is None else planner.instantiate(of_task)
    remaining = iter([request_id])
    try:
        await engine.run(plan=lambda: next(remaining, None))
    except EndpointUnusableError as error:
        told.append(f"ends: {error}")
    return engine.workspace.requests.get(request_id)


@pytest.mark.parametrize("row", FAULTS, ids=lambda row: row.name)
async def test_a_fault_is_counted_stored_and_told(
    engine_on: OpenEngine, waits: list[float], monkeypatch: pytest.MonkeyPatch, row: Row
) -> None:
    monkeypatch.setenv("ROW_KEY", "sk-canary")
    with FaultyServer() as server, FaultyServer() as other:
        server.other = other.url.removesuffix("/v1")
        server.plays.extend(row.plays)
        server.always = row.plays[-1] if row.always else None
        settings = {"base_url": server.url + row.path, "model": "m", "timeout_s": 20.0, **row.settings}
        async with engine_on(**settings) as engine:
            told: list[str] = []
            of_task = None if row.rows is None else task_with_label(engine)
            request = await carry_out(engine, told, of_task=of_task)
            assert {one.path.partition("?")[0] for one in server.seen} == {"/v1/chat/completions"}
            assert len(server.seen) == row.requests
            assert request.state == ("parsed" if row.outcome == "parsed" else "failed")
            assert waits == pytest.approx(list(row.waits), abs=5)
            compare_sentences(row, request, told)
            compare_attempts(engine.workspace.path, server, row)
            compare_what_is_kept(row, request, engine.workspace)
            if row.dropped:
                assert row.dropped in server.seen[0].body
                assert row.dropped not in server.seen[-1].body
            first, last = json.dumps(server.seen[0].body), json.dumps(server.seen[-1].body)
            if row.changed:
                assert row.changed in first
                assert row.changed not in last
                assert row.changed.partition(":")[0] in last
            if row.added:
                assert row.added not in first
                assert row.added in last
            if row.form:
                assert form_of(server.seen[-1].body) == row.form
            # Whatever it was, the next request is answered.
            server.plays.clear()
            server.always = None
            told.clear()
            assert (await carry_out(engine, told)).state == "parsed"
            assert told == []
            assert len(server.seen) == row.requests + 1
        assert other.seen == [], "nothing of ours goes to where a redirection leads"


async def test_junk_after_an_answer_costs_one_more_request_at_most(
    engine_on: OpenEngine, waits: list[float]
) -> None:
    junk = wire(head(length=len(GOOD)), GOOD, b"junk\r\n" * 9, ending="goes on")
    with FaultyServer() as server:
        server.always = junk
        async with engine_on(base_url=server.url, model="m", timeout_s=20.0) as engine:
            told: list[str] = []
            for number in (1, 2, 3):
                assert (await carry_out(engine, told)).state == "parsed"
                assert len(server.seen) <= 2 * number
            assert told == []


def task_with_label(engine: Engine) -> int:
    """A new task that is no classification; returns its id."""
    tasks = engine.workspace.tasks
    task_id = tasks.add("Say what kind of thing it is.", origin="model", at="now", held=True, batch=1)
    tasks.set_label(task_id, "generation")
    return task_id


def compare_what_is_kept(row: Row, request: Request, workspace: Workspace) -> None:
    """Of the text that came, the tasks or the rows that it holds, and no others."""
    if row.tasks is not None:
        proposed = workspace.tasks.proposed_in(request.id, request.batch)
        assert tuple(task.instruction for task in proposed) == row.tasks
    if row.rows is not None:
        assert request.task_id is not None
        found = workspace.instances.of_task(request.task_id)
        assert tuple((one.input, one.output) for one in found if one.state == "kept") == row.rows


def form_of(body: dict[str, Any]) -> str:
    """How a request asks for JSON."""
    asked = body.get("response_format")
    if asked is None:
        return "text"
    return str(asked["type"]) + (" with schema" if "schema" in asked else "")


def compare_sentences(row: Row, request: Request, told: list[str]) -> None:
    """What a person reads: nothing, that the request has failed, and, if so, why the program ends."""
    assert [sentence.startswith("ends: ") for sentence in told] == {
        "parsed": [],
        "failed": [False],
        "ends": [False, True],
    }[row.outcome]
    assert (request.error is None) == (row.outcome == "parsed")
    if told:
        assert re.search(row.said, told[-1])
        assert all(len(sentence) <= LONGEST_SENTENCE for sentence in told)
        assert all(sentence.rstrip().endswith((".", "!", "?", request.error or "")) for sentence in told)


def compare_attempts(path: Path, server: FaultyServer, row: Row) -> None:
    """Every attempt has its row, with the very bytes that came, up to the bound."""
    with closing(sqlite3.connect(path)) as db:
        stored = db.execute("SELECT body FROM attempts ORDER BY id").fetchall()
        counted = db.execute("SELECT prompt_tokens, completion_tokens FROM attempts ORDER BY id").fetchall()
    for (body,), play in zip_longest(stored, server.told):
        if play.stored is not None:
            assert body == play.stored
        else:
            assert body in b"".join(play.pieces())
    if row.usage is not None:
        assert counted[-1] == row.usage
