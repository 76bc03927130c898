"""Both programs, run in this process."""

from typer.testing import CliRunner, Result

from selfinstruct.tui.commands.selfinstruct import app as selfinstruct
from selfinstruct.tui.commands.selfinstruct_tui import app as selfinstruct_tui


def run(*words: object) -> Result:
    return CliRunner().invoke(selfinstruct, [str(word) for word in words])


def auto(*words: object) -> Result:
    """An unattended run by the same chance each time; a model may lose the only row of a short run."""
    return CliRunner().invoke(selfinstruct_tui, ["--auto", "--rng-seed", "2", *(str(word) for word in words)])
