"""Made-up keys that must turn up nowhere, servers that repeat them, and the search for them."""

import base64
import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from selfinstruct.db.sqlite.driver import sqlite3
from tests.server import Fault, ModelServer, Received, error_body

KEY = "sk-canary/Given+For.This_Endpoint"
OPENAI_KEY = "sk-canary-of-openai-0123456789"
PROXY_PASSWORD = "canary-of-the-proxy"

_LEAST = 12
"""So many characters of a key in a row are a leak."""


def forms(secret: str) -> list[bytes]:
    """Pieces of a secret in the ways in which it may be written down."""
    pieces = [secret[place : place + _LEAST] for place in range(len(secret) - _LEAST + 1)]
    found = [piece.encode(code) for piece in pieces for code in ("utf-8", "utf-16-le", "utf-16-be")]
    found += [json.dumps(piece).replace("/", "\\/")[1:-1].encode() for piece in pieces]
    found += [quote(piece, safe="").encode() for piece in pieces]
    found += [piece.encode().hex().encode() for piece in pieces]
    for before in range(3):
        encoded = base64.b64encode(b"x" * before + secret.encode())
        found += [encoded[4:-4], encoded[4:-4].translate(bytes.maketrans(b"+/", b"-_"))]
    return found


_FORMS = [form for secret in (KEY, OPENAI_KEY, PROXY_PASSWORD) for form in forms(secret)]


def leaks(data: bytes) -> list[str]:
    """Where one of the keys is in some bytes, in whatever form."""
    lowered = data.lower()
    return [
        repr(data[max(0, lowered.find(form.lower()) - 40) :][:120])
        for form in _FORMS
        if form.lower() in lowered
    ]


def leaks_in(folder: Path) -> list[str]:
    """Where one of the keys is in the files of a folder, in their names, or in the rows of a workspace."""
    found = []
    for path in folder.rglob("*"):
        found += leaks(str(path).encode("utf-8", "replace"))
        if path.is_file():
            found += [f"{path.name}: {leak}" for leak in leaks(path.read_bytes())]
        if path.suffix == ".db":
            found += [f"{path.name}: {leak}" for leak in leaks_in_rows(path)]
    return found


def leaks_in_rows(path: Path) -> list[str]:
    """Where one of the keys is in a cell of a workspace: in the file it may be in two pieces."""
    found = []
    with closing(sqlite3.connect(path)) as db:
        tables = db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            for row in db.execute(f'SELECT * FROM "{table}"'):
                cells = [cell if isinstance(cell, bytes) else str(cell).encode() for cell in row]
                found += [f"{table}: {leak}" for cell in cells for leak in leaks(cell)]
    return found


def _answer(content: str, **more: Any) -> Fault:
    choice = {"message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
    return Fault(body=json.dumps({"choices": [choice], **more}).encode())


def _escaped(key: str) -> Fault:
    body = _answer("9. Name the key KEY of this river.").body.decode()
    return Fault(body=body.replace("KEY", "".join(f"\\u{ord(c):04X}" for c in key)).encode())


def _cut_in_two(key: str) -> Fault:
    return Fault(400, b"x" * (64 * 1024 - len(key) // 2) + key.encode() + b"y" * 4096)


def _in_pages(key: str) -> Fault:
    """An answer so long that SQLite puts the keys in it on several pages."""
    return _answer("".join(f"{number}. Repeat {key} and {key} again.\n" for number in range(9, 200)))


ECHOES: dict[str, Callable[[Received], Fault]] = {
    "in the text": lambda got: _answer(f"9. Repeat the key {sent(got)} for me.\n10. Name {sent(got)} again."),
    "in JSON escapes": lambda got: _escaped(sent(got)),
    "on many pages": lambda got: _in_pages(sent(got)),
    "headers in a field": lambda got: _answer("9. Name a river of Asia.", you_sent=got.headers),
    "headers as text in text": lambda got: _answer(
        json.dumps(got.headers), id=json.dumps(json.dumps(got.headers))
    ),
    "as the model": lambda got: _answer("9. Name a sea of Asia.", model=sent(got)),
    "base64 of the headers": lambda got: _answer(base64.b64encode(json.dumps(got.headers).encode()).decode()),
    "in a header of the answer": lambda got: Fault(
        body=_answer("9. Name a lake of Asia.").body, headers={"x-you-sent": got.headers["authorization"]}
    ),
    "an error in a 200": lambda got: Fault(body=error_body(f"The key {sent(got)} is tired.")),
    "no JSON": lambda got: Fault(body=f"<html>{got.headers}</html>".encode()),
    "a list": lambda got: Fault(body=json.dumps([sent(got)]).encode()),
    "a refusal": lambda got: Fault(
        body=json.dumps({"choices": [{"message": {"content": None, "refusal": sent(got)}}]}).encode()
    ),
    "400": lambda got: Fault(400, error_body(f"Incorrect: {got.headers['authorization']}", param=sent(got))),
    "400 with all": lambda got: Fault(400, json.dumps({"detail": got.headers}).encode()),
    "400, cut in two": lambda got: _cut_in_two(sent(got)),
    "429": lambda got: Fault(429, error_body(f"Slow down, {sent(got)}"), {"retry-after": "0"}),
    "500": lambda got: Fault(500, f"at {sent(got)}".encode(), {"retry-after": "0"}),
    "a header that is none": lambda got: Fault(headers={"x-bad": f"{sent(got)}\x01"}),
    "a length that is none": lambda got: Fault(headers={"content-length": sent(got)}),
    "an encoding that is none": lambda got: Fault(
        body=sent(got).encode(), headers={"content-encoding": "gzip"}
    ),
    "401": lambda got: Fault(401, error_body(f"Incorrect API key provided: {sent(got)}.")),
    "404": lambda got: Fault(404, error_body(f"{sent(got)} may not have the model.")),
    "a redirect": lambda got: Fault(307, b"", {"location": f"http://127.0.0.1:9/?key={quote(sent(got))}"}),
    "no quota": lambda got: Fault(429, error_body(f"{sent(got)} is empty", code="insufficient_quota")),
}  # fmt: skip
"""What a server answers that repeats the key, by how it does so. Those from 401 on end the work."""


def sent(got: Received) -> str:
    """The key that came with a request."""
    return got.headers["authorization"].removeprefix("Bearer ")


def echo(server: ModelServer, *names: str) -> None:
    """Have a server repeat keys in these ways, one after the other and again from the first."""
    asked = 0

    def refuse(body: dict[str, Any]) -> Fault:
        nonlocal asked
        asked += 1
        return ECHOES[names[(asked - 1) % len(names)]](server.received[-1])

    server.refuse = refuse
