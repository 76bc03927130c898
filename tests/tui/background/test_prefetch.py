"""What the next key shows is ready before the key comes."""

import pytest

from selfinstruct.tui.screens.tasks.base import TasksScreen
from selfinstruct.tui.widgets.block_view import BlockView
from tests.tui.curating import Curator


async def rest(curator: Curator) -> None:
    """Wait until all is ready that the next key may show."""
    screen = curator.app.at_hand
    assert isinstance(screen, TasksScreen)
    await curator.until(lambda: not screen._ahead._rows)


async def test_the_rows_around_the_cursor_are_ready_before_the_next_key(
    curator: Curator, searched: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await curator.press("j")
    await rest(curator)
    searched.clear()
    with monkeypatch.context() as without:
        without.delattr(BlockView, "_wrap")  # what is wrapped by now is all that it takes
        curator.table.move_by(1)  # what the key does, and nothing besides
    assert searched == []
    assert f"Task {curator.current().id}" in str(curator.app.at_hand.query_one("#detail-pane").border_title)


async def test_what_was_ready_is_looked_for_again_once_the_pool_is_another(
    curator: Curator, searched: list[str]
) -> None:
    await curator.press("j")
    await rest(curator)
    searched.clear()
    await curator.press("a")
    assert curator.current().instruction in searched
