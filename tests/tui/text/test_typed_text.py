"""What is pasted is stored as it was, but for line breaks and what cannot be stored."""

import pytest

from selfinstruct.tui.text.typed_text import in_one_line, pasted_text


@pytest.mark.parametrize(
    ("pasted", "stored", "line"),
    [
        ("one\rtwo\r\nthree\n", "one\ntwo\nthree\n", "one two three"),
        ("\ta\0b\ud800", "\ta\ufffdb\ufffd", "\ta\ufffdb\ufffd"),
        ("می\u200cخواهم ❤\ufe0f \x1b[0m", "می\u200cخواهم ❤\ufe0f \x1b[0m", "می\u200cخواهم ❤\ufe0f \x1b[0m"),
    ],
    ids=["line breaks", "what cannot be stored", "all else"],
)
def test_a_paste_has_line_feeds_and_all_else_as_it_was(pasted: str, stored: str, line: str) -> None:
    assert pasted_text(pasted) == stored
    assert in_one_line(stored) == line
