"""The page on contributing is true: its examples of whatever comes in several kinds are complete."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "contributing.md").read_text(encoding="utf-8")
FORMAT_PROGRAM = "from selfinstruct.tui.commands.selfinstruct import main; main()"
CURATOR_PROGRAM = "from selfinstruct.tui.commands.selfinstruct_tui import main; main()"

ASK = """
import asyncio, json, sys
from pathlib import Path
from selfinstruct.core.engine import Engine
from selfinstruct.core.filtering.registry import VERDICTS
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.workspace import Workspace
from tests.tui.curating import curating, screen_text

SEVERAL = "Which is the tallest tree? And the oldest? Where does each of them stand?"


async def main() -> None:
    said = {"verdicts": VERDICTS}
    with Workspace.open(Path("asked.db"), create=True) as workspace:
        engine = Engine(workspace, resolve({}, folder=Path.cwd()))
        task_id = workspace.tasks.add(SEVERAL, origin="model", label="generation", at="now", held=True)
        engine.assess([task_id])
        said["reasons"] = [reason.sentence for reason in workspace.tasks.reasons(task_id)]
        said["verdict"] = workspace.tasks.get(task_id).verdict
        async with curating(engine, (120, 40)) as curator:
            await curator.press("4")
            await curator.until(lambda: "scored" not in screen_text(curator.app))
            said["preview"] = screen_text(curator.app)
            await curator.press(*"jjjjjjj", "right")
            said["moved"] = screen_text(curator.app)
            await curator.press("7")
            said["settings"] = [row.field.name for row in curator.app.at_hand.query("SettingRow")]
    print(json.dumps(said))


asyncio.run(main())
"""

LOOK = """
import asyncio, json
from pathlib import Path
from selfinstruct.core.engine import Engine
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.workspace import Workspace
from tests.tui.curating import curating, screen_text


async def main() -> None:
    with Workspace.open(Path("looked.db"), create=True) as workspace:
        async with curating(Engine(workspace, resolve({})), (120, 40)) as curator:
            await curator.press("8")
            before = screen_text(curator.app)
            await curator.press("G")
            print(json.dumps([before, screen_text(curator.app)]))


asyncio.run(main())
"""


class Clone:
    """A copy of the program that is imported in place of the one that is installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program = folder / "copy" / "selfinstruct"
        self.at_work = folder / "work"
        self.at_work.mkdir()
        for name in ("core", "db", "seeds", "tui"):
            shutil.copytree(ROOT / name, self.program / name, ignore=shutil.ignore_patterns("__pycache__"))

    def run(self, code: str, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run Python code with the copy, in a folder of its own."""
        path = os.pathsep.join([str(self.folder / "copy"), str(ROOT)])
        return subprocess.run(
            [sys.executable, "-c", code, *words],
            cwd=self.at_work,
            env={**os.environ, "PYTHONPATH": path, "COLUMNS": "200", "PYTHONSAFEPATH": "1"},
            capture_output=True,
            text=True,
            check=False,
        )

    def add_module(self, heading: str) -> None:
        """Write the module that the page shows under a heading."""
        section = _section(heading)
        (path,) = re.findall(r"`([\w/]+\.py)`[^`]*?:\n\n```python\n\"\"\"", section)
        module = re.findall(r"```python\n(.*?)```", section, re.DOTALL)[0]
        assert not (self.program / path).exists()
        (self.program / path).write_text(module, encoding="utf-8")

    def add_line(self, heading: str, registry: str) -> None:
        """Add the line that the page shows under a heading, and its import if it has one, to a registry."""
        (added,) = re.findall(r"```diff\n(.*?)```", _section(heading), re.DOTALL)
        *imports, line = re.findall(r"(?m)^\+(.*\n)", added)
        assert f"`{registry}`" in _section(heading)
        path = self.program / registry
        text = path.read_text(encoding="utf-8")
        text = re.sub(r"(?m)^from ", f"{''.join(imports)}from ", text, count=1)
        registry_start = r"(?m)^((?:(?:FILTERS|FORMATS|SCREENS)\b|SHAPES:)[^+\n]*\n)"
        text, count = re.subn(rf"{registry_start}((?:    .*\n)*)\)", rf"\1\2{line})", text)
        assert count == 1
        path.write_text(text, encoding="utf-8")


def _section(heading: str) -> str:
    return PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


TRIALS = re.findall(r"^\| (an? [^|]+?) \| (.+?) \| (.+?) \|$", PAGE, re.MULTILINE)


def test_each_of_the_six_trials_takes_two_files_of_code_and_one_of_tests_at_most() -> None:
    assert len(TRIALS) == 6
    for what, code, tests in TRIALS:
        named = re.findall(r"`(\w+/[\w/]*(?:/|\.py))`", f"{code} {tests}")
        assert named, what
        assert [path for path in named if not (ROOT / path).exists()] == []
        assert len(re.split(r", and ", code)) <= 2, what
        assert len(re.findall(r"`tests/[^`]+`", tests)) == 1, what


def test_the_copy_is_what_runs(clone: Clone) -> None:
    done = clone.run(
        "import selfinstruct.core.engine as e, selfinstruct.tui.app as a; print(e.__file__, a.__file__)"
    )
    assert [Path(path).is_relative_to(clone.program) for path in done.stdout.split()] == [True, True], (
        done.stderr
    )


@pytest.mark.slow
def test_a_filter_is_a_module_and_a_line(clone: Clone) -> None:
    (clone.at_work / "selfinstruct.toml").write_text("[filters]\nmax_questions = 2\n")

    def ask() -> "subprocess.CompletedProcess[str]":
        for old in clone.at_work.glob("asked.db*"):
            old.unlink()
        return clone.run(ASK)

    clone.add_module("A filter")
    assert "'filters.max_questions' is not a setting" in ask().stderr, "without its line it is not there"
    clone.add_line("A filter", "core/filtering/registry.py")
    done = ask()
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["verdicts"].index("too_many_questions") == said["verdicts"].index("pass") - 1
    assert said["verdict"] == "too_many_questions"
    assert said["reasons"] == ["It asks 3 questions; at most 2 are wanted."]
    assert re.search(r"questions at most +2 +2 ", said["preview"])
    assert re.search(r"questions at most +3 ≠ +2 ", said["moved"])
    assert "1 would newly pass" in said["moved"]
    assert "filters.max_questions" in said["settings"]


@pytest.mark.slow
def test_an_export_format_is_a_module_and_a_line(clone: Clone) -> None:
    words = ("export", "--db", "w.db", "--format", "question-answer", "--out", "train.json")
    grown = clone.run(CURATOR_PROGRAM, "--auto", "--target", "3", "--db", "w.db")
    assert grown.returncode == 0, grown.stderr
    clone.add_module("An export format")
    refused = clone.run(FORMAT_PROGRAM, *words)
    assert refused.returncode == 2, "without its line it is not there"
    assert not (clone.at_work / "train.json").exists()
    clone.add_line("An export format", "core/export/registry.py")
    assert "question-answer: question and answer." in " ".join(
        clone.run(FORMAT_PROGRAM, "export", "--help").stdout.split()
    )
    done = clone.run(FORMAT_PROGRAM, *words)
    assert done.returncode == 0, done.stderr
    rows = json.loads((clone.at_work / "train.json").read_text(encoding="utf-8"))
    assert list(rows[0]) == ["question", "answer"]
    assert len(rows) >= 3


@pytest.mark.slow
def test_a_row_shape_is_a_module_and_a_line(clone: Clone) -> None:
    rows = [{"problem": "1 + 1?", "solution": "2"}, {"problem": "1 + 1 ?", "solution": "Two"}]
    (clone.at_work / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    words = ("import", "rows.jsonl", "--dry-run")
    clone.add_module("A row shape")
    assert "--map instruction=question" in clone.run(FORMAT_PROGRAM, *words).stderr, "it is not there"
    clone.add_line("A row shape", "core/dataset_files/registry.py")
    done = clone.run(FORMAT_PROGRAM, *words)
    assert done.returncode == 0, done.stderr
    assert (
        "rows.jsonl: JSON Lines of problems with solutions, by the fields problem, solution." in done.stdout
    )
    deduped = clone.run(FORMAT_PROGRAM, "dedupe", "rows.jsonl", "--out", "out.jsonl")
    assert "Wrote 1 of 2 rows" in deduped.stdout, deduped.stderr


@pytest.mark.slow
def test_a_screen_is_a_module_and_a_line(clone: Clone) -> None:
    clone.add_module("A screen")
    clone.add_line("A screen", "tui/keys/screens.py")
    done = clone.run(LOOK)
    assert done.returncode == 0, done.stderr
    first, last = json.loads(done.stdout)
    assert "8 Seeds" in first
    assert "Prepare an agenda for me." not in first
    assert "Prepare an agenda for me." in last
