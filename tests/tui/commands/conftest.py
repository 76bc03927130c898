"""A workspace grown by the command in the README, made once."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from selfinstruct.tui.commands.selfinstruct_tui import app as selfinstruct_tui


@pytest.fixture(scope="session")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace grown by the command of the README."""
    path = tmp_path_factory.mktemp("grown") / "w.db"
    result = CliRunner().invoke(
        selfinstruct_tui,
        ["--auto", "--model", "offline", "--target", "50", "--rng-seed", "2", "--db", str(path)],
    )
    assert result.exit_code == 0, result.output
    return path
