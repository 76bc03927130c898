"""Blocks of text, wrapped."""

import pytest
from rich.cells import cell_len
from textual.content import Content

from selfinstruct.tui.widgets.block_view import filling

_JAPANESE = "次の文章を読んで、要点を三つの箇条書きにまとめてください。"


@pytest.mark.parametrize("width", [24, 30, 40])
def test_a_text_without_spaces_begins_on_the_line_of_its_name(width: int) -> None:
    lines = [line.plain for line in filling(Content(f"0.29 model 56  {_JAPANESE}"), width).wrap(width)]
    assert lines[0].startswith("0.29 model 56  次の")
    assert all(cell_len(line) <= width for line in lines)
    assert not any(line.startswith(("、", "。")) for line in lines[1:2])
    assert "".join(lines).endswith(_JAPANESE)


@pytest.mark.parametrize(
    "text", ["0.29 seed 6  Who has what?", "176  한국어 문장을 써 주세요.", "56  次の文"]
)
def test_other_texts_are_broken_as_before(text: str) -> None:
    assert filling(Content(text), 20).plain == text
