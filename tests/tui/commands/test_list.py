"""`selfinstruct list`, `show` and `search`: what scripts read."""

import json
import stat
import subprocess
from pathlib import Path
from typing import Any, get_args

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.records import Conversation, NewInstance, Order, TaskQuery, Turn
from selfinstruct.db.workspace import Workspace
from tests.core.decisions.candidates import candidate
from tests.journeys.terminal import PROGRAMS
from tests.tui.commands.running import run

HOSTILE = "Say \x1b[31mred\x1b[0m \u202e \x9b and “雨” in one word."
RAIN = "Describe the smell of rain on warm stone."


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A workspace with an accepted task that has instances, a filtered candidate, and one with odd text."""
    path = tmp_path / "w.db"
    with Workspace.open(path, create=True) as workspace:
        engine = Engine(workspace, resolve({}))
        workspace.decisions.person = "anna"
        rain = candidate(engine, RAIN)
        engine.decisions.accept(rain)
        engine.decisions.relabel(rain, "generation")
        talk = Conversation("Be brief.", (Turn("assistant", "Which stone?"), Turn("user", "Slate.")))
        made = [NewInstance("", "Sweet.", conversation=talk, thoughts="Hm."), NewInstance("slate", "Dusty.")]
        _, other = workspace.instances.add(rain, RAIN, "generation", made, request_id=None)
        engine.decisions.instances.drop(other)
        candidate(engine, "Describe the smell of rain on cold stone.")
        workspace.tasks.add(HOSTILE, origin="human", at="now")
        workspace.suggestions.add(177, "reject", reason="off topic", person="bot", at="now")
    return path


def test_each_task_is_an_object_in_the_words_of_the_screens(path: Path) -> None:
    (task,) = objects(run("list", "--db", path, "--json", "--where", "id:176").stdout)
    nearest = task.pop("nearest")
    assert nearest["instruction"]
    assert 0 < task.pop("score") < 0.7
    assert task == {
        "id": 176,
        "instruction": RAIN,
        "state": "accepted",
        "verdict": "pass",
        "label": "generation",
        "origin": "model",
        "batch": None,
        "reasons": [],
        "instances": [
            {
                "id": task["instances"][0]["id"],
                "input": "",
                "output": "Sweet.",
                "state": "kept",
                "reason": None,
                "conversation": {
                    "system": "Be brief.",
                    "turns": [
                        {"role": "assistant", "content": "Which stone?"},
                        {"role": "user", "content": "Slate."},
                    ],
                },
                "thoughts": "Hm.",
            },
            {
                "id": task["instances"][1]["id"],
                "input": "slate",
                "output": "Dusty.",
                "state": "dropped",
                "reason": {"code": "by_hand", "sentence": "By a person."},
            },
        ],
        "decided_by": ["anna"],
        "suggestions": [],
    }
    (filtered,) = objects(run("list", "--db", path, "--json", "--where", "id:177").stdout)
    assert (filtered["state"], filtered["verdict"], filtered["nearest"]["id"]) == (
        "undecided",
        "similar",
        176,
    )
    assert [reason["code"] for reason in filtered["reasons"]] == ["similar"]
    assert filtered["reasons"][0]["sentence"].startswith("ROUGE-L 0.88")
    assert filtered["suggestions"] == [
        {"decision": "reject", "instruction": None, "reason": "off topic", "by": "bot", "at": "now"}
    ]


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        ("origin:model", [177, 176]),
        ("state:undecided verdict:similar", [177]),
        ("suggested:reject", [177]),
        ("by:Anna", [176]),
        ("smell warm", [176]),
        ("雨", [178]),
        ("nowhere", []),
    ],
)
def test_the_filter_line_is_that_of_the_curator(path: Path, where: str, ids: list[int]) -> None:
    done = run("list", "--db", path, "--json", "--where", where)
    assert done.exit_code == 0
    assert [task["id"] for task in objects(done.stdout)] == ids


@pytest.mark.parametrize("order", get_args(Order))
def test_the_order_is_that_of_the_curator_and_a_limit_ends_it(path: Path, order: Order) -> None:
    with Workspace.open(path) as workspace:
        wanted = list(workspace.tasks.search(TaskQuery(), order))
    found = objects(run("list", "--db", path, "--json", "--order", order).stdout)
    assert [task["id"] for task in found] == wanted
    few = objects(run("list", "--db", path, "--json", "--order", order, "--limit", 3).stdout)
    assert few == found[:3]


def test_json_gives_the_exact_text_and_nothing_that_a_terminal_obeys(path: Path) -> None:
    said = run("list", "--db", path, "--json", "--where", "id:178").stdout
    assert json.loads(said)["instruction"] == HOSTILE
    assert said.rstrip("\n").isprintable()
    assert "雨" in said


def test_text_for_people_is_safe_and_a_line_for_each_task(path: Path) -> None:
    for words in (["list"], ["show", 178, 177, 176], ["search", HOSTILE]):
        said = run(*words, "--db", path).stdout
        assert not {"\x1b", "\x9b", "\u202e"} & set(said)
    rows = run("list", "--db", path, "--where", "origin:model").stdout.splitlines()
    assert [row.split()[:4] for row in rows] == [
        ["177", "undecided", "similar", "0.88"],
        ["176", "accepted", "pass", rows[1].split()[3]],
    ]
    nothing = run("list", "--db", path, "--where", "nowhere")
    assert (nothing.exit_code, nothing.stdout, nothing.stderr) == (0, "", "No task matches.\n")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["list", "--where", "state:acepted"], "did you mean state:accepted"),
        (["list", "--order", "size"], "--order is wrong"),
        (["list", "--limit", "0"], "--limit is wrong"),
        (["show"], "needs ID..."),
        (["show", "x"], "ID... is wrong"),
        (["search", " "], "There is no text to search for."),
        (["search"], "needs TEXT"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(path: Path, words: list[str], sentence: str) -> None:
    done = run(*words, "--db", path)
    assert done.exit_code == 2
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_show_has_the_history_with_names_the_neighbours_and_the_requests(path: Path, grown: Path) -> None:
    (task,) = objects(run("show", 176, "--db", path, "--json").stdout)
    assert [(one["decision"], one["who"], one["person"]) for one in task["history"]] == [
        ("accept", "human", "anna"),
        ("relabel", "human", "anna"),
        ("drop", "human", "anna"),
    ]
    accepted, relabelled, dropped = task["history"]
    assert (accepted["before"]["state"], accepted["after"]["state"]) == ("undecided", "accepted")
    assert (relabelled["before"]["label"], relabelled["after"]["label"]) == (None, "generation")
    assert dropped["instance"] == task["instances"][1]["id"]
    assert dropped["after"]["reason"] == {"code": "by_hand", "sentence": "By a person."}
    assert len(task["neighbours"]) == 10
    assert 176 not in {one["id"] for one in task["neighbours"]}
    of_model = objects(run("show", 180, "--db", grown, "--json").stdout)[0]
    assert of_model["requests"][0]["stage"] == "propose"
    assert len(of_model["requests"][0]["tasks_in_prompt"]) == 8


def test_show_for_people_says_who_decided_and_what_is_suggested(path: Path) -> None:
    said = run("show", 176, 177, "--db", path).stdout
    assert "accept by anna\n" in said
    assert "drop of instance" in said
    assert "  bot suggests: reject (off topic)\n" in said
    assert "  0.88  model" in said


def test_show_tells_what_is_missing_and_shows_the_rest(path: Path) -> None:
    done = run("show", 9999, 176, 2**70, "--db", path, "--json")
    assert [task["id"] for task in objects(done.stdout)] == [176]
    assert done.stderr.splitlines() == ["Error: There is no task 9999.", f"Error: There is no task {2**70}."]
    assert done.exit_code == 2


def test_search_says_what_the_filters_would_and_what_is_near(path: Path) -> None:
    (found,) = objects(
        run("search", "describe the smell of rain on cold stone.", "--db", path, "--json").stdout
    )
    assert found["text"] == "Describe the smell of rain on cold stone."
    assert found["verdict"] == "similar"
    assert found["reasons"][0]["code"] == "similar"
    assert len(found["nearest"]) == 10
    assert found["nearest"][0] == {
        "id": 176,
        "origin": "model",
        "instruction": RAIN,
        "score": found["nearest"][0]["score"],
    }
    said = run("search", "Draw a map of the town.", "--db", path, "--limit", 2).stdout
    assert said.startswith("verdict  keyword\n")
    assert len(said.splitlines()) == 5


def test_search_follows_the_settings_of_this_folder_and_stores_none(path: Path) -> None:
    with Workspace.open(path) as workspace:
        before = workspace.settings.read()
    Path("selfinstruct.toml").write_text("[filters]\nrouge_l = 0.95\n")
    said = run("search", "Describe the smell of rain on cold stone.", "--db", path).stdout
    assert said.startswith("verdict  pass\n")
    with Workspace.open(path) as workspace:
        assert workspace.settings.read() == before


@pytest.mark.parametrize("words", [["list"], ["show", "176"], ["search", RAIN]])
def test_a_folder_that_cannot_be_written_to_is_enough(
    tmp_path: Path, path: Path, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "locked"
    folder.mkdir()
    path.rename(folder / "w.db")
    wanted = run(*words, "--db", folder / "w.db", "--json").stdout
    (folder / "w.db").chmod(stat.S_IRUSR)
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    # Whoever runs the tests may be allowed to write all the same.
    for module in ("tui.commands.open_workspace", "db.sqlite.connection"):
        monkeypatch.setattr(f"selfinstruct.{module}.is_writable", lambda path: False)
    try:
        done = run(*words, "--db", folder / "w.db", "--json")
    finally:
        folder.chmod(stat.S_IRWXU)
    assert (done.exit_code, done.stdout) == (0, wanted)
    assert [one.name for one in folder.iterdir()] == ["w.db"]


@pytest.mark.parametrize("words", [["list"], ["show", "176"], ["search", RAIN], ["decide"]])
def test_without_a_workspace_it_ends_with_2_and_makes_none(tmp_path: Path, words: list[str]) -> None:
    done = run(*words, "--db", tmp_path / "none.db")
    assert done.exit_code == 2
    assert done.stderr.startswith("Error: There is no workspace at ")
    assert list(tmp_path.glob("none*")) == []


def test_a_reader_that_has_seen_enough_ends_it_without_a_word(path: Path) -> None:
    with Workspace.open(path) as workspace, workspace.transaction():
        for number in range(2000):
            workspace.tasks.add(f"Write {number} lines. " + "And more. " * 50, origin="model", at="now")
    listing = subprocess.Popen(
        [PROGRAMS / "selfinstruct", "list", "--db", path, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert listing.stdout is not None
    assert listing.stderr is not None
    assert json.loads(listing.stdout.readline())["id"] == 2178
    listing.stdout.close()
    assert listing.stderr.read() == b""
    listing.stderr.close()
    assert listing.wait() == 0
