"""A data file is imported without leaving the curator, after its first rows were shown."""

import json
from pathlib import Path

import pytest

from selfinstruct.core.engine import Engine
from tests.conftest import OpenEngine
from tests.tui.curating import Curator, curating, screen_text

pytestmark = pytest.mark.long


@pytest.fixture
def engine(engine_on: OpenEngine) -> Engine:
    return engine_on()


def write(path: Path, *rows: object) -> None:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


ROWS = [
    {"instruction": "Name a river in Peru that you like.", "output": "The Marañón."},
    {"instruction": "Why do some mountains have snow on them?", "output": "It is cold up there."},
    {"instruction": "Sort the planets by their distance from the sun.", "output": "Mercury, Venus, ..."},
    {"instruction": "Who built one famous bridge, and when?", "output": "John Roebling, in 1883."},
]


async def ask_for(curator: Curator, name: str) -> None:
    await curator.press("I", *("full_stop" if letter == "." else letter for letter in name), "enter")


async def test_the_first_rows_are_shown_and_a_second_key_imports_all_of_them(
    engine: Engine, tmp_path: Path
) -> None:
    write(tmp_path / "rows.jsonl", *ROWS)
    async with curating(engine, (120, 40)) as curator:
        await ask_for(curator, "rows.jsonl")
        await curator.until(lambda: "imports all rows" in screen_text(curator.app))
        shown = screen_text(curator.app)
        assert (
            "rows.jsonl: JSON Lines of instructions with outputs, by the fields instruction, output." in shown
        )
        assert "It is cold up there." in shown
        assert "one famous bridge" not in shown
        assert engine.workspace.tasks.count() == 175
        await curator.press("enter")
        await curator.until(lambda: "4 rows read, 4 new tasks" in curator.shown("#message"))
        assert curator.current().instruction == ROWS[0]["instruction"]
        assert engine.workspace.tasks.count() == 179


async def test_what_the_filters_pass_is_accepted_and_one_undo_takes_it_back(
    engine: Engine, tmp_path: Path
) -> None:
    write(tmp_path / "rows.jsonl", *ROWS, {"instruction": "Draw a picture of a cat.", "output": "=^.^="})
    async with curating(engine, (120, 40)) as curator:
        await ask_for(curator, "rows.jsonl")
        await curator.until(lambda: "imports all rows" in screen_text(curator.app))
        await curator.press("tab", "right")
        assert "one step that an undo takes back" in screen_text(curator.app)
        await curator.press("ctrl+s")
        await curator.until(lambda: "4 tasks accepted" in curator.shown("#message"))
        assert engine.workspace.tasks.count_accepted() == 179
        await curator.press("u")
        await curator.until(lambda: "Undone" in curator.shown("#message"))
        assert engine.workspace.tasks.count_accepted() == 175


async def test_rows_that_cannot_be_imported_are_told(engine: Engine, tmp_path: Path) -> None:
    write(tmp_path / "rows.jsonl", ROWS[0], {"instruction": "Say hello to them.", "output": ""})
    async with curating(engine, (120, 40)) as curator:
        await ask_for(curator, "rows.jsonl")
        await curator.until(lambda: "imports all rows" in screen_text(curator.app))
        await curator.press("enter")
        await curator.until(lambda: "line 2 has no output" in curator.shown("#message"))
        assert (tmp_path / "rows.jsonl.rejected.jsonl").exists()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nothing.jsonl", "nothing.jsonl cannot be read: there is no such file in"),
        ("odd.jsonl", "have none of the known shapes; their fields are x."),
        ("", "Enter a file name."),
    ],
)
async def test_a_file_that_cannot_be_read_is_told_in_the_dialog(
    engine: Engine, tmp_path: Path, name: str, said: str
) -> None:
    write(tmp_path / "odd.jsonl", {"x": 1})
    async with curating(engine, (120, 40)) as curator:
        await ask_for(curator, name)
        await curator.until(lambda: said in " ".join(screen_text(curator.app).split()))
        await curator.press("escape")
        assert engine.workspace.tasks.count() == 175


async def test_another_name_after_the_preview_is_looked_at_before_it_is_imported(
    engine: Engine, tmp_path: Path
) -> None:
    write(tmp_path / "a", ROWS[0])
    write(tmp_path / "ab", ROWS[1])
    async with curating(engine, (120, 40)) as curator:
        await ask_for(curator, "a")
        await curator.until(lambda: "Marañón" in screen_text(curator.app))
        await curator.press("b", "enter")
        await curator.until(lambda: "cold up there" in screen_text(curator.app))
        assert engine.workspace.tasks.count() == 175
