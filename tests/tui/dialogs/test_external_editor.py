"""The person's own editor: whatever it does to the file, a sentence says so, and nothing is lost."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from textual import events
from textual.widgets import TextArea

from selfinstruct.tui.app import CuratorApp
from selfinstruct.tui.dialogs.edit_instruction import EditScreen
from tests.conftest import OpenEngine
from tests.tui.curating import Curator, curating
from tests.tui.test_another_program import held

pytestmark = pytest.mark.long

WORDING = "Translate می\u200cخواهم into English and add a ❤\ufe0f to it."


@pytest.fixture
async def at(
    engine_on: OpenEngine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> AsyncIterator[Curator]:
    """A curator at one candidate; its terminal is given away without a word, for it has none."""

    @contextmanager
    def given_away(app: CuratorApp) -> Iterator[None]:
        yield

    monkeypatch.setattr(CuratorApp, "suspend", given_away)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    engine = engine_on(batches_ahead=0)
    engine.workspace.tasks.add(WORDING, origin="model", at="now", batch=0, held=True)
    async with curating(engine) as curator:
        await curator.press("2", "g")
        await curator.until(lambda: curator.current().instruction == WORDING)
        yield curator


def editor(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Name a program that does this to the file as the editor."""
    program = folder / "own editor"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("VISUAL", f"'{program}' --wait")


def left_over(folder: Path) -> list[Path]:
    return list(folder.glob("selfinstruct-*"))


def kept_in(sentence: str) -> bytes:
    """What is in the file that a sentence names."""
    (path,) = (word.rstrip(".") for word in sentence.split() if word.endswith("instruction.txt."))
    return Path(path).read_bytes()


async def test_one_letter_typed_in_the_editor_changes_nothing_else(
    at: Curator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor(tmp_path, monkeypatch, """sed -i 's/$/!/' "$2" """)
    await at.press("E")
    assert at.current().instruction == f"{WORDING}!"
    assert left_over(tmp_path) == []


@pytest.mark.parametrize("script", ["true", """printf %s "$(cat "$2")" > "$2" """, """: > "$2" """])
async def test_a_file_left_as_it_was_or_emptied_changes_nothing(
    at: Curator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    editor(tmp_path, monkeypatch, script)
    await at.press("E")
    assert "is unchanged." in at.shown("#message")
    assert at.current().instruction == WORDING


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (" ", "No editor is configured. Set VISUAL or EDITOR."),
        ("vi 'my file", "VISUAL or EDITOR is not a valid command, 'vi 'my file': No closing quotation."),
        ("''", "The program ''"),
        ("no-such-editor -f", "The program 'no-such-editor', named by VISUAL or EDITOR, is not installed."),
        ("/", "The program '/'"),
    ],
    ids=["blank", "unbalanced quote", "no word", "missing", "a folder"],
)
async def test_a_variable_that_names_no_editor_is_told(
    at: Curator, monkeypatch: pytest.MonkeyPatch, command: str, sentence: str
) -> None:
    monkeypatch.setenv("VISUAL", command)
    await at.press("E")
    assert sentence in at.shown("#message")
    assert "e edits here" in at.shown("#message")
    assert at.current().instruction == WORDING


async def test_a_blank_variable_is_none_and_the_other_counts(
    at: Curator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor(tmp_path, monkeypatch, """echo "Name a fish that swims upstream." > "$2" """)
    monkeypatch.setenv("EDITOR", f"'{tmp_path / 'own editor'}' --wait")
    monkeypatch.setenv("VISUAL", " ")
    await at.press("E")
    assert at.current().instruction == "Name a fish that swims upstream."


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("exit 3", "The editor exited with code 3, so nothing was changed."),
        ("""rm "$2" """, "The edited text cannot be read: no such file or directory."),
        ("""rm "$2"; mkdir "$2" """, "The edited text cannot be read: is a directory."),
    ],
    ids=["fails", "deletes", "leaves a folder"],
)
async def test_an_editor_that_leaves_nothing_is_told(
    at: Curator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, sentence: str
) -> None:
    editor(tmp_path, monkeypatch, script)
    await at.press("E")
    assert sentence in at.shown("#message")
    assert at.current().instruction == WORDING


@pytest.mark.parametrize(
    ("script", "kept"),
    [
        ("""printf 'Caf\\351' > "$2" """, b"Caf\xe9"),
        ("""printf 'half a sen' > "$2"; kill -9 $$""", b"half a sen"),
    ],
    ids=["another encoding", "dies"],
)
async def test_what_an_editor_has_written_and_cannot_be_taken_stays_in_its_file(
    at: Curator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, kept: bytes
) -> None:
    editor(tmp_path, monkeypatch, script)
    await at.press("E")
    assert kept_in(at.shown("#message")) == kept
    assert at.current().instruction == WORDING


async def test_a_wording_that_is_refused_is_a_draft_here(
    at: Curator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor(tmp_path, monkeypatch, """sed -i 's/$/!/' "$2" """)
    task_id = at.current().id
    edit = at.engine.decisions.edit

    def meanwhile(task_id: int, wording: str, *, seen: str | None = None) -> object:
        monkeypatch.setattr(at.engine.decisions, "edit", edit)
        edit(task_id, "Somebody else has reworded it.")
        return edit(task_id, wording, seen=seen)

    monkeypatch.setattr(at.engine.decisions, "edit", meanwhile)
    await at.press("E")
    screen = at.app.screen
    assert isinstance(screen, EditScreen)
    assert screen.query_one(TextArea).text == f"{WORDING}!"
    await at.press("escape")
    assert at.app.screen is screen
    assert at.task(task_id).instruction == "Somebody else has reworded it."


async def test_no_editor_is_given_what_would_drive_the_terminal(
    at: Curator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at.engine.decisions.edit(at.current().id, "Say \x1b[2Jnothing about it.")
    editor(tmp_path, monkeypatch, 'cat "$2"')
    await at.press("E")
    assert "The text has control characters" in at.shown("#message")


async def test_a_folder_for_files_that_is_full_or_gone_is_told(
    at: Curator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor(tmp_path, monkeypatch, "true")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    await at.press("E")
    assert "The temporary file for the editor cannot be written: no such file or directory." in at.shown(
        "#message"
    )


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so, while the screen itself waits for the editor."""
    async with asyncio.timeout(90):
        while not condition():  # noqa: ASYNC110 - the screen's own pauses would wait for the editor
            await asyncio.sleep(0)


async def test_quitting_waits_for_the_editor(
    at: Curator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = tmp_path / "begun", tmp_path / "go on"
    waits = f"touch '{begun}'; for _ in $(seq 500); do test -e '{go_on}' && break; sleep 0.01; done"
    editor(tmp_path, monkeypatch, f"""{waits}; sed -i 's/$/!/' "$2" """)
    task_id = at.current().id
    with held(at.engine.workspace):
        await at.press("a", "q", "g")
        at.app.post_message(events.Key("E", "E"))
        await until(begun.exists)
    await until(lambda: not at.app.session.put_off)
    assert not at.app._exit
    go_on.touch()
    await until(lambda: at.app._exit)
    assert at.task(task_id).instruction == f"{WORDING}!"
