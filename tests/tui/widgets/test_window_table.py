"""The table of rows: clicks, and rows that come in below."""

from tests.tui.curating import Curator


async def click(curator: Curator, row: int, *, times: int = 1) -> None:
    offset = (10, 2 + row)  # below the border and the header
    await curator.pilot.click(curator.table, offset=offset, times=times)
    await curator.pilot.pause()


async def test_one_click_only_selects_the_row_and_two_open_it(curator: Curator) -> None:
    table = curator.table
    await click(curator, 3)
    assert table.cursor == 3
    assert table.has_focus
    assert not curator.app.at_hand.is_zoomed
    await click(curator, 3)
    assert not curator.app.at_hand.is_zoomed
    await click(curator, 3, times=2)
    assert curator.app.at_hand.is_zoomed


async def test_two_clicks_on_another_row_open_that_one(curator: Curator) -> None:
    await click(curator, 2, times=2)
    assert curator.table.cursor == 2
    assert curator.app.at_hand.is_zoomed


async def test_rows_that_come_in_leave_cursor_and_view_where_they_are(curator: Curator) -> None:
    table = curator.table
    before = list(table.ids)
    await curator.press("j", "j")
    current, top = table.current, table.scroll_y
    table.append([*before, 1, 2, 3])
    await curator.pilot.pause()
    assert list(table.ids) == [*before, 1, 2, 3]
    assert (table.current, table.scroll_y) == (current, top)
    await curator.press("G")
    assert table.current == 3
