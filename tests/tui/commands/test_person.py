"""`selfinstruct-tui --as NAME`: who curates."""

import pytest
from typer.testing import CliRunner

from selfinstruct.tui.commands.selfinstruct_tui import app as selfinstruct_tui


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--as", "anna", "--auto", "--target", "1"], "--as names a person, and --auto decides without one."),
        (["--as", "anna", "--read-only"], "--read-only changes nothing, so --as would have no effect."),
        (["--as", "", "--auto"], "--as is wrong: a name has 1 to 60 characters on one line"),
    ],
)
def test_a_name_where_no_person_decides_is_refused(words: list[str], sentence: str) -> None:
    done = CliRunner().invoke(selfinstruct_tui, words)
    assert done.exit_code == 2
    assert sentence in done.stderr
