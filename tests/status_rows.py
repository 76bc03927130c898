"""Statuses that say why there is no answer, one row each (see `fault_rows`)."""

import email.utils
import json
import time
from collections.abc import Iterator

from selfinstruct.core.endpoint.client import MAX_KEPT_BYTES
from selfinstruct.core.requests.sender import MAX_ATTEMPTS, MAX_REFUSALS
from tests.fault_rows import AGAIN, GOOD, HTML, QUICK, Row, refusal
from tests.faulty import Play, answer, endless, head, wire
from tests.server import error_body


def _in_a_minute() -> Play:
    """A refusal that asks to wait until a time of day."""
    body = error_body("busy")

    def pieces() -> Iterator[bytes]:
        date = email.utils.formatdate(time.time() + 60, usegmt=True)
        yield head(429, f"retry-after: {date}", length=len(body)) + body

    return Play(pieces, body)


def _statuses() -> Iterator[Row]:
    yield Row("429, Retry-After 3", (refusal(429, "busy", "retry-after: 3"),), "parsed", "", 2, (3.0,))
    yield Row("429, Retry-After a date", (_in_a_minute(),), "parsed", "", 2, (60.0,))
    yield Row("429 without Retry-After", (refusal(429, "busy"),), "parsed", "", 2, AGAIN)
    for told in ("soon", "-1", "nan", "inf", "1, 2", "Sun, 99 Nov 99999 99:99:99 GMT"):
        yield Row(
            f"429, Retry-After {told}",
            (refusal(429, "busy", f"retry-after: {told}"),),
            "parsed",
            "",
            2,
            AGAIN,
        )
    yield Row(
        "429, Retry-After two hours",
        (refusal(429, "busy", "retry-after: 7200"),),
        "ends",
        r"status 429: busy\. It asks to wait for 7200 seconds; start again then\.",
    )
    yield Row(
        "503, Retry-After two hours",
        (refusal(503, "closed", "retry-after: 7200"),),
        "ends",
        r"status 503: closed\. It asks to wait for 7200 seconds",
    )
    yield Row(
        "429 for ever",
        (refusal(429, "busy"),),
        "ends",
        r"status 429: busy\. It has throttled 12 attempts in a row\. Try again later, perhaps with a lower"
        r" (--)?concurrency\.",
        MAX_REFUSALS,
        (0.5, 1, 2, 4, 8, 16, 30, 30, 30, 30, 30, 30),
        always=True,
    )
    yield Row(
        "quota used up",
        (refusal(429, "You exceeded your quota", code="insufficient_quota"),),
        "ends",
        "quota of this key is used up: You exceeded your quota. Add credit",
    )
    yield Row(
        "402",
        (refusal(402, "Insufficient Balance"),),
        "ends",
        "requires payment \\(status 402\\): Insufficient Balance. Add credit",
    )
    yield Row(
        "400, a parameter it does not know",
        (refusal(400, "Unsupported parameter.", param="presence_penalty"),),
        "parsed",
        requests=2,
        dropped="presence_penalty",
    )
    yield Row(
        "400, max_tokens by its newer name",
        (refusal(400, "Use 'max_completion_tokens' instead.", param="max_tokens"),),
        "parsed",
        requests=2,
        dropped="max_tokens",
    )
    detail = [{"type": "extra_forbidden", "loc": ["body", "top_p"], "msg": "Extra inputs are not permitted"}]
    yield Row(
        "422, a parameter it does not know, told in another way",
        (answer(json.dumps({"detail": detail}).encode(), 422),),
        "parsed",
        requests=2,
        dropped="top_p",
    )
    yield Row("400 that teaches nothing", (refusal(400, "nonsense"),), "failed", r"status 400: nonsense\.")
    yield Row(
        "400, the context is too long",
        (refusal(400, "At most 4096 tokens.", code="context_length_exceeded"),),
        "failed",
        r"context of 4,096 tokens does not hold the prompt and up to 512 tokens of answer \(status 400\)\."
        r" Use shorter",
        2,
        always=True,
    )
    yield Row(
        "413 for ever",
        (answer(HTML, 413),),
        "failed",
        r"does not hold the prompt .*\(status 413\)\.",
        2,
        always=True,
    )
    yield Row("401", (refusal(401, "bad key"),), "ends", r"requires a key \(status 401\): bad key\. Name the")
    yield Row("403", (answer(HTML, 403),), "ends", r"was refused \(status 403\)\. Possible causes")
    for status in (404, 405, 410, 501):
        yield Row(
            str(status),
            (refusal(status, "what?"),),
            "ends",
            rf"knows no model 'm', or has no chat API \(status {status}\): what\?"
            r" Check (--)?model, (--)?base.url",
        )
    for status in (408, 409, 425, 500, 502, 503, 504, 529, 599, 999):
        yield Row(f"{status} once", (answer(HTML, status),), "parsed", "", 2, AGAIN)
    yield Row(
        "500 for ever",
        (refusal(500, "out of memory"),),
        "failed",
        r"status 500: out of memory\.",
        MAX_ATTEMPTS,
        (0.5, 1, 2, 4),
        always=True,
    )
    for status in (201, 202, 206, 418, 422, 451):
        yield Row(str(status), (answer(GOOD, status),), "failed", rf"answered with status {status}\.")
    yield Row("204", (wire(head(204)),), "failed", r"answered with status 204\.")
    yield Row(
        "some 100 Continue first",
        (wire(b"HTTP/1.1 100 Go\r\n\r\n" * 9, head(length=len(GOOD)), GOOD, stored=GOOD),),
        "parsed",
    )
    yield Row(
        "100 Continue for ever",
        (endless(b"", b"HTTP/1.1 100 Go\r\n\r\n", stored=b""),),
        "parsed",
        "",
        2,
        AGAIN,
        settings=QUICK,
    )
    yield Row(
        "101",
        (wire(b"HTTP/1.1 101 Switch\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"),),
        "parsed",
        "",
        2,
        AGAIN,
    )
    yield Row(
        "an error whose body never ends",
        (endless(head(401), b"x" * 65536, stored=b"x" * MAX_KEPT_BYTES),),
        "ends",
        "requires a key",
    )
    yield Row(
        "an error whose body breaks off",
        (wire(head(401, length=99), b'{"error"', stored=b'{"error"'),),
        "ends",
        "requires a key",
    )


def _redirects() -> Iterator[Row]:
    for status in (301, 302, 303, 307, 308):
        yield Row(
            f"{status} to another host",
            (answer(b"", status, "location: {other}/v1/chat/completions?key=1"),),
            "ends",
            r"redirects to http://127\.0\.0\.1:\d+/v1\. Set (--)?base.url to that address\.",
        )
    yield Row(
        "307 within the host",
        (answer(b"", 307, "location: /v2/chat/completions"),),
        "ends",
        r"redirects to http://127\.0\.0\.1:\d+/v2\. Set",
    )
    for told in ("", "http://[", "x" * 9000):
        yield Row(
            f"302 to {told[:9] or 'nowhere'}",
            (answer(b"", 302, f"location: {told}"),),
            "ends",
            r"redirects elsewhere\. Check base_url\.",
        )
    yield Row("304", (wire(head(304)),), "ends", r"redirects elsewhere\. Check base_url\.")


STATUS_ROWS = [*_statuses(), *_redirects()]
