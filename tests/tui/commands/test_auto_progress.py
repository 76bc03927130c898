"""What an unattended run says at its end: what is unfinished, and commands that work as printed."""

import asyncio
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from selfinstruct.core.runs.unattended import UnattendedRun
from selfinstruct.db.records import Unfinished
from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.commands.auto_progress import _View
from selfinstruct.tui.commands.selfinstruct_tui import app
from tests.conftest import OpenEngine
from tests.server import Fault, ModelServer, chat_answer

DONE = Unfinished(labels=0, instances=0, held=0, failed=0)


def auto(*words: object) -> Result:
    return CliRunner().invoke(app, ["--auto", *map(str, words)])


def as_printed(said: str, before: str) -> list[str]:
    """Return the words of the command printed after some text."""
    line = next(line for line in said.splitlines() if before in line)
    program, flag, *words = shlex.split(line.partition(before)[2].partition(". Or in")[0])
    assert (program, flag) == ("selfinstruct-tui", "--auto")
    return words


def every_third_unclear(server: ModelServer) -> None:
    labels = 0

    def refuse(body: dict[str, Any]) -> Fault | None:
        nonlocal labels
        if not body["messages"][0]["content"].startswith("You sort tasks"):
            return None
        labels += 1
        return chat_answer("That depends.") if labels % 3 == 0 else None

    server.refuse = refuse


@pytest.mark.parametrize("concurrency", [1, 8])
def test_the_command_printed_at_the_request_limit_finishes_what_is_unfinished(
    tmp_path: Path, server: ModelServer, concurrency: int
) -> None:
    every_third_unclear(server)
    path = tmp_path / "w.db"
    flags = ("--base-url", server.url, "--model", "m", "--target", 100, "--concurrency", concurrency)
    said = auto("--db", path, *flags, "--max-requests", 20).stdout
    assert "Unfinished: " in said
    said = auto(*as_printed(said, "To resume: ")).stdout
    assert "Unfinished" not in said
    assert "Stopped at --max-requests: this workspace has had" in said
    with Workspace.open(path) as workspace:
        assert workspace.counts().unfinished == DONE
        unclear = workspace.counts().rowless.unclear_label
    assert unclear, "fewer requests were needed than the command allows for"

    said = auto(*as_printed(said, "To ask a model again: ")).stdout
    with Workspace.open(path) as workspace:
        assert workspace.counts().rowless.unclear_label < unclear
        assert workspace.counts().unfinished == DONE


def test_the_keys_that_it_names_are_the_persons_own(
    tmp_path: Path, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("selfinstruct.toml").write_text('[keys]\nrelabel = "f5"\nmore_instances = "f6"\n')
    every_third_unclear(server)
    said = auto("--base-url", server.url, "--model", "m", "--max-requests", 30).stdout
    assert "F5 sets a label, and on the Instances screen F6 asks for more and i adds one." in said


def test_a_limit_far_below_what_has_been_had_is_told_as_such_and_raised_in_each_command(
    tmp_path: Path, server: ModelServer
) -> None:
    every_third_unclear(server)
    path = tmp_path / "w.db"
    flags = ("--base-url", server.url, "--model", "m", "--concurrency", 1)
    auto("--db", path, *flags, "--max-requests", 30)
    said = auto("--db", path, "--max-requests", 5).stdout
    assert "this workspace has had 30 requests, more than the limit of 5." in said
    for before in ("To resume: ", "To ask a model again: "):
        words = as_printed(said, before)
        assert int(words[words.index("--max-requests") + 1]) > 30
    sent = len(server.received)
    auto(*as_printed(said, "To ask a model again: "))
    assert len(server.received) > sent


def test_new_tasks_are_proposed_only_while_the_request_limit_covers_the_accepted_ones(
    tmp_path: Path,
) -> None:
    path = tmp_path / "w.db"
    auto("--db", path, "--model", "offline", "--rng-seed", 1, "--concurrency", 8, "--max-requests", 100)
    with Workspace.open(path) as workspace:
        unfinished = workspace.counts().rowless.unfinished
    assert unfinished <= 8, "only the tasks of the last proposal are unfinished"


def test_each_amount_at_the_cost_limit_is_told_with_what_it_is_for(
    tmp_path: Path, server: ModelServer
) -> None:
    Path("selfinstruct.toml").write_text('[prices."m"]\ninput = 10\noutput = 30\n')
    path = tmp_path / "w.db"
    flags = ("--base-url", server.url, "--model", "m", "--concurrency", 1, "--rng-seed", 2)
    auto("--db", path, *flags, "--max-requests", 1, "--max-cost", 1)
    said = auto("--db", path, "--max-requests", 100, "--max-cost", 0.06).stdout
    told = re.search(r"([\d.]+) USD is enough for it, and ([\d.]+) USD for all unfinished tasks\.", said)
    assert told is not None, said
    assert float(told[1]) < float(told[2])
    words = as_printed(said, "To resume: ")
    assert words[words.index("--max-cost") + 1] == told[2]


def test_a_request_that_failed_because_of_its_answer_is_made_again_by_the_command_printed_for_it(
    tmp_path: Path, server: ModelServer
) -> None:
    waiting = [Fault(body=b'{"choices": [{"message": {}}]}')]

    def once(body: dict[str, Any]) -> Fault | None:
        is_label = body["messages"][0]["content"].startswith("You sort tasks")
        return waiting.pop() if is_label and waiting else None

    server.refuse = once
    path = tmp_path / "w.db"
    said = auto("--db", path, "--base-url", server.url, "--model", "m", "--target", 4).stdout
    assert "1 with a failed request" in said
    assert "To resume" not in said, "it would ask for nothing"
    auto(*as_printed(said, "To ask a model again: "))
    with Workspace.open(path) as workspace:
        assert workspace.counts().rowless.failed == 0


def test_what_is_filtered_out_is_told_of_this_run(tmp_path: Path) -> None:
    flags = ("--db", tmp_path / "w.db", "--model", "offline", "--rng-seed", 2)
    assert "\nFiltered out in this run: " in auto(*flags, "--target", 30).stdout
    assert "Filtered out" not in auto(*flags, "--target", 30).stdout


async def test_unfinished_tasks_are_told_alike_in_every_state_of_their_requests(
    engine_on: OpenEngine, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = engine_on(base_url=server.url, model="m", target=100)
    requests, tasks = engine.workspace.requests, engine.workspace.tasks
    things = ("river", "poet", "metal", "spice", "bridge", "dance", "fossil", "opera")
    ids = [tasks.add(f"{one} {one[::-1]} {one} {one * 2}", origin="human", at="now") for one in things]
    for task_id in ids:
        engine.decisions.accept(task_id)
    of_labels, of_instances = ids[:4], ids[4:]
    for task_id in of_instances:
        tasks.set_label(task_id, "generation")
    plan, run_id = engine.planner, engine.workspace.run_id
    for (_, planned, sent, answered), ask in ((of_labels, plan.classify), (of_instances, plan.instantiate)):
        ask(planned)
        requests.begin_attempt(ask(sent), {}, run_id=run_id, at="now")
        attempt = requests.begin_attempt(ask(answered), {}, run_id=run_id, at="now")
        assert attempt is not None
        requests.store_answer(attempt, http_status=200, body=b"{}", at="now")
    _View(engine, UnattendedRun(engine)).sum_up()
    said = capsys.readouterr().out
    assert "Without a row: 8 of 8 accepted tasks: 8 with unfinished requests." in said
    assert "Unfinished: 4 tasks without a label, 4 tasks without instances. To resume: " in said
    # Two for the label never asked for, one for each of the others, and one for instances never asked for.
    assert engine.planner.requests_needed() == 2 + 3 + 1


async def test_what_was_in_flight_when_a_run_stops_immediately_is_told_as_in_doubt(
    engine_on: OpenEngine, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    prices = {"m": {"input": 10.0, "output": 30.0}}
    engine = engine_on(base_url=server.url, model="m", target=100, concurrency=1, prices=prices)
    server.gate.clear()
    async with engine:
        run = UnattendedRun(engine)
        task = asyncio.ensure_future(run.run())
        assert await asyncio.to_thread(server.arrived.acquire, timeout=90)
        task.cancel()
        await asyncio.wait({task})
        _View(engine, run).sum_up()
    server.gate.set()
    said = capsys.readouterr().out
    assert re.search(r"1 request in doubt\. To resend those still needed: .* --resend$", said, re.MULTILINE)
