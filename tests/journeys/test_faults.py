"""The installed program and servers that fail: exit codes, what is printed, and how much memory it takes."""

import json
import re
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from tests.fault_rows import Row, refusal, said
from tests.fault_table import FAULTS
from tests.faulty import FaultyServer, Play, answer, endless, head
from tests.journeys.terminal import PROGRAMS

pytestmark = pytest.mark.long

SAMPLE = (
    "429, Retry-After two hours",
    "quota used up",
    "400 that teaches nothing",
    "400, the context is too long",
    "401",
    "404",
    "502 once",
    "307 to another host",
    "it resets inside the headers",
    "it closes in the middle of the body",
    "silence inside the body",
    "a body of 1 GB",
    "a gzip bomb in a gzip bomb",
    "200, a web page",
    "200, deep nesting",
    "200, error in a 200",
    "200, a refusal",
    "200, NUL and escapes",
)

MB = 1 << 20
MOST_ABOVE_IDLE = 100 * MB


def work_alone(folder: Path, url: str, *words: str, toml: str = "") -> "subprocess.CompletedProcess[str]":
    """Unattended work in a folder of its own; the last line of stderr is the peak of its memory, in kB."""
    (folder / "selfinstruct.toml").write_text(toml)
    # A process of its own, so that the only child whose memory is asked for is the program.
    measured = (
        "import resource, subprocess, sys\n"
        "code = subprocess.call(sys.argv[1:])\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)\n"
        "sys.exit(code)"
    )
    program = [str(PROGRAMS / "selfinstruct-tui"), "--auto", "--model", "m", "--base-url", url, *words]
    return subprocess.run(
        [sys.executable, "-c", measured, *program],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def peak_bytes(done: "subprocess.CompletedProcess[str]") -> int:
    return 1024 * int(done.stderr.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.parametrize("row", [row for row in FAULTS if row.name in SAMPLE], ids=lambda row: row.name)
def test_unattended_work_says_what_went_wrong_and_ends_with_its_code(tmp_path: Path, row: Row) -> None:
    with FaultyServer() as server, FaultyServer() as other:
        server.other = other.url.removesuffix("/v1")
        server.plays.extend(row.plays)
        server.always = row.plays[-1] if row.always else None
        toml = "".join(f"{name} = {value}\n" for name, value in row.settings.items())
        done = work_alone(tmp_path, server.url, "--max-requests", "1", "--concurrency", "1", toml=toml)
    printed = done.stdout + done.stderr
    assert done.returncode == (4 if row.outcome == "ends" else 3)
    assert len(server.seen) == row.requests
    assert re.search(row.said, printed)
    assert ("Request 1 (propose) failed: " in done.stdout) == (row.outcome != "parsed")
    assert ("Error: " in done.stderr) == (row.outcome == "ends")
    assert ("Stopped at --max-requests" in done.stdout) == (row.outcome != "ends")
    assert "Traceback" not in printed
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", printed)


def test_the_sample_is_of_the_table() -> None:
    assert set(SAMPLE) <= {row.name for row in FAULTS}


def test_ten_requests_in_a_row_that_come_to_nothing_end_the_program(tmp_path: Path) -> None:
    with FaultyServer() as server:
        server.always = answer(b"Sure! Here you go.")
        done = work_alone(tmp_path, server.url, "--target", "5", "--concurrency", "1")
    assert done.returncode == 4
    assert len(server.seen) == 10
    assert "10 requests in a row produced nothing. The last one: The answer is not JSON." in done.stderr
    assert "check --model, --base-url and --api" in done.stderr


def test_a_context_that_is_too_small_for_thoughts_is_told_once_and_the_work_goes_on(tmp_path: Path) -> None:
    too_long = "This model's maximum context length is 2048 tokens and your request has 900 input tokens"
    with FaultyServer() as server:
        server.plays.append(refusal(400, too_long))
        toml = "thinking_tokens = 4000\n"
        done = work_alone(tmp_path, server.url, "--max-requests", "1", "--concurrency", "1", toml=toml)
    assert done.returncode == 3
    assert done.stdout.count("context of 2,048 tokens does not hold a prompt of 900 tokens") == 1
    assert "4,000 of them thinking_tokens" in done.stdout
    assert [one.body["max_tokens"] for one in server.seen] == [5024, 1140]


def test_a_cost_that_was_not_told_is_shown_as_unknown(tmp_path: Path) -> None:
    prices = "[prices.m]\ninput = 1\noutput = 1\n"
    with FaultyServer() as server:
        server.always = answer(said("9. Name a river of Europe."))
        done = work_alone(tmp_path, server.url, "--max-requests", "1", "--db", "w.db", toml=prices)
    assert done.returncode == 3
    assert re.search(r"Cost: unknown \(\$\d\.\d+ reserved\)\.", done.stdout)
    status = [str(PROGRAMS / "selfinstruct"), "status", "--db", str(tmp_path / "w.db")]
    plain = subprocess.run(status, capture_output=True, text=True, check=True, timeout=240).stdout
    assert re.search(r"cost.*unknown", plain, re.IGNORECASE)
    document = json.loads(
        subprocess.run([*status, "--json"], capture_output=True, text=True, check=True, timeout=240).stdout
    )
    assert document["cost"]["usd"] is None


def test_a_cost_limit_without_a_price_is_refused_with_the_way_to_give_one(tmp_path: Path) -> None:
    with FaultyServer() as server:
        done = work_alone(tmp_path, server.url, "--max-cost", "5")
        assert done.returncode == 2
        assert server.seen == []
        assert "The price of 'm' is not known, so --max-cost cannot be enforced." in done.stderr
        assert '[prices."m"]' in done.stderr
        # As it says, so it is done.
        lines = re.search(r'write (\[prices\."m"\]), (input = 0) and (output = 0)\.', done.stderr)
        assert lines is not None
        prices = "\n".join(lines.groups())
        done = work_alone(tmp_path, server.url, "--max-cost", "5", "--max-requests", "1", toml=prices)
        assert done.returncode == 3
        assert len(server.seen) == 1


def gzip_bomb(size: int) -> bytes:
    """So many blanks, packed."""
    packer = zlib.compressobj(9, wbits=31)
    blanks = b" " * MB
    return b"".join(packer.compress(blanks) for _ in range(size // MB)) + packer.flush()


def huge() -> list[tuple[str, Play]]:
    packed = gzip_bomb(1 << 30)
    nested = b'{"choices": [' + b"[]," * 430_000 + b"[]]}"
    many = b'{"choices": [' + b"{}," * 430_000 + b"{}]}"
    return [
        ("a body of 1 GB", endless(head(length=1 << 30), b" " * 65536, stored=None)),
        (
            "a text of 1 GB",
            endless(head() + b'{"choices": [{"message": {"content": "', b"x" * 65536, stored=None),
        ),
        ("headers without end", endless(b"HTTP/1.1 200 OK\r\n", b"x: and more\r\n" * 999, stored=None)),
        ("an error of 1 GB", endless(head(500, "retry-after: 0"), b" " * 65536, stored=None)),
        ("a gzip bomb", answer(packed, 200, "content-encoding: gzip")),
        ("a gzip bomb in an error", answer(packed, 400, "content-encoding: gzip")),
        ("a gzip bomb in a gzip bomb", answer(zlib_twice(packed), 200, "content-encoding: gzip, gzip")),
        ("lists without end", answer(nested)),
        ("objects without end", answer(many)),
        ("a long text of wide letters", answer(said("9. " + "\U0001f600" * 100_000))),
        ("a line of 1 MB", answer(said("9. " + "river " * 200_000))),
    ]


def zlib_twice(packed: bytes) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    return packer.compress(packed) + packer.flush()


@pytest.mark.slow
def test_however_much_a_server_sends_little_of_it_is_held(tmp_path: Path) -> None:
    words = ("--max-requests", "8", "--concurrency", "8")
    peaks: dict[str, int] = {}
    for number, (name, play) in enumerate([("idle", None), *huge()]):
        with FaultyServer() as server:
            server.always = play
            done = work_alone(tmp_path, server.url, *words, "--db", f"{number}.db")
        assert done.returncode == 3, done.stdout + done.stderr
        assert len(server.seen) >= 8
        peaks[name] = peak_bytes(done)
    above = {name: (peak - peaks["idle"]) >> 20 for name, peak in peaks.items()}
    print("MB above idle:", above)  # noqa: T201 - `pytest -rP` shows them
    assert max(above.values()) << 20 < MOST_ABOVE_IDLE, above
