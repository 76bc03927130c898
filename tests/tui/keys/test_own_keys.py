"""Sentences name the keys that the person has chosen, and never others."""

import ast
import re
from pathlib import Path

import pytest
from textual.widgets._footer import FooterKey

import selfinstruct.tui
from selfinstruct.core.engine import Engine
from selfinstruct.core.events import BatchCompleted
from selfinstruct.db.records import PASS
from selfinstruct.tui.keys.actions import actions_in
from selfinstruct.tui.keys.own_keys import with_keys
from tests.conftest import OpenEngine
from tests.tui.curating import curating, screen_text

pytestmark = pytest.mark.long

KEYS = {
    "next_batch": "f5",
    "accept": "f6,f7",
    "accept_anyway": "f8",
    "reject": "f9",
    "undo": "f10",
    "curate": "f3",
    "requests": "f4",
    "keys": "f12",
    "view": "f11",
    "relabel": "ctrl+l",
    "back": "backspace",
    "more": "ctrl+o",
}


@pytest.fixture
def engine(engine_on: OpenEngine) -> Engine:
    return engine_on(rng_seed=1, keys=KEYS, batches_ahead=0)


def test_a_sentence_has_the_first_key_of_each_action() -> None:
    sentence = "{accept} accepts, {undo} undoes, {skip} skips."
    assert with_keys(sentence, KEYS) == "F6 accepts, F10 undoes, s skips."


async def test_empty_screens_say_the_persons_own_keys(engine: Engine) -> None:
    async with curating(engine) as curator:
        assert "Press F5" in screen_text(curator.app)
        await curator.press("2", "slash", *"qqqqq", "enter")
        assert "backspace clears the filter" in screen_text(curator.app)
        for screen, sentence in (
            ("3", "F3 goes to the candidates: F6"),
            ("f4", "Press F3"),
            ("6", "press F5"),
        ):
            await curator.press(screen)
            await curator.until(lambda said=sentence: said in " ".join(screen_text(curator.app).split()))  # type: ignore[misc]
        await curator.press("f4", "f11")
        assert "F11 shows others" in screen_text(curator.app)


async def test_answers_to_keys_name_the_persons_own_keys(engine: Engine) -> None:
    async with curating(engine) as curator:
        await curator.press("f5")
        await curator.wait_for(BatchCompleted)
        filtered = next(t for t in curator.table.ids if curator.task(t).verdict != PASS)
        curator.table.move_to(filtered)
        await curator.press("f6")
        assert "F8 accepts it anyway." in curator.shown("#message")
        await curator.press("asterisk")
        assert "backspace clears the marks." in curator.shown("#message")
        curator.app.curate.happened(BatchCompleted(1, 1))
        await curator.press("4", "ctrl+s")
        await curator.until(lambda: "← and ^o change a filter." in curator.shown("#message"))


async def test_the_footer_keeps_its_order(engine: Engine) -> None:
    async with curating(engine) as curator:
        shown = [key.description for key in curator.app.screen.query(FooterKey)]
        expected = [action.label for action in actions_in("curate") if action.footer]
        assert shown[: len(expected)] == expected


def test_no_sentence_has_a_key_written_into_it() -> None:
    """What the actions of full screens are bound to may be another key; dialogs keep theirs."""
    written = re.compile(
        r"(?:^|[.:;,(] )(?:[A-Za-z0-9]|Esc|F\d+) (?:shows|accepts|goes|starts|asks|adds|sets|undoes)\b"
    )
    sentences = [
        node.value
        for path in Path(selfinstruct.tui.__path__[0]).glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    assert [sentence for sentence in sentences if written.search(sentence)] == []
