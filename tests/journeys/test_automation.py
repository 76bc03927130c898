"""Scripts and agents beside a person, with the installed programs; the page on it is tried word by word."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.core.settings.sources import resolve
from selfinstruct.core.similarity.rouge_index import RougeIndex
from selfinstruct.db.check.check import check
from selfinstruct.db.workspace import Workspace
from tests.journeys.terminal import PROGRAMS, Terminal
from tests.server import ModelServer, chat_answer

PAGE = (Path(__file__).parents[2] / "docs" / "automation.md").read_text(encoding="utf-8")
_PATIENCE_S = 120.0
TEXTS = (
    "Describe the smell of rain on warm stone.",
    "Describe the smell of rain on cold stone.",
    "Name three rivers that flow south.",
    "Explain why the sky is blue to somebody who has asked the same question on each of the last nine days"
    " and never once listened to the end of the answer.",
)
FIRST = 176


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The workspace of the page, in the current folder."""
    path = tmp_path / "movies.db"
    with Workspace.open(path, create=True) as workspace:
        engine = Engine(workspace, resolve({}))
        ids = [
            workspace.tasks.add(text, origin="model", at="now", batch=1, held=True, label="generation")
            for text in TEXTS
        ]
        engine.assess(ids)
    return path


def blocks(heading: str, kind: str) -> list[str]:
    """The code of a section of the page."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(rf"```{kind}\n(.*?)```", section, re.DOTALL)


def shell(script: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run a script as a reader of the page would."""
    if shutil.which("jq") is None and "jq" in script:
        pytest.skip("there is no jq")
    folders = [str(PROGRAMS), str(Path(sys.executable).parent), os.environ["PATH"]]
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env={**os.environ, **environment, "PATH": os.pathsep.join(folders)},
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE_S,
    )


def states(path: Path) -> list[str]:
    with Workspace.open(path, read_only=True) as workspace:
        return [task.state for task in workspace.tasks.get_many(range(FIRST, FIRST + len(TEXTS)))]


def test_the_shell_loop_of_the_page_decides_by_its_rule(path: Path) -> None:
    decides, asks = blocks("A shell loop", "sh")
    done = shell(decides)
    # The second of two that are alike is refused, and pipefail tells the shell.
    assert done.returncode == 6
    # Newest first, so the first of the two is the later one.
    assert states(path) == ["pending", "accepted", "accepted", "rejected"]
    listed = [json.loads(line) for line in Path("results.jsonl").read_text().splitlines()]
    assert [one["result"] for one in listed] == ["done", "done", "done", "refused"]
    Path("ideas.txt").write_text(
        'Describe the smell of rain on hot stone.\n-- Name a "bird" of prey, please.\n'
    )
    asked = shell(asks)
    assert asked.returncode == 0, asked.stderr
    first, second = asked.stdout.splitlines()
    assert first.startswith("similar\t0.8")
    assert first.endswith("\tDescribe the smell of rain on hot stone.")
    assert second.startswith("punctuation\t")


def test_the_agent_of_the_page_suggests_and_the_person_decides(path: Path, server: ModelServer) -> None:
    (agent,) = blocks("An agent beside a person", "python")
    (suggests,) = blocks("An agent beside a person", "sh")
    Path("agent.py").write_text(agent)

    def judge(body: dict[str, Any]) -> Any:
        text = body["messages"][-1]["content"]
        decision = "reject" if "sky" in text else "accept"
        return chat_answer(json.dumps({"decision": decision, "reason": "needs a picture"}))

    server.refuse = judge
    with Terminal(
        "selfinstruct-tui", "--db", str(path), "--model", "offline", "--as", "anna", rows=70
    ) as person:
        person.wait_for("Candidates", "Nearest in the pool now")
        done = shell(suggests, OPENAI_API_KEY="none", OPENAI_BASE_URL=server.url)
        assert done.returncode == 0, done.stderr
        assert done.stderr == "4 proposed.\n"
        assert states(path) == ["pending"] * 4
        person.press("2", "/", "suggested:reject\r")
        person.wait_for("Showing 1 of 179", "bot suggests: reject (needs a picture)")
        person.press("r")
        person.wait_for("Rejected 179")
        person.press("escape")
        person.wait_for("Showing 179 of 179")
        person.press("/", "by:anna\r")
        person.wait_for("Showing 1 of 179", "bot suggests: reject", "reject by anna")
        person.press("q")
        assert person.wait() == 0
    again = shell(suggests, OPENAI_API_KEY="none", OPENAI_BASE_URL=server.url)
    assert again.stderr == "No decision.\n"
    assert states(path) == ["pending", "pending", "pending", "rejected"]
    assert check(path).is_well


def test_every_line_of_the_page_is_a_decision(path: Path) -> None:
    (lines,) = blocks("Decisions", "json")
    done = subprocess.run(
        [PROGRAMS / "selfinstruct", "decide", "--db", path, "--json"],
        input=lines,
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE_S,
    )
    assert "invalid" not in done.stdout
    assert len(done.stdout.splitlines()) == len(lines.splitlines())


def test_an_open_curator_shows_what_a_script_decides(path: Path) -> None:
    with Terminal("selfinstruct-tui", "--db", str(path), "--model", "offline") as person:
        person.wait_for("pool 175 + 0", "Nearest in the pool now", "Describe the smell of rain on warm")
        decided = subprocess.run(
            [PROGRAMS / "selfinstruct", "decide", "--db", path, "--as", "bot"],
            input='{"id": 176, "decision": "accept"}\n{"id": 178, "decision": "reject", "reason": "dull"}\n',
            capture_output=True,
            text=True,
            check=False,
            timeout=_PATIENCE_S,
        )
        assert decided.returncode == 0, decided.stderr
        person.wait_for("pool 175 + 1", "✓", "✗", "similar")
        # The near-duplicate that the person still had before them is refused now.
        person.press("2", "/", "id:177\r")
        person.wait_for("Showing 1 of 179", "ROUGE-L 0.88 with task 176")
        person.press("a")
        person.wait_for("Filtered: ROUGE-L 0.88")
        # One key takes back one line.
        person.press("u")
        person.wait_for("Undone: rejection", "pool 175 + 1")
        person.press("u")
        person.wait_for("pool 175 + 0")
        person.press("q")
        assert person.wait() == 0
    assert states(path) == ["pending"] * 4


def test_two_scripts_at_once_never_accept_near_duplicates(tmp_path: Path) -> None:
    path = tmp_path / "w.db"
    subjects = ("rain", "snow", "bread", "coffee", "smoke", "tar", "grass", "leather")
    with Workspace.open(path, create=True) as workspace:
        engine = Engine(workspace, resolve({}))
        texts = [
            f"Describe the smell of {subject} on {how} stone in a {when} of the year."
            for subject in subjects
            for how in ("warm", "cold", "wet")
            for when in ("month", "week")
        ]
        ids = [workspace.tasks.add(text, origin="model", at="now", held=True) for text in texts]
        engine.assess(ids)
    lines = [json.dumps({"id": task_id, "decision": "accept"}) for task_id in ids]
    programs: list[subprocess.Popen[bytes]] = []
    for order in (lines, lines[::-1]):
        (tmp_path / f"{len(programs)}.jsonl").write_text("\n".join(order))
        words = ["decide", "--db", str(path), str(tmp_path / f"{len(programs)}.jsonl"), "--json"]
        programs.append(subprocess.Popen([PROGRAMS / "selfinstruct", *words], stdout=subprocess.PIPE))
    outputs = [program.communicate(timeout=_PATIENCE_S)[0] for program in programs]
    accepted = [
        json.loads(line)["id"]
        for output in outputs
        for line in output.splitlines()
        if json.loads(line)["result"] == "done"
    ]
    assert [program.returncode for program in programs] == [6, 6]
    assert accepted
    assert len(accepted) == len(set(accepted))
    index = RougeIndex("en")
    for task_id in accepted:
        text = texts[ids.index(task_id)]
        assert not index.above(text, 0.7)
        index.add(task_id, text)
    assert check(path).is_well
