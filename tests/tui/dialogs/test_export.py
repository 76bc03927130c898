"""Writing a training file without leaving the curator."""

import json
from pathlib import Path

import pytest
from textual.widgets import Input, Static

from selfinstruct.tui.text.safe_text import many
from tests.conftest import OpenEngine
from tests.tui.curating import curating, screen_text
from tests.tui.screens.instances_screen import accepted


async def test_a_training_file_is_written_in_the_chosen_format(engine_on: OpenEngine, tmp_path: Path) -> None:
    engine = engine_on()
    engine.decisions.instances.add(accepted(engine), "cod", "fish")
    async with curating(engine) as curator:
        await curator.press("X")
        assert "w.jsonl" in screen_text(curator.app)
        await curator.press("right", "ctrl+s")
        rows = [json.loads(line) for line in (tmp_path / "w.jsonl").read_text().splitlines()]
        assert f"Wrote {many(len(rows), 'row')} to w.jsonl." in curator.shown("#message")
        assert ("cod", "fish") in [(row["input"], row["output"]) for row in rows]


async def test_a_file_that_is_there_is_replaced_only_when_asked_again(
    engine_on: OpenEngine, tmp_path: Path
) -> None:
    (tmp_path / "w.csv").write_text("mine")
    engine = engine_on()
    engine.decisions.instances.add(accepted(engine), "cod", "fish")
    async with curating(engine) as curator:
        await curator.press("X", "left", "left", "left")
        assert "w.csv" in screen_text(curator.app)
        await curator.press("ctrl+s")
        assert "already exists. ^s again replaces it." in screen_text(curator.app)
        assert (tmp_path / "w.csv").read_text() == "mine"
        await curator.press("ctrl+s")
        assert "to w.csv." in curator.shown("#message")
        assert "cod" in (tmp_path / "w.csv").read_text()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("sub", "sub is a folder. Choose the name of a file in it."),
        ("w.db", "w.db is the workspace itself. Choose another name."),
        (
            "no--out/t.jsonl",
            "no--out/t.jsonl cannot be written: the folder {here}/no--out does not exist."
            " Create it, or choose another place.",
        ),
        ("{pool}.jsonl", "{pool}.jsonl already exists. ^s again replaces it."),
        ("link.jsonl", "link.jsonl already exists. ^s again replaces it."),
    ],
)
async def test_each_refusal_reads_as_written_for_the_dialog_and_quotes_the_name_as_it_is(
    engine_on: OpenEngine, tmp_path: Path, name: str, said: str
) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "{pool}.jsonl").write_text("mine")
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "nothing")
    async with curating(engine_on(), (160, 50)) as curator:
        await curator.press("X")
        curator.app.screen.query_one("#export-file", Input).value = name
        await curator.press("ctrl+s")
        assert str(curator.app.screen.query_one("#export-said", Static).visual) == said.replace(
            "{here}", str(tmp_path)
        )


async def test_what_is_typed_beside_the_format_is_a_file_name(engine_on: OpenEngine, tmp_path: Path) -> None:
    async with curating(engine_on()) as curator:
        await curator.press("X", "right", *"new.jsonl", "ctrl+s")
        assert (tmp_path / "new.jsonl").exists()


async def test_a_letter_that_changes_the_format_is_no_file_name(engine_on: OpenEngine) -> None:
    async with curating(engine_on(keys={"next_value": "n"})) as curator:
        await curator.press("X", "n")
        assert curator.app.screen.query_one("#export-file", Input).value == "w.jsonl"
        await curator.press("n", "n", "n", "n")
        assert curator.app.screen.query_one("#export-file", Input).value == "w.csv"


async def test_what_cannot_be_written_is_said_and_nothing_is_lost(engine_on: OpenEngine) -> None:
    async with curating(engine_on()) as curator:
        await curator.press("X", "tab", *["backspace"] * 20, *"no/such/folder/a.jsonl", "enter")
        assert "no/such/folder/a.jsonl cannot be written" in " ".join(screen_text(curator.app).split())
        assert "--out" not in screen_text(curator.app)
        await curator.press("escape")
        assert curator.app.screen is curator.app.curate
