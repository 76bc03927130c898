"""Text areas and lines to type into: what they hold is what was typed, and only its drawing is made safe."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual import events
from textual.app import App
from textual.widget import Widget
from textual.widgets import Input, TextArea

from selfinstruct.tui.text.exact_text import (
    ExactDocument,
    ExactInput,
    ExactTextArea,
)
from tests.hostile import TEXTS, hostile, strange_text

_TEXTS = st.text("ab\n\r\t\x0b\x85\u2028\u200c\u200d\ufe0f❤👩\x1b\u0301م", max_size=20)


def place(data: st.DataObject, text: str) -> tuple[int, tuple[int, int]]:
    """A place in a text: its index, and its line and column."""
    index = data.draw(st.integers(0, len(text)))
    before = text[:index].split("\n")
    return index, (len(before) - 1, len(before[-1]))


@given(text=_TEXTS | st.text(), inserted=_TEXTS, data=st.data())
def test_an_edit_of_a_document_changes_what_it_replaces_and_nothing_else(
    text: str, inserted: str, data: st.DataObject
) -> None:
    (start, first), (end, last) = sorted([place(data, text), place(data, text)])
    document = ExactDocument(text)
    assert document.text == text
    done = document.replace_range(last, first, inserted)
    assert document.text == text[:start] + inserted + text[end:]
    assert done.replaced_text == text[start:end]
    assert [*map(len, document.lines)] == [*map(len, document.text.split("\n"))]
    document.replace_range(first, done.end_location, done.replaced_text)
    assert document.text == text


class Form(App[None]):
    """A text area and a line, each with a hostile text."""

    def compose(self) -> Iterator[Widget]:
        self.texts = [hostile(name) for name in TEXTS]
        yield ExactTextArea("\n".join(self.texts), soft_wrap=True)
        for text in self.texts:
            yield ExactInput(text, compact=True, select_on_focus=False)


async def test_no_text_is_drawn_that_a_terminal_would_obey_and_none_is_changed() -> None:
    async with Form().run_test(size=(150, 90)) as pilot:
        app = pilot.app
        assert isinstance(app, Form)
        strips = app.screen._compositor.render_strips()
        drawn = "\n".join(strip.text for strip in strips)
        assert strange_text(drawn) == []
        assert [strip.cell_length for strip in strips] == [cell_len(strip.text) for strip in strips]
        assert app.query_one(TextArea).text == "\n".join(app.texts)
        assert [line.value for line in app.query(Input)] == app.texts


async def test_undo_and_words_keep_what_is_beside_them() -> None:
    async with Form().run_test() as pilot:
        area = pilot.app.query_one(TextArea)
        area.text = "می\u200cخواهم\r\n\tone\x1b two"
        area.focus()
        area.move_cursor(area.document.end)
        await pilot.press("ctrl+w", "x")
        area.move_cursor((0, 0))
        await pilot.press("y")
        assert area.text == "yمی\u200cخواهم\r\n\tone\x1b x"
        await pilot.press("ctrl+z", "ctrl+z", "ctrl+z")
        assert area.text == "می\u200cخواهم\r\n\tone\x1b two"


async def test_a_line_takes_all_lines_of_a_paste_and_joiners_that_are_typed() -> None:
    async with Form().run_test() as pilot:
        line = pilot.app.query(Input).first()
        line.value = ""
        line.focus()
        line.post_message(events.Paste("one\n\ttwo\u2028\n"))
        line.post_message(events.Key("zero_width_non_joiner", "\u200c"))
        await pilot.pause()
        assert line.value == "one \ttwo\u2028\u200c"


async def test_a_click_goes_to_the_character_that_is_drawn_there() -> None:
    async with Form().run_test() as pilot:
        line = pilot.app.query(Input).first()
        line.value = "a\x1b\u200dbcd"
        await pilot.click(line, offset=(3, 0))
        assert line.cursor_position == 3
