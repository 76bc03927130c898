"""What servers do wrong, one row each, with what a person may count on then."""

import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from selfinstruct.core.endpoint.client import MAX_KEPT_BYTES
from selfinstruct.core.requests.sender import MAX_ATTEMPTS
from tests.faulty import Play, answer, endless, head, wire
from tests.server import error_body

TEXT = "9. Name three rivers of Europe.\n10. Explain why the sky is blue."

Outcome = Literal["parsed", "failed", "ends"]
"""The request is parsed; it has failed, and the program goes on; it has failed, and the program ends."""


@dataclass(frozen=True)
class Row:
    """A fault, and what follows from it for the one request that meets it."""

    name: str
    plays: tuple[Play, ...]
    outcome: Outcome
    said: str = ""
    """A pattern of what is said to the person; empty: nothing is said."""
    requests: int = 1
    """How many requests the server sees until this one is over."""
    waits: tuple[float, ...] = ()
    """Seconds that are waited between them, before chance is added."""
    always: bool = False
    """The last play comes for every later request, too."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Settings other than the usual ones."""
    usage: tuple[int | None, int | None] | None = None
    """Tokens that are known afterwards; None: they are not looked at."""
    dropped: str = ""
    """A parameter that is not sent a second time."""
    changed: str = ""
    """A name and value, as JSON, that are not sent a second time; the name is."""
    added: str = ""
    """A name and value, as JSON, that are sent the second time only."""
    form: str = ""
    """How the last request asks for JSON; empty: it is not looked at."""
    path: str = ""
    """What follows in the address as a person sets it."""
    tasks: tuple[str, ...] | None = None
    """The tasks that are proposed; None: they are not looked at."""
    rows: tuple[tuple[str, str], ...] | None = None
    """What is kept of a request for the instances of a task; None: the request is for tasks."""


def choices(message: Any, **more: Any) -> bytes:
    """The body of an answer with one choice."""
    document = {"choices": [{"message": message, "finish_reason": "stop", **more.pop("choice", {})}], **more}
    return json.dumps(document).encode()


def said(content: Any, **more: Any) -> bytes:
    """The body of an answer whose message has this content."""
    return choices({"role": "assistant", "content": content}, **more)


GOOD = said(TEXT, model="m", usage={"prompt_tokens": 7, "completion_tokens": 9})
HTML = b"<!DOCTYPE html>\n<html><body><h1>502 Bad Gateway</h1><script>alert(1)</script></body></html>"
QUICK = {"timeout_s": 0.3}
AGAIN = (0.5,)
"""The first wait that nobody asked for."""


def refusal(status: int, message: str = "no", *headers: str, **fields: str) -> Play:
    """An error as OpenAI tells it."""
    return answer(error_body(message, **fields), status, *headers)


def in_chunks(*chunks: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    """A chunked body."""
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + end


def _broken() -> Iterator[Row]:
    start, chunked = head(length=len(GOOD)), head(200, "transfer-encoding: chunked")
    half, last = GOOD[: len(GOOD) // 2], in_chunks(GOOD, end=b"")
    for how in ("closes", "resets"):
        for where, told, came in (
            ("before the status line", b"", b""),
            ("inside the status line", b"HTTP/1.1 20", b""),
            ("inside the headers", start[:40], b""),
            ("before the first byte of the body", start, None),
            ("at the first byte of the body", start + GOOD[:1], None),
            ("in the middle of the body", start + half, None),
            ("before the last chunk", chunked + last, None),
        ):
            stored = came if came is not None or how == "resets" else _body_of(told)
            yield Row(f"it {how} {where}", (wire(told, stored=stored, ending=how),), "parsed", "", 2, AGAIN)
    yield Row(
        "it closes early for ever",
        (wire(start + half, stored=half),),
        "failed",
        r"The connection broke during the answer: peer closed connection .*received \d+ bytes, expected \d+",
        MAX_ATTEMPTS,
        (0.5, 1, 2, 4),
        always=True,
    )
    for name, told, came in (
        ("a chunk of no length", chunked + b"zz\r\nabc\r\n", b""),
        ("a chunk longer than told", chunked + b"3\r\nabcdef\r\n0\r\n\r\n", None),
        ("a chunk of a huge length", chunked + b"ffffffffffffffff\r\nabc", None),
        ("a length that is negative", head(200, "content-length: -5") + GOOD, b""),
        ("two lengths", head(200, "content-length: 5", "content-length: 6") + GOOD, b""),
        ("no HTTP at all", b"SSH-2.0-OpenSSH_9.6\r\n", b""),
        ("a header with NUL", b"HTTP/1.1 200 OK\r\nx: a\0b\r\n\r\n{}", b""),
        ("a header without a name", b"HTTP/1.1 200 OK\r\n: x\r\n\r\n{}", b""),
    ):
        yield Row(name, (wire(told, stored=came),), "parsed", "", 2, AGAIN)
    late = wire(chunked, b"zz\r\nabc\r\n", stored=None, ending="is silent", drips=True)
    yield Row("a chunk of no length that comes late", (late,), "parsed", "", 2, AGAIN)
    yield Row("no length, and closed at its end", (wire(head(), GOOD, stored=GOOD),), "parsed", usage=(7, 9))
    # A strict parser refuses these; the next attempt is read by a lenient one.
    yield Row("HTTP/9.9", (wire(b"HTTP/9.9 200 OK\r\n\r\n{}", stored=b""),), "parsed", "", 2, AGAIN)
    yield Row("HTTP/1.0", (wire(b"HTTP/1.0 200 OK\r\n\r\n", GOOD, stored=GOOD),), "parsed")
    yield Row(
        "good chunks",
        (wire(chunked, in_chunks(half, GOOD[len(half) :]), stored=GOOD, ending="goes on"),),
        "parsed",
    )


def _slow_and_long() -> Iterator[Row]:
    start, chunked = head(length=len(GOOD)), head(200, "transfer-encoding: chunked")
    for name, play in (
        ("silence", wire(ending="is silent")),
        ("silence inside the headers", wire(start[:40], ending="is silent")),
        ("silence inside the body", wire(start, GOOD[:9], stored=GOOD[:9], ending="is silent")),
        ("headers that drip", wire(start, stored=b"", drips=True)),
        ("a body that drips", wire(b"HTTP/1.1 200 K\r\n\r\n", GOOD, stored=None, drips=True)),
    ):
        yield Row(name, (play,), "parsed", "", 2, AGAIN, settings=QUICK)
    yield Row(
        "silence for ever",
        (wire(ending="is silent"),),
        "failed",
        r"No complete answer arrived within 0\.3 seconds\.",
        MAX_ATTEMPTS,
        (0.5, 1, 2, 4),
        always=True,
        settings=QUICK,
    )
    for name, play in (
        ("headers without end", endless(b"HTTP/1.1 200 OK\r\n", b"x-more: and more\r\n", stored=b"")),
        ("a header without end", endless(b"HTTP/1.1 200 OK\r\nx-more: ", b"x" * 4096, stored=b"")),
        ("a status line without end", endless(b"HTTP/1.1 200 O", b"K" * 4096, stored=b"")),
    ):
        yield Row(name, (play,), "parsed", "", 2, AGAIN)
    kept = b" " * MAX_KEPT_BYTES
    for name, play in (
        ("a body without end", endless(head(), b" " * 65536, stored=kept)),
        ("chunks without end", endless(chunked, in_chunks(b" " * 65536, end=b""), stored=kept)),
        ("a body of 1 GB", endless(head(length=1 << 30), b" " * 65536, stored=kept)),
        ("a gzip bomb", answer(gzip.compress(b" " * (50 << 20)), 200, "content-encoding: gzip", stored=kept)),
        (
            "a deflate bomb",
            answer(zlib.compress(b" " * (50 << 20)), 200, "content-encoding: deflate", stored=kept),
        ),
        (
            "a gzip bomb in a gzip bomb",
            answer(
                gzip.compress(gzip.compress(b" " * (50 << 20))),
                200,
                "content-encoding: gzip, gzip",
                stored=kept,
            ),
        ),
    ):
        yield Row(
            name, (play,), "failed", r"The answer is longer than this request allows: over 1,310,720 bytes\."
        )
    yield Row(
        "a gzip bomb in an error",
        (answer(gzip.compress(b" " * (50 << 20)), 400, "content-encoding: gzip", stored=kept),),
        "failed",
        r"status 400\.",
    )


def _packed() -> Iterator[Row]:
    packed = gzip.compress(GOOD)
    start = zlib.decompressobj(wbits=31).decompress(packed[:-20])
    raw = zlib.compressobj(wbits=-15)
    bare = raw.compress(GOOD) + raw.flush()
    yield Row("gzip", (answer(packed, 200, "content-encoding: gzip", stored=GOOD),), "parsed")
    yield Row(
        "deflate", (answer(zlib.compress(GOOD), 200, "content-encoding: deflate", stored=GOOD),), "parsed"
    )
    yield Row("bare deflate", (answer(bare, 200, "content-encoding: deflate", stored=GOOD),), "parsed")
    for name in ("br", "zstd", "aes256"):
        yield Row(
            f"{name}, that was not asked for",
            (answer(b"\x0b\x80\xff", 200, f"content-encoding: {name}"),),
            "failed",
            "not UTF-8",
        )
    yield Row(
        "gzip that is none",
        (answer(GOOD, 200, "content-encoding: gzip", stored=b""),),
        "parsed",
        "",
        2,
        AGAIN,
    )
    yield Row(
        "gzip that is cut",
        (answer(packed[:-20], 200, "content-encoding: gzip", stored=start),),
        "failed",
        "not JSON|empty",
    )
    yield Row(
        "gzip in too many layers",
        (answer(packed, 200, "content-encoding: " + ", ".join(["gzip"] * 9), stored=b""),),
        "parsed",
        "",
        2,
        AGAIN,
    )


def _texts() -> Iterator[Row]:
    """Full answers with status 200: what is in them decides."""
    for name, body, sentence in (
        ("empty", b"", "is empty"),
        ("blank", b" \n\n ", "is empty"),
        ("a web page", HTML, r"is a web page, not JSON\. Check (--|⟪)?base.url"),
        ("a text", b"Sure! Here you go.", "is not JSON"),
        ("cut JSON", GOOD[:-9], "is not JSON"),
        ("JSON twice", GOOD + GOOD, "is not JSON"),
        (
            "a stream of events",
            b'data: {"choices": []}\n\ndata: [DONE]\n\n',
            "is a stream of events, and none of them",
        ),
        ("null", b"null", "is JSON, but not an object: null"),
        ("a list", b"[1, 2]", r"is JSON, but not an object: \[1, 2\]"),
        ("a text in JSON", b'"hi"', 'is JSON, but not an object: "hi"'),
        ("a number", b"1e999", "is JSON, but not an object: 1e999"),
        ("a number of 5,000 digits", b"9" * 5000, "is not JSON"),
        ("bad UTF-8", GOOD.replace(b"Europe", b"Eur\xff\xfe"), "is not UTF-8 text"),
        ("UTF-16", GOOD.decode().encode("utf-16"), "is not UTF-8 text"),
        ("deep nesting", b"[" * 90_000, "is not JSON"),
        ("deep nesting inside", b'{"choices": ' + b'[{"a":' * 40_000, "is not JSON"),
        (
            "lists without end",
            b'{"choices": [' + b"[]," * 200_000 + b"[]]}",
            "has more parts than any answer",
        ),
        ("objects without end", b'{"choices": [' + b"{}," * 200_000 + b"{}]}", "has more parts than any"),
        ("error in a 200", error_body("out of memory"), "reported an error in its answer: out of memory"),
        ("error that is a text", b'{"error": "busy"}', "reported an error in its answer: busy"),
        ("error that is a number", b'{"error": 7}', "reported an error in its answer: 7"),
        ("error that is nested", b'{"error": {"message": {"a": [1]}}}', "error in its answer: .*a.*1"),
        ("an object without choices", b"{}", "has no choices"),
        ("no choices", b'{"choices": []}', "has no choices"),
        ("choices null", b'{"choices": null}', "has no choices"),
        ("choices an object", b'{"choices": {"0": {}}}', "has no choices"),
        ("choices a text", b'{"choices": "none"}', "has no choices"),
        ("a choice that is null", b'{"choices": [null]}', "has no choices"),
        ("message missing", b'{"choices": [{}]}', "has no text"),
        ("message null", choices(None), "has no text"),
        ("message a text", choices("Name a river."), "has no text"),
        ("message a list", choices(["Name a river."]), "has no text"),
        ("content null", said(None), "has no text"),
        ("content a number", said(7), "has no text"),
        ("content an object", said({"text": TEXT}), "has no text"),
        ("content an empty list", said([]), "has no text"),
        ("content a list of numbers", said([1, None]), "has no text"),
        ("a refusal", choices({"content": None, "refusal": "I can't."}), "The model refused: I can't"),
        ("content_filter", said(TEXT, choice={"finish_reason": "content_filter"}), "content filter withheld"),
        ("only thoughts", said("<think>hm", choice={"finish_reason": "length"}), "thinking_tokens"),
        ("the legacy API's answer", json.dumps({"choices": [{"text": TEXT}]}).encode(), "has no text"),
    ):
        yield Row(f"200, {name}", (answer(body),), "failed", sentence)
    for name, body in (
        ("a byte order mark", b"\xef\xbb\xbf" + GOOD),
        ("content in parts", said([{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": TEXT}])),
        ("lone surrogates", said(TEXT + " \ud800 \udfff")),
        ("NUL and escapes", said(TEXT + " \0 \x1b]52;c;eA==\x07 \x9b31m \u202e")),
        ("a finish_reason nobody knows", said(TEXT, choice={"finish_reason": "because"})),
        ("finish_reason a list", said(TEXT, choice={"finish_reason": ["stop"]})),
        ("no finish_reason", json.dumps({"choices": [{"message": {"content": TEXT}}]}).encode()),
        ("keys twice", GOOD[:-1] + b', "model": "a", "model": "b"}'),
        ("a line of 1 MB", said(TEXT + "\n11. " + "river " * 170_000)),
        ("ten thousand items", said("\n".join(f"{n % 900}. Name river {n}." for n in range(10_000)))),
        ("nothing that is a list", said("I would rather not.")),
        ("another model's name", said(TEXT, model="not-m")),
        ("a model's name that is a number", said(TEXT, model=7)),
        ("a model's name of 1 MB", said(TEXT, model="m" * 1_000_000)),
    ):
        yield Row(f"200, {name}", (answer(body),), "parsed")
    for name, usage in (
        ("missing", None),
        ("a list", [1]),
        ("texts", {"prompt_tokens": "7", "completion_tokens": "9"}),
        ("negative", {"prompt_tokens": -7, "completion_tokens": -9}),
        ("NaN", {"prompt_tokens": float("nan"), "completion_tokens": float("inf")}),
        ("huge", {"prompt_tokens": 10**30, "completion_tokens": 2**63}),
        ("true", {"prompt_tokens": True, "completion_tokens": True}),
    ):
        yield Row(f"200, usage {name}", (answer(said(TEXT, usage=usage)),), "parsed", usage=(None, None))
    yield Row(
        "200, as a web page by its type",
        (wire(head(200, "content-type: text/html", length=len(GOOD)), GOOD, stored=GOOD, ending="goes on"),),
        "parsed",
    )


def _body_of(told: bytes) -> bytes:
    """What has come of a body, without the marks of chunks."""
    body = told.partition(b"\r\n\r\n")[2]
    return GOOD if b"chunked" in told else body


ROWS = [row for rows in (_broken, _slow_and_long, _packed, _texts) for row in rows()]
