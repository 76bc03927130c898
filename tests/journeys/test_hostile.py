"""Hostile text of others against the installed programs: the bytes that their terminals get are searched."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from unicodedata import category

import pytest

from selfinstruct.db.sqlite.driver import sqlite3
from selfinstruct.tui.text.safe_text import safe
from tests.hostile import FILE_NAME, LONG, MODEL, TEXTS, clipboards, groups, grow, hostile, strange
from tests.journeys.terminal import PROGRAMS, Terminal
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
        pytest.param("6", "Filter verdicts", [], "", id="overview"),
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
    pytest.param("1g", "Task 176 ", "y", "Sent the instruction", id="copied instruction"),
    pytest.param("1g", "Task 176 ", "a", "A accepts it anyway", id="refused"),
    pytest.param("1g", "Task 176 ", "r", "Rejected 1", id="rejected"),
    pytest.param("1", "Candidates", "n", "The endpoint answered with status 400", id="generation fails"),
    pytest.param("2", "Showing", "/Begin\r", "Showing 8 of", id="found"),
    pytest.param("3", "▌ 1 ✓ kept", "e", "An instance of", id="instance editor"),
    pytest.param("3", "▌ 1 ✓ kept", "i", "A new instance of", id="new instance"),
    pytest.param("5G", "Request 1 ", "y", "Sent the answer", id="copied answer"),
    pytest.param("5G", "Request 1 ", "Y", "Sent the prompt", id="copied prompt"),
    pytest.param("5Gk", "Request 2 ", "t", "Resending request 2", id="sent again"),
    pytest.param("5Gk", "Request 2 ", "T", "failed requests?", id="all sent again"),
    pytest.param("7", "base_url", "\x14", "Its models are", id="connection"),
    pytest.param("7", "base_url", "M", "Which model do you want to use", id="choice of a model"),
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
    assert len(clipboards(received)) == ("Sent the" in shown)
    assert all(any(text in copied for text in groups()) for copied in clipboards(received))


NOT_TEXT = os.fsdecode(b"w\xff\xfe.db")
"""A name of a file that is no text in any encoding of ours."""
# What one has typed oneself is repeated by the library for command lines, without controls only.
WORDS = [
    "".join(character for character in words if safe(character) == character or category(character) == "Cc")
    for words in (" ".join(hostile(name) for name in TEXTS if name != "flood"), NOT_TEXT, FILE_NAME)
]


def commands(folder: Path, workspace: Path, url: str) -> dict[str, list[str]]:
    """Command lines with hostile words in every place, by what they try."""
    db, out = ["--db", str(workspace)], str(folder / FILE_NAME.replace(".db", ".out"))
    rows, seeds, prompts = (str(folder / f"{kind}{FILE_NAME}") for kind in ("rows", "seeds", "prompts"))
    auto = ["selfinstruct-tui", "--auto", "--max-requests", "400", "--target", "5", "--db"]
    made = str(folder / "made.db")
    export = ["selfinstruct", "export", *db, "--out"]
    tried = {
        "status": ["selfinstruct", "status", *db],
        "status as JSON": ["selfinstruct", "status", *db, "--json"],
        "status of nothing": ["selfinstruct", "status", "--db", out],
        "status of no text": ["selfinstruct", "status", "--db", NOT_TEXT],
        "export into a folder": [*export, str(folder)],
        "export to nowhere": [*export, f"{out}/x/y"],
        "export of nothing": ["selfinstruct", "export", "--db", rows, "--out", out],
        "dedupe": ["selfinstruct", "dedupe", rows, "--out", f"{out}.rows", "--field", "instruction"],
        "dedupe of bad rows": ["selfinstruct", "dedupe", seeds, prompts, "--out", f"{out}.bad"],
        "dedupe without bad rows": [
            "selfinstruct",
            "dedupe",
            seeds,
            rows,
            "--out",
            f"{out}.some",
            "--skip-bad",
        ],
        "dedupe by a field": ["selfinstruct", "dedupe", rows, "--out", f"{out}.f", "--field", MODEL],
        "work refused": [*auto, str(workspace), "--model", MODEL, "--base-url", url],
        "work with other seeds": [*auto, made, "--seeds", seeds],
        "work with no seeds": [*auto, made, "--seeds", f"{out}.none"],
        "work with other prompts": [*auto, made, "--prompts", prompts],
        "work with the rows as prompts": [*auto, made, "--prompts", rows],
        "work in no text": [*auto, str(folder / NOT_TEXT), "--model", "offline"],
        "work by a model of no text": [*auto, made, "--model", NOT_TEXT, "--base-url", url],
        "work in a workspace that is none": [*auto, rows],
        "keys": [*auto, made, "--api-key-env", MODEL],
        "no terminal": ["selfinstruct-tui", "--db", made, "--language", MODEL],
        "help": ["selfinstruct-tui", "--help"],
        "backup": ["selfinstruct", "backup", *db, "--out", f"{out}.copy"],
        "backup again": ["selfinstruct", "backup", *db, "--out", f"{out}.copy"],
        "look with a model": ["selfinstruct-tui", "--read-only", *db, "--model", MODEL],
        "check": ["selfinstruct", "check", *db],
        "check and repair": ["selfinstruct", "check", *db, "--repair", "--yes"],
        "status after the repair": ["selfinstruct", "status", *db],
    }
    for name in ("messages", "alpaca", "gpt3", "csv"):
        tried[f"export as {name}"] = [*export, f"{out}.{name}", "--format", name]
        tried[f"export as {name} again"] = [*export, f"{out}.{name}", "--format", name]
    tried["export guarded"] = [*export, f"{out}.csv", "--format", "csv", "--guard-formulas", "--force"]
    for number, words in enumerate(WORDS):
        tried[f"command {number}"] = ["selfinstruct", words]
        tried[f"option {number}"] = ["selfinstruct-tui", f"--{words}"]
        tried[f"format {number}"] = [*export, out, "--format", words]
        tried[f"more {number}"] = ["selfinstruct", "status", *db, words, f"--target={words}"]
        tried[f"number {number}"] = [*auto[:-1], "--target", words]
        tried[f"address {number}"] = [*auto, made, "--base-url", f"http://{words}", "--model", words]
    return tried


@pytest.fixture
def tried(small: Path, tmp_path: Path, answering: ModelServer) -> dict[str, list[str]]:
    """The commands, with their files beside the workspace and hostile settings in the folder."""
    texts = [*map(hostile, TEXTS)]
    with closing(sqlite3.connect(small)) as db:
        for number, text in enumerate(texts):
            # A name can have no NUL.
            name = f"{number} {text}".replace("\0", "").replace('"', '""').encode(errors="replace").decode()
            db.execute(f'CREATE VIEW "{name}" AS SELECT 1')
    rows = [json.dumps({"instruction": text, "input": text, "output": text}) for text in texts]
    (tmp_path / f"rows{FILE_NAME}").write_text("\n".join(rows))
    (tmp_path / f"seeds{FILE_NAME}").write_text("\n".join([*rows, *texts]), errors="replace")
    (tmp_path / f"prompts{FILE_NAME}").write_text(
        "".join(f"[{json.dumps(text)}]\nx = 1\n" for text in texts[:1])
        + f"[propose.chat]\nuser = {json.dumps(HOSTILE)}"
    )
    return commands(tmp_path, small, answering.url)


def outcome(words: list[str], *, terminal: bool) -> tuple[int, bytes]:
    if terminal:
        with Terminal(*words, columns=100, rows=30) as running:
            return running.wait(), bytes(running.received)
    program = [str(PROGRAMS / words[0]), *words[1:]]
    done = subprocess.run(program, capture_output=True, check=False, timeout=300)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.long
@pytest.mark.parametrize("terminal", [True, False], ids=["terminal", "pipe"])
def test_no_command_says_what_a_terminal_would_obey(tried: dict[str, list[str]], terminal: bool) -> None:
    names = ["status", "export as csv", "export as csv again", "work refused", "command 0", "address 0"]
    assert wrong(tried, names, terminal=terminal) == {}


@pytest.mark.nightly
@pytest.mark.parametrize("terminal", [True, False], ids=["terminal", "pipe"])
def test_no_command_whatever_says_what_a_terminal_would_obey(
    tried: dict[str, list[str]], tmp_path: Path, terminal: bool
) -> None:
    assert wrong(tried, tried, terminal=terminal) == {}
    assert not any(path.name.startswith("owned") for path in tmp_path.rglob("*"))
    Path("selfinstruct.toml").write_text(
        f"[keys]\naccept = {json.dumps(MODEL)}\n[filters]\n{json.dumps(MODEL)} = 1"
    )
    assert wrong(tried, ["help", "work with other seeds"], terminal=terminal) == {}
    Path("selfinstruct.toml").write_text(HOSTILE)
    assert wrong(tried, ["help", "work with other seeds"], terminal=terminal) == {}


def wrong(tried: dict[str, list[str]], names: Iterable[str], *, terminal: bool) -> dict[str, object]:
    """What commands have said and should not, by their names; each says anything at all."""
    found: dict[str, object] = {}
    for name in names:
        code, said = outcome(tried[name], terminal=terminal)
        if strange(said) or b"Traceback" in said or not said or code not in {0, 1, 2, 3, 4}:
            found[name] = (code, strange(said)[:3], said[-600:])
        # What is wrong with the workspace, and that no copy is made of it, is said in this way.
        if code == 1 and not name.startswith(("check", "backup")):
            found[name] = (code, said[-600:])
    return found
