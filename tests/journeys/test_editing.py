"""Pasting, copying and the person's own editor, with the installed program in a terminal of its own."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.workspace import Workspace
from tests.hostile import clipboards
from tests.journeys.terminal import Terminal
from tests.tui.grown import at_noon

pytestmark = pytest.mark.long

WORDING = "Translate می\u200cخواهم into English and add a ❤\ufe0f to it."
PASTED = "\x1b[200~{}\x1b[201~"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A workspace with one candidate, which is not English alone."""
    made = tmp_path / "w.db"
    with Workspace.open(made, create=True) as workspace:
        engine = Engine(workspace, resolve({"model": "offline", "batches_ahead": 0}), clock=at_noon)
        engine.enter()
        workspace.tasks.add(WORDING, origin="model", at=at_noon(), batch=0, held=True, label="generation")
        workspace.end_run(at=at_noon())
    return made


def curator(path: Path) -> Terminal:
    return Terminal("selfinstruct-tui", "--db", str(path), "--model", "offline", "--batches-ahead", "0")


def wordings(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as db:
        return [row[0] for row in db.execute("SELECT instruction FROM tasks WHERE origin = 'model'")]


def test_pasted_lines_stay_lines_in_an_instance_and_become_one_in_a_wording(path: Path) -> None:
    with curator(path) as terminal:
        terminal.wait_for("Translate")
        terminal.press("2", "g", "e")
        terminal.wait_for("Edit 176")
        terminal.press(PASTED.format(" In one word.\r Or two.\r"), "enter")
        terminal.wait_for("Edited 176")
        terminal.press("A")
        terminal.wait_for("pool 175 + 1")
        terminal.press("3")
        terminal.wait_for("✓ kept")
        terminal.press("i")
        terminal.wait_for("A new instance of 176")
        terminal.press(PASTED.format("first\rsecond\r\n\tthird"), "tab", "x\x13")  # ctrl+s
        terminal.wait_for("Instances of 176", gone="A new instance of 176")
        terminal.press("q")
        assert terminal.wait() == 0
    assert wordings(path) == [f"{WORDING} In one word. Or two."]
    with closing(sqlite3.connect(path)) as db:
        stored = db.execute("SELECT input, output FROM instances WHERE task_id = 176").fetchall()
    assert ("first\nsecond\n\tthird", "x") in stored


def test_y_sends_the_terminal_the_text_exactly_and_says_no_more_than_that(path: Path) -> None:
    with curator(path) as terminal:
        terminal.wait_for("Translate")
        terminal.press("2", "g", "y")
        terminal.wait_for("Sent the instruction of 176 to the terminal's clipboard")
    assert clipboards(bytes(terminal.received)) == [WORDING]


def test_the_editor_has_the_terminal_while_it_runs_and_the_curator_after(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor = tmp_path / "editor"
    editor.write_text("""#!/bin/sh\nprintf 'Editing. Enter saves.'; read line; sed -i 's/$/!/' "$1"\n""")
    editor.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(editor))
    monkeypatch.setenv("VISUAL", " ")
    with curator(path) as terminal:
        terminal.wait_for("Translate")
        terminal.press("2", "g", "E")
        terminal.wait_for("Editing. Enter saves.")
        terminal.press("enter")
        terminal.wait_for("Edited 176")
        terminal.press("q")
        assert terminal.wait() == 0
    assert wordings(path) == [f"{WORDING}!"]
