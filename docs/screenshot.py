"""Makes the pictures of docs/ from the real program with the built-in model, in a folder of its own."""

import asyncio
import re
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from textual.pilot import Pilot

from selfinstruct.core.engine import Engine
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.app import CuratorApp

_DOCS = Path(__file__).parent
_SIZE = (120, 32)
_QUIET = 25
_TICK_S = 0.02


async def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        Workspace.open(Path(folder) / "garden.db", create=True) as workspace,
    ):
        # One request after the other, by a clock of its own: the same pictures every time.
        engine = Engine(workspace, resolve({"rng_seed": 4, "concurrency": 1}), clock=_clock())
        app = CuratorApp(engine, first_run=True)
        async with app.run_test(size=_SIZE) as pilot:
            person = _Person(app, pilot)
            await person.rests()
            await person.does("down")
            person.takes("first-run")
            await person.does("up", "enter", "n")
            await person.does("a", "a", "r", "a")
            await person.does("g", "j")
            person.takes("curator")
            await person.moves("j", 23)
            await person.does("enter")
            person.takes("detail")
            await person.does("escape", "asterisk", "a", "n", "asterisk", "a", "n", "asterisk", "r", "n")
            await person.does("3")
            await person.moves("j", 8)
            await person.does("enter", "d")
            person.takes("instances")
            await person.does("4")
            await person.moves("shift+left", 9)
            await person.does("tab", "g", "j")
            person.takes("preview")
            await person.does("escape", "5")
            await person.moves("j", 6)
            person.takes("requests")
            await person.does("6")
            person.takes("overview")
            await person.does("7")
            person.takes("settings")


class _Person:
    """Presses keys, and waits until all that comes of them has come."""

    def __init__(self, app: CuratorApp, pilot: Pilot[None]) -> None:
        self._app, self._pilot = app, pilot

    async def does(self, *keys: str) -> None:
        for key in keys:
            await self._pilot.press(key)
            await self.rests()

    async def moves(self, key: str, times: int) -> None:
        await self._pilot.press(*[key] * times)
        await self.rests()

    async def rests(self) -> None:
        requests, quiet = -1, 0
        while quiet < _QUIET:
            await self._pilot.pause(_TICK_S)
            now = self._app.engine.workspace.requests.count()
            is_quiet = now == requests and not self._app.session.activity and self._app.at_hand.is_settled
            requests, quiet = now, quiet + 1 if is_quiet else 0

    def takes(self, name: str) -> None:
        svg = _compact(self._app.export_screenshot(title="selfinstruct-tui"))
        (_DOCS / f"{name}.svg").write_text(svg, encoding="utf-8")


def _clock() -> Callable[[], str]:
    began, calls = datetime(2026, 1, 5, 9, 0, tzinfo=UTC), 0

    def tell() -> str:
        nonlocal calls
        calls += 1
        return (began + calls * timedelta(milliseconds=20)).isoformat(timespec="milliseconds")

    return tell


def _compact(svg: str) -> str:
    """Half of the size: no page that shows the picture shall fetch fonts for it, no line runs over."""
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<clipPath id="[^"]*line-\d+">.*?</clipPath>\s*', "", svg, flags=re.DOTALL)
    svg = re.sub(r' clip-path="url\(#[^)]*line-\d+\)"', "", svg)
    svg = re.sub(r"terminal-\d+-", "t", svg)
    return re.sub(r'="(\d+\.\d)\d+"', r'="\1"', svg)


if __name__ == "__main__":
    asyncio.run(main())
