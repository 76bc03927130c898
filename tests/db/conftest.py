"""A workspace that has been worked on, made once."""

import shutil
from pathlib import Path

import pytest

from tests.db.lived_in import live_in


@pytest.fixture(scope="session")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lived_in") / "w.db"
    live_in(path)
    return path


@pytest.fixture
def lived_in(_made: Path, tmp_path: Path) -> Path:
    """A copy of it, for this test alone."""
    return Path(shutil.copy(_made, tmp_path / "w.db"))
