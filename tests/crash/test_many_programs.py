"""Many installed programs work on one workspace: one cost limit, one pool."""

import json
import re
import subprocess
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from selfinstruct.core.similarity.rouge_index import RougeIndex
from selfinstruct.db.sqlite.driver import sqlite3
from tests.crash.evidence import PRICED, CountingServer, evidence
from tests.journeys.terminal import PROGRAMS

_PROGRAMS = 5
_WIDTHS = (1, 1, 2, 4, 8)
"""Requests at once, of each program."""
_AT_LIMIT = 3

# Writes down at every change of what is charged: the sum, and the limit that is in force then.
_WATCH = """
CREATE TABLE watched (charged_usd REAL, limit_usd REAL);
CREATE TABLE sent (limit_usd REAL);
CREATE TRIGGER watch_sent AFTER INSERT ON attempts BEGIN
    INSERT INTO sent SELECT value FROM settings WHERE name = 'max_cost';
END;
CREATE TRIGGER watch_spending AFTER UPDATE ON spending BEGIN {note} END;
CREATE TRIGGER watch_planned AFTER INSERT ON requests BEGIN {note} END;
CREATE TRIGGER watch_states AFTER UPDATE OF state ON requests BEGIN {note} END;
""".format(
    note="""INSERT INTO watched SELECT
        (SELECT charged_usd FROM spending)
            + (SELECT total(reserved_usd) FROM requests WHERE state = 'planned'),
        (SELECT value FROM settings WHERE name = 'max_cost');"""
)
_UNWATCH = "".join(f"DROP TRIGGER {name};" for name in re.findall(r"TRIGGER (\w+)", _WATCH))


def start(path: Path, server: CountingServer, *words: str) -> "subprocess.Popen[str]":
    program = [str(PROGRAMS / "selfinstruct-tui"), "--auto", "--db", str(path)]
    return subprocess.Popen(
        [*program, "--model", "m", "--base-url", server.url, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def begun(path: Path, server: CountingServer, max_cost: float) -> None:
    """A priced workspace with seeds, of which every charge is written down."""
    Path("selfinstruct.toml").write_text(PRICED)
    first = start(path, server, "--max-cost", str(max_cost), "--max-requests", "1")
    said, _ = first.communicate(timeout=240)
    assert first.returncode == _AT_LIMIT, said
    with closing(sqlite3.connect(path)) as db:
        # Only money is to stop the others.
        db.executescript(_WATCH + "DELETE FROM settings WHERE name = 'max_requests';")


def watched(path: Path) -> list[tuple[float, float]]:
    """What was written down; nothing is any more, since the triggers are none of the program's own."""
    with closing(sqlite3.connect(path)) as db:
        db.executescript(_UNWATCH)
        return db.execute("SELECT charged_usd, limit_usd FROM watched").fetchall()


@pytest.mark.slow
def test_five_programs_never_go_over_one_cost_limit_nor_accept_two_similar_tasks(tmp_path: Path) -> None:
    path, limit = tmp_path / "w.db", 1.5
    with CountingServer(Random(1)) as server:
        begun(path, server, limit)
        server.arrived.acquire(timeout=240)
        # Held until all have as many requests under way as they may, so that none finds the money spent.
        server.gate.clear()
        programs = [
            start(path, server, "--rng-seed", str(seed), "--concurrency", str(width))
            for seed, width in enumerate(_WIDTHS)
        ]
        for _ in range(sum(_WIDTHS)):
            assert server.arrived.acquire(timeout=240)
        server.gate.set()
        said = [program.communicate(timeout=240)[0] for program in programs]
        assert [program.returncode for program in programs] == [_AT_LIMIT] * len(_WIDTHS), said
        spent = (server.tokens["prompt_tokens"] * 10.0 + server.tokens["completion_tokens"] * 30.0) / 1e6
        asked = server.asked.total()
    assert all("Stopped at --max-cost" in text for text in said)
    charges = watched(path)
    assert max(charged for charged, _ in charges) <= limit + 1e-9
    assert 0.8 * limit < spent <= limit
    found = evidence(path)
    assert len(found.answers) == asked
    assert not found.doubtful
    with closing(sqlite3.connect(path)) as db:
        (charged,) = db.execute("SELECT charged_usd FROM spending").fetchone()
        texts = db.execute("SELECT id, instruction FROM tasks WHERE state = 'accepted'").fetchall()
        working = db.execute("SELECT count(DISTINCT run_id) FROM requests").fetchone()[0]
    assert charged == pytest.approx(spent)
    assert working == 1 + len(_WIDTHS), "the one that began, and all of these"
    index = RougeIndex()
    for task_id, text in texts:
        assert not index.above(text, 0.7)
        index.add(task_id, text)
    assert len(texts) > 175 + 50


@pytest.mark.slow
def test_a_lower_cost_limit_of_one_program_binds_the_others_at_once(tmp_path: Path) -> None:
    path = tmp_path / "w.db"
    with CountingServer(Random(2)) as server:
        begun(path, server, 50.0)
        programs = [start(path, server, "--rng-seed", str(seed)) for seed in range(_PROGRAMS)]
        for _ in range(40):
            assert server.arrived.acquire(timeout=240)
        lower = 0.01
        another = start(path, server, "--max-cost", str(lower), "--rng-seed", "9")
        said = [program.communicate(timeout=300)[0] for program in [*programs, another]]
        assert [program.returncode for program in [*programs, another]] == [_AT_LIMIT] * (_PROGRAMS + 1), said
    assert all(f"Stopped at --max-cost: {lower:g} USD" in text for text in said)
    charges = watched(path)
    before = [charged for charged, limit in charges if limit == 50.0]
    after = [charged for charged, limit in charges if limit == lower]
    assert before
    assert after, "answers were under way"
    # Nothing more was reserved: what was under way only settled.
    assert max(after) <= before[-1] + 1e-9
    with closing(sqlite3.connect(path)) as db:
        limits = db.execute("SELECT DISTINCT limit_usd FROM sent").fetchall()
        stored = json.loads(db.execute("SELECT value FROM settings WHERE name = 'max_cost'").fetchone()[0])
    assert limits == [(50.0,)], "nothing was sent any more"
    assert stored == lower
