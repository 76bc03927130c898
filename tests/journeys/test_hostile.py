"""Hostile text of others against the installed programs: the bytes that their terminals get are searched."""

import shutil
from pathlib import Path

import pytest

from selfinstruct.tui.display import safe
from tests.hostile import FILE_NAME, LONG, MODEL, TEXTS, clipboards, groups, grow, hostile, strange
from tests.journeys.terminal import Terminal
from tests.server import Fault, ModelServer, error_body

HOSTILE = "".join(TEXTS.values())
LAST = 175 + 2 * (len(TEXTS) + 1)
"""The newest task of the hostile workspace."""


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hostile") / "w.db"
    grow(path, [*map(hostile, TEXTS), LONG])
    return path


@pytest.fixture
def workspace(grown: Path, tmp_path: Path) -> Path:
    path = tmp_path / FILE_NAME
    shutil.copy(grown, path)
    return path


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A workspace with all the texts in a few rows."""
    path = tmp_path / FILE_NAME
    grow(path, groups())
    return path


@pytest.fixture
def answering(server: ModelServer) -> ModelServer:
    """A server that refuses everything in hostile words, and has models of hostile names."""
    server.refuse = lambda body: Fault(400, error_body(HOSTILE, type=HOSTILE, code=HOSTILE))
    server.models = [*map(hostile, TEXTS)]
    return server


def curator(path: Path, server: ModelServer, *words: str) -> Terminal:
    return Terminal(
        "selfinstruct-tui", "--db", str(path), "--base-url", server.url, "--model", MODEL, *words,
        columns=160, rows=60,
    )  # fmt: skip


def walk(terminal: Terminal, titles: list[str], key: str) -> None:
    """Press a key again and again; each time the next title comes up."""
    for title in titles:
        terminal.press(key)
        terminal.wait_for(title)


TASKS = [f"Task {number} " for number in range(LAST - 1, 175, -1)]
ACCEPTED = [f"Instances of {number} " for number in range(LAST - 2, 175, -2)]
REQUESTS = [f"Request {number} " for number in range(4, 7 * (len(TEXTS) + 1), 3)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("keys", "first", "titles", "key"),
    [
        pytest.param("1G", f"Task {LAST} ", TASKS, "k", id="curate"),
        pytest.param("2g", f"Task {LAST} ", TASKS, "j", id="pool"),
        pytest.param("3", f"Instances of {LAST} ", ACCEPTED, "j", id="instances"),
        pytest.param("5G", "Request 1 ", REQUESTS, "kkk", id="requests"),
        pytest.param("4", "Filters", [], "", id="preview"),
        pytest.param("6", "What the filters say", [], "", id="overview"),
        pytest.param("7", "base_url", [], "", id="settings"),
    ],
)
def test_no_row_of_any_screen_does_anything_to_the_terminal(
    workspace: Path, answering: ModelServer, keys: str, first: str, titles: list[str], key: str
) -> None:
    with curator(workspace, answering) as terminal:
        terminal.wait_for("pool 175 + 3")
        terminal.press(*keys)
        terminal.wait_for(first)
        walk(terminal, titles, key)
        terminal.press("\t", "j", "\x04", "j", "\x04", "G")
        terminal.press("\x11", "\x11")  # ctrl+q, also where a line is typed into
        assert terminal.wait() == 0
    assert strange(bytes(terminal.received)) == []


DIALOGS = [
    pytest.param("1g", "Task 176 ", "e", "Edit 1", id="edit"),
    pytest.param("1g", "Task 176 ", "x", "Reject because it is", id="tag"),
    pytest.param("1g", "Task 176 ", "?", "Keys of curate", id="keys"),
    pytest.param("1g", "Task 176 ", "\x10", "Search for commands", id="palette"),
    pytest.param("1g", "Task 176 ", "y", "Copied the instruction", id="copied instruction"),
    pytest.param("1g", "Task 176 ", "a", "A accepts it all the same", id="refused"),
    pytest.param("1g", "Task 176 ", "r", "Rejected 1", id="rejected"),
    pytest.param("1", "Candidates", "n", "The endpoint answered with status 400", id="generation fails"),
    pytest.param("2", "Showing", "/Begin\r", "Showing 8 of", id="found"),
    pytest.param("3", "▌ 1 ✓ kept", "e", "An instance of", id="instance editor"),
    pytest.param("3", "▌ 1 ✓ kept", "i", "A new instance of", id="new instance"),
    pytest.param("5G", "Request 1 ", "y", "Copied the answer", id="copied answer"),
    pytest.param("5G", "Request 1 ", "Y", "Copied the prompt", id="copied prompt"),
    pytest.param("5Gk", "Request 2 ", "T", "failed requests again?", id="all sent again"),
    pytest.param("7", "base_url", "\x14", "Its models are", id="connection"),
    pytest.param("7", "base_url", "m", "Which model shall answer", id="choice of a model"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("keys", "first", "opens", "shown"), DIALOGS)
def test_no_dialog_message_or_copy_does_anything_to_the_terminal(
    small: Path, answering: ModelServer, keys: str, first: str, opens: str, shown: str
) -> None:
    if not shown.startswith(("The endpoint", "Its models")):
        answering.gate.clear()  # what fails meanwhile would be said in the place of what is waited for
    with curator(small, answering) as terminal:
        terminal.wait_for("pool 175 + 3")
        terminal.press(*keys)
        terminal.wait_for(first)
        terminal.press(opens)
        terminal.wait_for(shown)
    received = bytes(terminal.received)
    assert strange(received) == []
    assert len(clipboards(received)) == ("Copied" in shown)
    assert all(any(safe(text)[-200:] in copied for text in groups()) for copied in clipboards(received))
