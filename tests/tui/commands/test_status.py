"""`selfinstruct status`: what it counts and costs, as lines and as JSON."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.core.filtering.registry import VERDICTS
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.records import NewInstance
from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.commands.selfinstruct import status_document
from selfinstruct.tui.text.safe_text import verdict_word
from tests.server import ModelServer, proposals_answer
from tests.tui.commands.running import auto, run

STATUS = {
    "pool": {"seed", "model", "imported", "human"},
    "candidates": {"undecided", "accepted", "rejected"},
    "verdicts": {"pass", "similar", "short", "keyword", "opening", "punctuation"},
    "labels": {"classification", "generation", "unclear"},
    "instances": {"kept", "dropped"},
    "export": {"rows", "of_tasks_not_accepted", "of_another_wording_or_label", "exact_duplicates"},
    "rowless": {"unclear_label", "no_instance", "dropped", "failed", "in_doubt", "unfinished"},
    "requests": {"planned", "sent", "answered", "failed", "in_doubt"},
    "jobs": {"out", "requests_out", "list"},
    "failures": {"propose", "embed", "classify", "instantiate"},
    "tokens": {"prompt", "completion"},
    "cost": {"usd", "attempts_of_unknown_cost", "reserved_usd", "unsettled_usd"},
    "sqlite": {"library", "version", "journal"},
}
"""The names that scripts rely on; of the verdicts those that the workspace of these tests has."""


def test_status_counts_seeds_model_tasks_and_several_verdicts(grown: Path) -> None:
    document = json.loads(run("status", "--db", grown, "--json").stdout)
    assert document["pool"] == {"seed": 175, "model": 50, "imported": 0, "human": 0}
    assert len(document["verdicts"]) >= 4
    assert sum(document["verdicts"].values()) == sum(document["candidates"].values())


def test_status_gives_costs_without_what_adding_up_leaves_at_their_end(grown: Path) -> None:
    with Workspace.open(grown) as workspace:
        counts = replace(workspace.counts(), cost_usd=0.10433800000000007, reserved_usd=0.1 + 0.2)
        cost = status_document(counts, workspace.training(), workspace.storage())["cost"]
    assert (cost["usd"], cost["reserved_usd"]) == (0.104338, 0.3)


def test_what_is_reserved_for_attempts_of_unknown_cost_is_said_in_usd(
    tmp_path: Path, server: ModelServer
) -> None:
    Path("selfinstruct.toml").write_text('[prices."m"]\ninput = 10\noutput = 30\n')
    server.faults.append(proposals_answer("Name a river of Europe."))
    path = tmp_path / "w.db"
    alone = auto("--db", path, "--base-url", server.url, "--model", "m", "--max-requests", "1")
    told = json.loads(run("status", "--db", path, "--json").stdout)["cost"]
    with Workspace.open(path) as workspace:
        reserved = workspace.requests.charged_usd()
    assert told["usd"] is None
    assert 0.03 < told["reserved_usd"] == pytest.approx(reserved)
    cost = f"unknown (${reserved:.4f} reserved)"
    assert f"Cost: {cost}." in alone.stdout
    assert f"cost         {cost}\n" in run("status", "--db", path).stdout


def test_what_is_reserved_for_requests_of_a_killed_program_is_said_in_usd(
    tmp_path: Path, server: ModelServer
) -> None:
    path = tmp_path / "w.db"
    settings = {"base_url": server.url, "model": "m", "prices": {"m": {"input": 10.0, "output": 30.0}}}
    with Workspace.open(path, create=True) as workspace:
        plan = Engine(workspace, resolve(settings)).planner
        sent = plan.propose(1)
        workspace.requests.begin_attempt(sent, {}, run_id=workspace.run_id, at="now")
        plan.propose(1)
        reserved = workspace.requests.charged_usd()
    told = json.loads(run("status", "--db", path, "--json").stdout)["cost"]
    assert (told["usd"], told["reserved_usd"]) == (None, 0)
    assert told["unsettled_usd"] == pytest.approx(reserved)
    cost = f"$0.00; ${reserved:.4f} reserved for unsettled requests"
    assert f"cost         {cost}\n" in run("status", "--db", path).stdout


def test_status_as_json_has_the_names_that_are_documented_and_that_the_lines_have(grown: Path) -> None:
    document = json.loads(run("status", "--db", grown, "--json").stdout)
    verdicts = set(document.pop("verdicts"))
    assert {name: set(numbers) for name, numbers in document.items()} == {
        name: names for name, names in STATUS.items() if name != "verdicts"
    }
    assert verdicts == {verdict_word(verdict).replace(" ", "_") for verdict in VERDICTS} & verdicts
    assert {"pass", "similar"} <= verdicts <= STATUS["verdicts"]
    lines = run("status", "--db", grown).stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(STATUS)


def test_status_reads_well(grown: Path) -> None:
    said = run("status", "--db", grown).stdout
    assert "175 seed, 50 model" in said
    # The words of the screens and of the filter line.
    assert " undecided" in said
    assert " similar" in said
    assert not any(word in said for word in ("pending", "too similar", "unknown"))
    assert "$0.00" in said


def test_status_and_export_say_why_there_are_fewer_rows_than_kept_instances(
    grown: Path, tmp_path: Path
) -> None:
    path = tmp_path / "w.db"
    shutil.copyfile(grown, path)
    with Workspace.open(path) as workspace:
        decisions = Engine(workspace, resolve({}, stored=workspace.settings.read())).decisions
        having = [t for t in workspace.tasks.accepted() if workspace.instances.kept([t]).get(t)]
        gone, relabelled, doubled = having[:3]
        kept = workspace.instances.kept([gone, relabelled])
        decisions.reject(gone)
        label = workspace.tasks.get(relabelled).label
        decisions.relabel(relabelled, "generation" if label == "classification" else "classification")
        task = workspace.tasks.get(doubled)
        same = next(one for one in workspace.instances.of_task(doubled) if one.state == "kept")
        assert task.label is not None
        new = NewInstance(same.input, same.output)
        workspace.instances.add(doubled, task.instruction, task.label, [new], request_id=None)
        all_kept = workspace.counts().instances["kept"]
    why = (
        f"{kept[gone]} of tasks that are not accepted, {kept[relabelled]} generated for another wording"
        " or label, 1 exact duplicate"
    )
    said = run("export", "--db", path, "--out", tmp_path / "t.jsonl").stdout
    assert f"Kept but not exported: {why}." in said
    rows = len((tmp_path / "t.jsonl").read_text().splitlines())
    assert f"{rows} rows; kept but not exported: {why}" in run("status", "--db", path).stdout
    training = json.loads(run("status", "--db", path, "--json").stdout)["export"]
    assert rows == training.pop("rows")
    assert all_kept == rows + sum(training.values())
