"""Keys are struck out, however a server writes them."""

import base64
import json
from urllib.parse import quote

import pytest

from selfinstruct.core.endpoint.redaction import remember, struck, struck_text

KEY = "sk-proj-Abc+/9_canary/KEY.x"


def in_base64(before: str, after: str) -> bytes:
    return base64.b64encode(f"{before}{KEY}{after}".encode())


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(KEY.encode(), id="as it is"),
        pytest.param(json.dumps(KEY).replace("/", "\\/").encode(), id="JSON with escaped slashes"),
        pytest.param("".join(f"\\u{ord(c):04x}" for c in KEY).encode(), id="JSON escapes"),
        pytest.param("".join(f"\\u{ord(c):04X}" for c in KEY).encode(), id="JSON escapes in capitals"),
        pytest.param(f"\\u0073{KEY[1:]}".encode(), id="one escape"),
        pytest.param(quote(KEY, safe="").encode(), id="in an address"),
        pytest.param("".join(f"%{ord(c):02x}" for c in KEY).encode(), id="all of it in an address"),
        pytest.param(KEY.encode("utf-16-le"), id="UTF-16, low byte first"),
        pytest.param(KEY.encode("utf-16-be"), id="UTF-16, high byte first"),
    ],
)
def test_a_key_is_struck_out_byte_by_byte_in_every_way_of_writing_it(written: bytes) -> None:
    remember(KEY)
    found = struck(b'{"said": "' + written + b'"}')
    assert len(found) == len(b'{"said": "' + written + b'"}')
    assert set(found.removeprefix(b'{"said": "').removesuffix(b'"}')) <= set(b'X"')


@pytest.mark.parametrize("before", ["", "x", "xy", "Bearer ", '{"authorization": "Bearer '])
@pytest.mark.parametrize("after", ["", "x", '"}'])
def test_nothing_of_a_key_is_left_in_base64(before: str, after: str) -> None:
    remember(KEY)
    left = struck(in_base64(before, after))
    assert left.count(b"X") >= len(KEY)
    assert not any(KEY[place : place + 4].encode() in _decoded(left) for place in range(len(KEY) - 3))


def _decoded(text: bytes) -> bytes:
    return base64.b64decode(text.replace(b"X", b"A") + b"==")


def test_all_else_stays_and_so_does_a_key_that_is_a_word() -> None:
    remember(KEY)
    remember("EMPTY")
    text = f"EMPTY {KEY[:-1]} \udcff sk-proj-%41bc"
    assert struck_text(text) == text
    assert struck_text(f"EMPTY {KEY} \udcff") == f"EMPTY {'X' * len(KEY)} \udcff"
