"""Text of others on its way to the terminal."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.db.reads.counts import Spending
from selfinstruct.tui.text.safe_text import cost_text, safe, safe_line, visible
from tests.hostile import strange_text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param(
            "plain text, Übersetze, 日本語, 🎲", "plain text, Übersetze, 日本語, 🎲", id="untouched"
        ),
        pytest.param("\x1b]52;c;aGk=\x07", "␛]52;c;aGk=␇", id="clipboard escape"),
        pytest.param("a\x00b\x7fc\x9bd", "a␀b␡c\ufffdd", id="control characters"),
        pytest.param("user\u202egnp.exe", "user\ufffdgnp.exe", id="bidi override"),
        pytest.param("zero\u200bwidth\ufeff", "zero\ufffdwidth\ufffd", id="invisible"),
        pytest.param("one\r\ntwo\tthree", "one\ntwo    three", id="line breaks and tabs"),
        pytest.param("over\rwritten", "over␍written", id="carriage return"),
        pytest.param("🎲" * 9 + "→" * 9, "🎲" * 9 + "→" * 9, id="nine signs in a row"),
        pytest.param("e" + "\u0301" * 8, "e" + "\u0301" * 8, id="eight marks"),
        pytest.param("e" + "\u0301" * 99, "e" + "\u0301" * 8 + "\ufffd", id="a flood of marks"),
        pytest.param("می\u200cخواهم", "می\u200cخواهم", id="Persian"),
        pytest.param("क्\u200dष", "क्\u200dष", id="Hindi"),
        pytest.param("pay\u200cpal\u200d", "pay\ufffdpal\ufffd", id="joiners that shape nothing"),
        pytest.param(
            "👨\u200d👩\u200d👧 ❤\ufe0f\u200d🔥 1\ufe0f\u20e3", "👨👩👧 ❤🔥 1\u20e3", id="joined emoji"
        ),
        pytest.param("a\ufe0f❤\ufe0f\ufe0f", "a\ufffd❤\ufffd", id="selectors that select nothing"),
        pytest.param("\U000e0041\U000e0042", "\ufffd\ufffd", id="tag characters"),
    ],
)
def test_what_a_terminal_would_obey_or_hide_becomes_visible(text: str, shown: str) -> None:
    assert safe(text) == shown


@given(st.text(alphabet=st.characters(), max_size=60))
def test_no_text_whatever_gets_a_control_or_format_character_through(text: str) -> None:
    categories = {unicodedata.category(character) for character in safe(text) if character != "\n"}
    assert not categories & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


_JOINED = st.text("ab1م\u094d🎲❤☠\u200c\u200d\ufe0e\ufe0f\u20e3\u0301🏽\x1b\t", max_size=30)


@given(st.text() | _JOINED)
def test_what_is_safe_stays_as_it_is(text: str) -> None:
    assert safe(safe(text)) == safe(text)


@given(st.text() | _JOINED)
def test_an_editor_draws_a_visible_sign_for_each_character(text: str) -> None:
    drawn = visible(text)
    assert len(drawn) == len(text)
    assert strange_text(drawn.replace("\t", "")) == []


def test_a_line_is_cut_beyond_its_width_and_not_at_it() -> None:
    assert safe_line("seven77", 7) == "seven77"
    assert safe_line("eight888", 7) == "eight8…"
    assert safe_line("", 0) == ""


@pytest.mark.parametrize("text", ["e" + "\u0301" * 99, "❤\ufe0f\u200d" * 9], ids=["marks", "joiners"])
def test_a_line_whose_end_is_not_looked_at_says_that_there_is_more(text: str) -> None:
    assert safe_line(text, 10).endswith("…")


@given(st.text(max_size=60), st.integers(1, 20))
def test_a_line_is_one_line_and_no_longer_than_asked(text: str, width: int) -> None:
    line = safe_line(text, width)
    assert "\n" not in line
    assert len(line) <= width


@pytest.mark.parametrize(
    ("spending", "said"),
    [
        pytest.param(Spending(None, 0, 0.0), "$0.00", id="nothing yet"),
        pytest.param(Spending(0.0123, 0, 0.0), "$0.0123", id="known"),
        pytest.param(Spending(None, 2, 0.0), "unknown", id="no price"),
        pytest.param(Spending(None, 2, 0.5), "unknown ($0.5000 reserved)", id="nothing told"),
        pytest.param(
            Spending(1.5, 3, 2.0), "$1.50 and 3 of unknown cost ($2.00 reserved)", id="some in doubt"
        ),
        pytest.param(Spending(1.5, 3, 0.0), "$1.50 and 3 of unknown cost", id="some without a price"),
    ],
)
def test_a_cost_is_said_with_what_is_unknown_and_what_is_reserved_for_it(
    spending: Spending, said: str
) -> None:
    assert cost_text(spending) == said
