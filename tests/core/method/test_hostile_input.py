"""No input breaks a reader: neither bytes by chance nor pieces that mean something, in a wrong order."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.fragments import FRAGMENTS, whole
from tests.fuzz.targets import TARGETS

pytestmark = pytest.mark.long

WHOLE = whole()

PIECES = st.lists(
    st.sampled_from(FRAGMENTS) | st.binary(max_size=8) | st.text(max_size=8).map(str.encode)
).map(b"".join)


@st.composite
def nearly_right(draw: st.DrawFn) -> bytes:
    """Something whole, with a stretch of it replaced."""
    data = WHOLE[draw(st.integers(0, len(WHOLE) - 1))]
    start = draw(st.integers(0, len(data)))
    end = draw(st.integers(start, min(len(data), start + 200)))
    return data[:start] + draw(PIECES) + data[end:]


@pytest.mark.parametrize("name", TARGETS)
@given(data=st.binary(max_size=300) | PIECES | nearly_right())
@settings(deadline=None, max_examples=150)
def test_no_input_breaks_a_reader(name: str, data: bytes) -> None:
    TARGETS[name](data)


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_as_it_should_be_is_read(name: str) -> None:
    for data in (*whole(), *FRAGMENTS, b""):
        TARGETS[name](data)
