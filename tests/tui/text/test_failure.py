"""An internal error is reported without the values of variables."""

import pytest

from selfinstruct.tui.app import CuratorApp
from tests.conftest import OpenEngine


async def test_a_failure_of_the_program_itself_prints_no_variables(
    engine_on: OpenEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    app = CuratorApp(engine_on())

    def fail() -> None:
        key = "sk-canary"
        raise RuntimeError(f"broken, {len(key)}")

    with pytest.raises(RuntimeError):
        async with app.run_test() as pilot:
            app.call_later(fail)
            await pilot.pause()
    app._print_error_renderables()
    said = capsys.readouterr().err
    assert "What was stored is kept" in said.replace("\n", "")
    assert "sk-canary" not in said
