"""Fixtures: a workspace of its own for each test, a model server on 127.0.0.1, no keys, no home settings."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from selfinstruct.core.endpoint.key_consent import KeyConsent, named_together
from selfinstruct.core.engine import Engine
from selfinstruct.core.settings.sources import resolve
from selfinstruct.core.similarity.rouge_index import Neighbour, RougeIndex
from selfinstruct.db.sqlite.driver import sqlite3
from selfinstruct.db.workspace import Workspace
from tests.server import ModelServer

OpenEngine = Callable[..., Engine]

_MEMORY = Path("/dev/shm")
_ROOM = 4 << 30
"""Bytes; several times what a run leaves there until the next ones."""


settings.register_profile(
    "selfinstruct", deadline=None
)  # how long an example takes says nothing on a busy machine
settings.load_profile("selfinstruct")


def pytest_configure() -> None:
    """Tests commit thousands of times: where there is room, their files are in memory."""
    if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))


def pytest_addoption(parser: pytest.Parser) -> None:
    """With --update-snapshots, snapshots of screens are written instead of compared.

    With --kills and --every-fault, tests of crashes, disks and answers are as thorough as one has time for.
    """
    parser.addoption(
        "--update-snapshots", action="store_true", help="write the snapshots of screens anew (see tests/tui)"
    )
    parser.addoption("--kills", type=int, default=200, help="how often programs are killed (tests/crash)")
    parser.addoption(
        "--every-fault",
        action="store_true",
        help="let every single write fail (tests/crash), draw more answers (tests/core/method)",
    )


@pytest.fixture(autouse=True)
def nothing_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No key, proxy or settings file of the person who runs the tests has a part in them."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    # Nor their clipboard and their editor.
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "TMUX", "STY", "VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """A new workspace, without seeds yet."""
    with Workspace.open(tmp_path / "w.db", create=True) as opened:
        yield opened


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """A real HTTP server that answers as the built-in model does, until it is told otherwise."""
    with ModelServer() as running:
        yield running


@cache
def _with_seeds(language: str) -> sqlite3.Connection:
    """A copy, in memory, of a new workspace with the built-in seeds of a language."""
    copy = sqlite3.connect(":memory:")
    with tempfile.TemporaryDirectory() as folder:
        with Workspace.open(Path(folder) / "w.db", create=True) as planted:
            Engine(planted, resolve({"language": language}))
        with contextlib.closing(sqlite3.connect(Path(folder) / "w.db")) as file:
            file.backup(copy)
    return copy


@pytest.fixture
def engine_on(workspace: Workspace) -> OpenEngine:
    """Opens an engine on the workspace, with settings by name.

    A new workspace gets the built-in seeds by a copy of its pages: to store them anew for each of some
    thousand tests takes minutes.
    """

    def open_engine(**settings: Any) -> Engine:
        asked = resolve(settings)
        is_new = not (workspace.read_only or workspace.tasks.seeds()) and workspace.is_untouched()
        if asked.seeds is None and is_new:
            _with_seeds(asked.language).backup(workspace._db)
        return Engine(workspace, asked, consent=KeyConsent(named_together(asked, settings)))

    return open_engine


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts whose nearest tasks were looked for in an index, as they come."""
    texts: list[str] = []
    nearest = RougeIndex.nearest

    def noted(index: RougeIndex, text: str, k: int = 10) -> list[Neighbour]:
        texts.append(text)
        return nearest(index, text, k)

    monkeypatch.setattr(RougeIndex, "nearest", noted)
    return texts
