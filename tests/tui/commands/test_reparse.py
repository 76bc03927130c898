"""`selfinstruct reparse`: what it says, what it changes, how it ends."""

import hashlib
import subprocess
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.check.check import check
from selfinstruct.db.records import NewInstance, Reason
from selfinstruct.db.sqlite.driver import sqlite3
from selfinstruct.db.workspace import Workspace
from tests.core.reparsing.old_readings import Ledger, instances_in, tasks_in
from tests.core.requests.test_intake import OWN_PROMPTS
from tests.db.repair.test_repair import overwrite, page_of
from tests.journeys.terminal import PROGRAMS
from tests.tui.commands.running import auto, run

SEA, RAIN, TOWN = (
    "Write a poem about the sea in winter.",
    "Describe the smell of rain on warm stone.",
    "Plan a walk through an old town.",
)


def of_tasks(read: list[str]) -> list[str]:
    if read == [SEA]:
        return read
    return ["Here are the tasks:", *(f"**Title:** {one}" for one in read)][: len(read)]


def of_instances(read: list[NewInstance]) -> list[NewInstance]:
    return [replace(one, output=f"Output: {one.output}") for one in read]


def fill(ledger: Ledger) -> None:
    """Have answers read: tasks that are reworded, none and found, a label, instances, and one unread."""
    ledger.propose(RAIN, TOWN)
    task_id = ledger.accepted(SEA, "No")
    ledger.instances(task_id, ("the sea", "Waves."), ("the ice", "Ice and silence."))
    request_id = ledger.engine.planner.propose(9)
    body = b'{"choices": [{"message": {"content": "9. Count to ten in Latin."}, "finish_reason": "stop"}]}'
    ledger.body(request_id, body)
    ledger.workspace.requests.fail(request_id, "The answer has no text.")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A workspace with answers that an older reader has read."""
    path = tmp_path / "w.db"
    with Workspace.open(path, create=True) as workspace:
        fill(Ledger(Engine(workspace, resolve({})), of_tasks=of_tasks, of_instances=of_instances))
        workspace.end_run(at="then")
    return path


def content(path: Path) -> tuple[list[Any], list[Any]]:
    with Workspace.open(path, read_only=True) as workspace:
        return tasks_in(workspace), instances_in(workspace)


def files(path: Path) -> dict[str, str]:
    return {one.name: hashlib.sha256(one.read_bytes()).hexdigest() for one in path.parent.glob("w.db*")}


SAID = """\
Read 5 answers again:
tasks      1 reworded, 1 rejected as not a task, 1 found
instances  2 changed
answers    1 that could not be read and can be now

task 177
    before  “**Title:** Describe the smell of rain on warm stone.”
    after   “Describe the smell of rain on warm stone.”
task 176  no task  “Here are the tasks:”
request 1  found  “Plan a walk through an old town.”
task 178  instance
    before  “the sea ⇒ Output: Waves.”
    after   “the sea ⇒ Waves.”
task 178  instance
    before  “the ice ⇒ Output: Ice and silence.”
    after   “the ice ⇒ Ice and silence.”
request 5  can be read now, by the next run

"""


def test_a_dry_run_says_what_would_change_and_changes_nothing(path: Path) -> None:
    before = files(path)
    result = run("reparse", "--db", path, "--dry-run")
    assert result.exit_code == 0
    assert result.stdout == f"{SAID}Nothing was changed. Without --dry-run, this is applied.\n"
    assert files(path) == before


def test_it_says_the_same_before_it_applies_it_and_how_to_take_it_back(path: Path) -> None:
    result = run("reparse", "--db", path)
    assert result.exit_code == 0
    assert result.stdout == (
        f"{SAID}Applied, as one step of 7 decisions: u in the curator takes it back.\n"
        "One answer will be taken in by the next run; undo does not take that back.\n"
    )
    tasks, instances = content(path)
    assert {row[2] for row in tasks if row[1] != "rejected"} == {SEA, RAIN, TOWN}
    assert [row[3] for row in instances if row[4] == "kept"] == ["Waves.", "Ice and silence."]
    assert check(path).is_well


def test_it_names_the_key_that_takes_it_back_as_the_person_has_set_it(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("selfinstruct.toml").write_text('[keys]\nundo = "f6"\n')
    assert "F6 in the curator takes it back." in run("reparse", "--db", path).stdout


def test_a_second_time_there_is_nothing_to_change(path: Path) -> None:
    run("reparse", "--db", path)
    after = content(path)
    result = run("reparse", "--db", path)
    assert result.exit_code == 0
    assert result.stdout == "Read 4 answers again: there is nothing to change.\n"
    assert content(path) == after


def test_the_next_program_takes_it_back_in_one_step(path: Path) -> None:
    tasks, instances = content(path)
    run("reparse", "--db", path)
    with Workspace.open(path) as workspace:
        Engine(workspace, resolve({})).decisions.undo()
    after_tasks, after_instances = content(path)
    assert after_tasks[: len(tasks)] == tasks
    assert after_instances[: len(instances)] == instances


def test_the_next_run_takes_in_the_answers_that_can_be_read_now(path: Path) -> None:
    run("reparse", "--db", path)
    auto("--db", path, "--target", 1)
    assert "Count to ten in Latin." in {row[2] for row in content(path)[0]}


def test_what_is_spared_is_counted_with_the_reason(path: Path) -> None:
    with Workspace.open(path) as workspace:
        engine = Engine(workspace, resolve({}))
        engine.decisions.relabel(177, "generation")
        first, _ = workspace.instances.of_task(178)
        engine.decisions.instances.edit(first.id, "the sea", "Waves!")
    result = run("reparse", "--db", path, "--dry-run")
    assert "spared     1 task that a person has decided on, 1 instance that a person has decided on\n" in (
        result.stdout
    )
    assert "task 177" not in result.stdout


def test_what_has_to_be_requested_again_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "w.db"
    with Workspace.open(path, create=True) as workspace:
        ledger = Ledger(
            Engine(workspace, resolve({})),
            of_tasks=lambda read: [f"Poem task: {one}" if one == SEA else one for one in read],
            of_label=lambda label: "classification",
        )
        ledger.accepted(SEA)
        ledger.accepted(RAIN)
    result = run("reparse", "--db", path, "--dry-run")
    assert "requests   1 label to request again, instances of 2 tasks to request again\n" in result.stdout
    assert "label  classification → generation\n" in result.stdout


def test_instances_that_are_found_or_kept_now_are_shown_with_their_state(tmp_path: Path) -> None:
    def mistaken(read: list[NewInstance]) -> list[NewInstance]:
        return [replace(read[0], state="dropped", reason=Reason("cut", "It was cut.")), *read[2:]]

    path = tmp_path / "w.db"
    with Workspace.open(path, create=True) as workspace:
        ledger = Ledger(Engine(workspace, resolve({})), of_instances=mistaken)
        task_id = ledger.accepted(SEA)
        ledger.instances(task_id, ("the sea", "Waves."), ("the ice", ""), ("the sky", "Blue."))
    said = run("reparse", "--db", path, "--dry-run").stdout
    assert "instances  1 changed, 1 found\n" in said
    assert "task 176  instance kept  “the sea ⇒ Waves.”\n" in said
    assert "task 176  instance found, dropped  “the ice ⇒ ”: The output is empty.\n" in said


def test_hostile_text_is_shown_safely_and_shortened(tmp_path: Path) -> None:
    path = tmp_path / "w.db"
    with Workspace.open(path, create=True) as workspace:
        ledger = Ledger(Engine(workspace, resolve({})), of_tasks=lambda read: [f"**T:** {read[0]}"])
        ledger.propose("Say \x1b[31mred\x1b[0m \u202e" + "and more " * 100)
    said = run("reparse", "--db", path).stdout
    assert "\x1b" not in said
    assert "\u202e" not in said
    assert max(map(len, said.splitlines())) < 110


def test_of_many_changes_the_first_are_shown_and_the_others_counted(tmp_path: Path) -> None:
    path = tmp_path / "w.db"
    with Workspace.open(path, create=True) as workspace:
        ledger = Ledger(Engine(workspace, resolve({})), of_tasks=lambda read: [])
        ledger.propose(*(f"Write {number} lines about the number {number}." for number in range(25)))
    said = run("reparse", "--db", path, "--dry-run").stdout.splitlines()
    assert sum("  found  " in line for line in said) == 20
    assert "… and 5 more of this kind" in said


def test_answers_in_the_names_of_the_persons_own_prompts_are_read(tmp_path: Path) -> None:
    path, prompts = tmp_path / "w.db", tmp_path / "prompts.toml"
    prompts.write_text(OWN_PROMPTS, encoding="utf-8")
    with Workspace.open(path, create=True) as workspace:
        ledger = Ledger(Engine(workspace, resolve({"prompts": prompts})))
        task_id = ledger.accepted(SEA)
        ledger.answer(ledger.engine.planner.instantiate(task_id), "Eingabe: wren\nAusgabe: bird")
        assert [one.output for one in workspace.instances.of_task(task_id)] == ["bird"]
    before = content(path)
    assert run("reparse", "--db", path).stdout == "Read 3 answers again: there is nothing to change.\n"
    assert content(path) == before


@pytest.mark.parametrize("flags", [[], ["--dry-run"]])
def test_words_that_the_settings_file_has_got_read_the_stored_answers(
    tmp_path: Path, flags: list[str]
) -> None:
    path = tmp_path / "w.db"
    model = {"model": "m", "base_url": "http://localhost:9/v1", "api_key_env": "NO_SUCH_KEY"}
    with Workspace.open(path, create=True) as workspace:
        ledger = Ledger(Engine(workspace, resolve(model)))
        task_id = ledger.accepted(SEA, "Так.")
        assert workspace.tasks.get(task_id).label == "unknown"
        workspace.end_run(at="then")
    Path("selfinstruct.toml").write_text('[words]\nyes = ["так"]\n', encoding="utf-8")
    said = run("reparse", "--db", path, *flags)
    assert said.exit_code == 0
    assert "task 176  label  unclear → classification\n" in said.stdout
    with Workspace.open(path, read_only=True) as workspace:
        assert workspace.tasks.get(task_id).label == ("unknown" if flags else "classification")


def test_a_wrong_setting_in_the_file_is_told_and_not_remembered(path: Path) -> None:
    for wrong, told in (('theme = "drak"', "drak"), ("concurrency = 0", "concurrency")):
        Path("selfinstruct.toml").write_text(wrong)
        result = run("reparse", "--db", path)
        assert result.exit_code == 2
        assert told in result.stderr
        with Workspace.open(path, read_only=True) as workspace:
            assert workspace.settings.read() == {}


def test_prompts_that_are_gone_are_named(tmp_path: Path) -> None:
    path, prompts = tmp_path / "w.db", tmp_path / "prompts.toml"
    prompts.write_text(OWN_PROMPTS, encoding="utf-8")
    with Workspace.open(path, create=True) as workspace:
        Engine(workspace, resolve({"prompts": prompts}))
    prompts.unlink()
    for flags in ([], ["--dry-run"]):
        result = run("reparse", "--db", path, *flags)
        assert result.exit_code == 2
        assert "prompts.toml" in result.stderr
        assert len(result.stderr.splitlines()) == 1


def test_a_wording_that_the_filters_refuse_is_shown_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "w.db"
    with Workspace.open(path, create=True) as workspace:
        ledger = Ledger(
            Engine(workspace, resolve({})),
            of_tasks=lambda read: [one.replace("Draw a picture", "Write a poem") for one in read],
        )
        ledger.accepted("Draw a picture of the sea in winter.")
    said = run("reparse", "--db", path).stdout.splitlines()
    assert said[0] == "spared     1 wording that the filters refuse"
    assert said[1].startswith("task 176  spared  “Draw a picture of the sea in winter.”: ")
    assert said[2] == "Read 2 answers again: there is nothing to change."


@pytest.mark.parametrize("flags", [[], ["--dry-run"]])
def test_without_a_workspace_it_ends_with_2_and_makes_none(tmp_path: Path, flags: list[str]) -> None:
    result = run("reparse", "--db", tmp_path / "none.db", *flags)
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: ")
    assert list(tmp_path.glob("none*")) == []


@pytest.mark.parametrize("flags", [[], ["--dry-run"]])
def test_a_foreign_file_ends_with_one_sentence(tmp_path: Path, flags: list[str]) -> None:
    (tmp_path / "w.db").write_text("precious" * 1000)
    result = run("reparse", "--db", tmp_path / "w.db", *flags)
    assert result.exit_code == run("status", "--db", tmp_path / "w.db").exit_code
    assert len(result.stderr.splitlines()) == 1


def test_a_damaged_workspace_ends_with_1_and_says_what_to_do(path: Path) -> None:
    overwrite(path, page_of(path, "tasks"))
    result = run("reparse", "--db", path)
    assert result.exit_code == 1
    assert "selfinstruct check --db" in result.stderr


def test_a_locked_workspace_ends_with_1_and_nothing_is_changed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("selfinstruct.db.sqlite.connection.BUSY_TIMEOUT_S", 0.1)
    before = content(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        result = run("reparse", "--db", path)
        assert result.exit_code == 1
        assert len(result.stderr.splitlines()) == 1
        other.execute("ROLLBACK")
    assert content(path) == before


def test_after_a_kill_the_next_one_does_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "w.db"
    wordings = [f"Write {number} lines about the number {number}." for number in range(120)]
    with Workspace.open(path, create=True) as workspace:
        ledger = Ledger(
            Engine(workspace, resolve({})), of_tasks=lambda read: [f"**Title:** {one}" for one in read]
        )
        ledger.propose(*wordings)
        workspace.end_run(at="then")
    with (
        subprocess.Popen(
            [PROGRAMS / "selfinstruct", "reparse", "--db", path], stdout=subprocess.DEVNULL
        ) as one,
        Workspace.open(path, read_only=True) as beside,
    ):
        before = beside.decisions.last_id()
        while one.poll() is None and beside.decisions.last_id() == before:
            pass
        one.kill()
    assert check(path).is_well
    assert run("reparse", "--db", path).exit_code == 0
    assert [row[2] for row in content(path)[0]] == wordings
    assert check(path).is_well
    assert "nothing to change" in run("reparse", "--db", path).stdout
