"""The Requests screen of a running curator, for tests."""

from textual.content import Content

from selfinstruct.core.events import BatchCompleted
from selfinstruct.tui.screens.requests.table import RequestTable
from tests.server import Fault, error_body
from tests.tui.curating import Curator

REFUSED = Fault(400, error_body("not today"))


def table(curator: Curator) -> RequestTable:
    return curator.app.at_hand.query_one(RequestTable)


def title(curator: Curator) -> str:
    """The line above the table, without the marks of what is chosen."""
    return " ".join(Content.from_markup(str(table(curator).border_title)).plain.split())


def line(curator: Curator, request_id: int) -> str:
    """What the table shows of a request."""
    rows = table(curator)
    if request_id not in rows.ids:
        return ""
    return rows.render_line(1 + list(rows.ids).index(request_id) - round(rows.scroll_y)).text


async def open_requests(curator: Curator, *keys: str) -> None:
    """Go to the requests, and press keys there once they are shown."""
    await curator.press("5")
    await curator.until(lambda: bool(curator.app.screen.query(RequestTable)) and len(table(curator).ids) > 0)
    await curator.press(*keys)


async def in_batch(curator: Curator, count: int = 1) -> None:
    await curator.press("n")
    await curator.until(lambda: told(curator, BatchCompleted) >= count)


def told(curator: Curator, kind: type) -> int:
    return sum(isinstance(event, kind) for event in curator.happened)
