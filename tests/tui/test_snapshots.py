"""Every screen looks as it did: its text and its colours, narrow and wide, in each theme.

`pytest tests/tui/test_snapshots.py --update-snapshots` writes the snapshots anew; look at what changed.
"""

import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widgets import Input, TextArea

from selfinstruct.core.engine import Engine
from selfinstruct.core.requests.reservations import Room
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.app import CuratorApp
from selfinstruct.tui.screens.instances.pane import InstancePane
from selfinstruct.tui.screens.preview.screen import PreviewScreen
from selfinstruct.tui.screens.requests.table import RequestTable
from selfinstruct.tui.screens.settings.choose_model import FirstRunScreen
from selfinstruct.tui.screens.settings.screen import SettingsScreen
from selfinstruct.tui.text.themes import DARK, HIGH_CONTRAST, LIGHT
from selfinstruct.tui.widgets.block_view import BlockView
from tests.tui.curating import Curator, screen_text
from tests.tui.grown import Grower, at_noon, grow, open_engine
from tests.tui.snapshots import Picture, Snapshots, difference, picture, read, written

pytestmark = pytest.mark.long

FOLDER = Path(__file__).with_name("snapshots")
THEMES = {(80, 24): (DARK, LIGHT), (160, 50): (DARK, LIGHT, HIGH_CONTRAST)}

Scene = Callable[[Curator], Awaitable[None]]


async def first_run(curator: Curator) -> None:
    await curator.until(lambda: isinstance(curator.app.screen, FirstRunScreen))
    await curator.press("down", "down", "down")


async def curate_empty(curator: Curator) -> None:
    assert len(curator.table.ids) == 0


async def curate(curator: Curator) -> None:
    """Some decided, some marked, and one that is too similar since another was accepted."""
    Grower(curator.engine).accept(185)
    curator.app.at_hand.refresh_all()
    await curator.press("g", "j", "j", "j", "space", "G", "space", "g", "j", "j")
    assert "!" in screen_text(curator.app)


async def curate_detail(curator: Curator) -> None:
    await curator.press("enter", "down", "down")
    assert curator.app.at_hand.is_zoomed


async def pool(curator: Curator) -> None:
    await curator.press("2", "slash")
    curator.app.at_hand.query_one("#filter", Input).value = "origin:model the"
    await curator.press("enter")


async def instances(curator: Curator) -> None:
    await curator.press("3", "G", "enter", "j")
    pane = curator.app.at_hand.query_one(InstancePane)
    await curator.until(lambda: pane.is_settled)


async def preview(curator: Curator) -> None:
    await curator.press("4")
    screen = curator.app.at_hand
    assert isinstance(screen, PreviewScreen)
    await curator.until(lambda: "No verdict would change" in screen_text(curator.app))
    await curator.press(*"HHHHHHHHH", "j", "j", "j", "j", "space")
    await curator.until(lambda: "1 fail for another reason" in screen_text(curator.app))


async def requests(curator: Curator) -> None:
    await curator.press("5")
    table = curator.app.at_hand.query_one(RequestTable)
    await curator.until(lambda: len(table.ids) > 0)
    (failed,) = curator.engine.workspace.request_log.ids("failed")
    table.move_to(failed)
    await curator.until(lambda: "overloaded" in screen_text(curator.app))


async def overview(curator: Curator) -> None:
    await curator.press("6")
    await curator.until(lambda: "From request to export" in screen_text(curator.app))
    await curator.until(lambda: "Scoring: " not in screen_text(curator.app))
    await curator.until(lambda: "0.2–0.3" in screen_text(curator.app))


async def settings(curator: Curator) -> None:
    await curator.press("7")
    screen = curator.app.at_hand
    assert isinstance(screen, SettingsScreen)
    editor = screen.rows["concurrency"].editor
    assert isinstance(editor, Input)
    await still(curator)  # where the field is, is known once all rows are as high as their help
    screen.set_focus(editor)
    editor.value = "many"
    editor.cursor_position = len(editor.value)


async def edit(curator: Curator) -> None:
    await curator.press("g")
    await still(curator)  # what is below a dialog stays as it was
    await curator.press("e")


async def instance_editor(curator: Curator) -> None:
    await curator.press("3", "G", "e")


async def tags(curator: Curator) -> None:
    await curator.press("x")


async def keys(curator: Curator) -> None:
    await curator.press("question_mark")


async def cost_limit(curator: Curator) -> None:
    curator.app.at_hand.ask_for_room(Room(0.0123, 5.01, 5.2))
    await curator.pilot.pause()


SCENES: dict[str, Scene] = {
    scene.__name__: scene
    for scene in (
        first_run,
        curate_empty,
        curate,
        curate_detail,
        pool,
        instances,
        preview,
        requests,
        overview,
        settings,
        edit,
        instance_editor,
        tags,
        keys,
        cost_limit,
    )
}
EMPTY = {"first_run", "curate_empty"}


@pytest.fixture(scope="session")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("grown") / "grown.db"
    grow(path)
    return path


@pytest.fixture
def snapshots(request: pytest.FixtureRequest) -> Snapshots:
    return Snapshots(FOLDER, update=request.config.getoption("--update-snapshots"))


def open_new(workspace: Workspace) -> Engine:
    """An engine on a new workspace, as the first start has it."""
    return Engine(workspace, resolve({}), clock=at_noon)


async def still(curator: Curator) -> list[Strip]:
    """The screen once nothing moves on it."""
    app = curator.app
    for line in app.screen.query(Input):
        line.cursor_blink = False
    areas = app.screen.query(TextArea)
    in_dialog = isinstance(app.screen, ModalScreen)
    await curator.until(lambda: not (areas and in_dialog) or any(area.has_focus for area in areas))
    for area in areas:
        area.cursor_blink = False
    app.at_hand.refresh_all()
    await curator.until(lambda: app.at_hand.is_settled)
    before: list[Strip] = []
    while before != (now := app.screen._compositor.render_strips()):
        before = now
        for pane in app.at_hand.query(BlockView):
            pane._lay_out_rest()
        for area in areas:
            # It may have been mounted, or got the focus, only now; setting its cursor does not draw it, and a
            # line that was drawn while the cursor was off is kept as if it were one without blinking.
            area._pause_blink(visible=area.has_focus)
            area._line_cache.clear()
            area.refresh()
        await curator.pilot.pause()
    return now


@pytest.mark.parametrize("size", THEMES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", SCENES)
async def test_every_screen_looks_as_it_did(
    name: str, size: tuple[int, int], grown: Path, tmp_path: Path, snapshots: Snapshots
) -> None:
    path = tmp_path / "birds.db"
    if name not in EMPTY:
        shutil.copy(grown, path)
    with Workspace.open(path, create=True) as workspace:
        engine = open_engine(workspace) if name not in EMPTY else open_new(workspace)
        app = CuratorApp(engine, first_run=name == "first_run")
        app.animation_level = "none"
        async with app.run_test(size=size) as pilot:
            curator = Curator(app, pilot, engine)
            await curator.until(lambda: engine.assessor.is_ready)
            # The settings would show each theme.
            app.theme_changed_signal.unsubscribe(app)
            await still(curator)
            await SCENES[name](curator)
            assert not app.session.attended.under_way
            shots = {}
            for theme in THEMES[size]:
                app.theme = theme
                shots[theme] = await still(curator)
    snapshots.check(f"{name}-{size[0]}x{size[1]}", picture(shots))


def test_every_snapshot_is_of_a_screen() -> None:
    sizes = [f"{width}x{height}" for width, height in THEMES]
    assert {file.stem for file in FOLDER.iterdir()} == {f"{name}-{size}" for name in SCENES for size in sizes}


def drawn(*rows: tuple[str, str]) -> Picture:
    return picture({DARK: [Strip([Segment(text, Style.parse(style))]) for text, style in rows]})


PASSES = drawn(("186 pass", "#ffffff on #000000"), ("猫 ", "bold #ffffff on #000000"))


@pytest.mark.parametrize(
    ("now", "told"),
    [
        pytest.param(
            drawn(("186 fail", "#ffffff on #000000"), ("猫 ", "bold #ffffff on #000000")),
            "-186 pass\n+186 fail",
            id="a word",
        ),
        pytest.param(
            drawn(("186 pass", "#ff0000 on #000000"), ("猫 ", "bold #ffffff on #000000")),
            f"{DARK}, row 0, column 0, '186 pass': #ffffff on #000000 before, #ff0000 on #000000 now",
            id="a colour",
        ),
        pytest.param(
            drawn(("186 pass", "#ffffff on #000000"), ("猫 ", "#ffffff on #000000")),
            f"{DARK}, row 1, column 0, '猫': #ffffff on #000000 bold before, #ffffff on #000000 now",
            id="an attribute",
        ),
    ],
)
def test_what_is_different_is_told(now: Picture, told: str) -> None:
    kept = read(written(PASSES))
    assert difference(kept, PASSES) == ""
    assert told in difference(kept, now)
