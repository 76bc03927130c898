"""Exports are listed with their options and hash, and compared row by row."""

import json
from pathlib import Path

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.core.export.history import exported_row
from selfinstruct.db.records import NewInstance
from tests.conftest import OpenEngine
from tests.tui.commands.running import run


@pytest.fixture
def engine(engine_on: OpenEngine) -> Engine:
    return engine_on()


def remember(engine: Engine, path: str, *, person: str | None = None) -> int:
    rows = [exported_row(row) for row in engine.workspace.instances.training_rows(include_seeds=False)]
    return engine.workspace.exports.add(
        path,
        format_name="messages",
        options={"include_seeds": False, "rng_seed": 3},
        rows=rows,
        sha256="0123456789abcdef" * 4,
        at=f"2026-12-01T09:3{len(engine.workspace.exports.all())}:00+00:00",
        person=person,
    )


def add_rows(engine: Engine, *outputs: str) -> int:
    task_id = engine.workspace.tasks.add(
        "Name a river in Europe.", origin="model", at="now", label="generation"
    )
    engine.assess([task_id])
    engine.decisions.accept(task_id)
    made = [NewInstance("", output) for output in outputs]
    engine.workspace.instances.add(task_id, "Name a river in Europe.", "generation", made, request_id=None)
    return task_id


def test_each_export_is_a_line_with_its_number_time_rows_hash_path_person_and_options(engine: Engine) -> None:
    add_rows(engine, "The Rhine.", "The Po.")
    remember(engine, "a.jsonl", person="anna")
    db = engine.workspace.path
    done = run("exports", "--db", db)
    assert done.exit_code == 0
    (line,) = done.stdout.splitlines()
    assert line.split("  ")[-3:] == ["a.jsonl", "by anna", "rng_seed=3"]
    for told in ("1  2026-12-01 09:30", "messages", "2 rows", "0123456789ab"):
        assert told in line
    (document,) = map(json.loads, run("exports", "--db", db, "--json").stdout.splitlines())
    assert (document["id"], document["rows"], document["sha256"]) == (1, 2, "0123456789abcdef" * 4)


def test_without_exports_nothing_is_listed_and_it_is_said(engine: Engine) -> None:
    done = run("exports", "--db", engine.workspace.path)
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "Nothing was exported yet.\n")


def test_rows_that_came_went_and_changed_are_told(engine: Engine) -> None:
    task_id = add_rows(engine, "The Rhine.", "The Po.", "The Inn.")
    remember(engine, "a.jsonl")
    rhine, po, _ = engine.workspace.instances.of_task(task_id)
    engine.decisions.instances.edit(rhine.id, "", "The Rhône.")
    engine.decisions.instances.drop(po.id)
    engine.decisions.instances.add(task_id, "", "The Ems.")
    remember(engine, "b.jsonl")
    db = engine.workspace.path
    told = [
        f"+ task {task_id}  “Name a river in Europe. ⇒ The Ems.”",
        f"- task {task_id}  “Name a river in Europe. ⇒ The Po.”",
        f"~ task {task_id}",
        "    before  “Name a river in Europe. ⇒ The Rhine.”",
        "    after   “Name a river in Europe. ⇒ The Rhône.”",
        "1 came, 1 went, 1 changed, 1 the same.",
    ]
    for words in (("1", "2"), ("a.jsonl", "b.jsonl"), ("1",), ("1", "now")):
        assert run("diff", *words, "--db", db).stdout.splitlines() == told
    assert run("diff", "2", "now", "--db", db).stdout == "0 came, 0 went, 0 changed, 3 the same.\n"
    documents = [json.loads(line) for line in run("diff", "1", "2", "--db", db, "--json").stdout.splitlines()]
    assert [one["change"] for one in documents] == ["came", "went", "changed"]
    assert documents[2]["after"]["output"] == "The Rhône."


@pytest.mark.parametrize("name", ["3", "0", "c.jsonl", "01", "٣"])
def test_an_export_that_does_not_exist_is_told_with_what_to_give(engine: Engine, name: str) -> None:
    add_rows(engine, "The Rhine.")
    db = engine.workspace.path
    assert "has no export yet" in run("diff", name, "--db", db).stderr
    remember(engine, "a.jsonl")
    done = run("diff", name, "--db", db)
    assert done.exit_code == 2
    assert f"There is no export '{name}'. Give a number from 1 to 1" in done.stderr


def test_there_is_nothing_to_list_without_a_workspace(tmp_path: Path) -> None:
    for words in (("exports",), ("diff", "1")):
        done = run(*words, "--db", tmp_path / "none.db")
        assert done.exit_code == 2
        assert done.stderr.startswith("Error: ")
