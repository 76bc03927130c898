"""What a workspace holds, read as anybody else would read it, and a server that counts."""

import hashlib
import json
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from random import Random
from typing import Any

from selfinstruct.core.offline.transport import complete
from selfinstruct.db.check.check import check
from selfinstruct.db.sqlite.driver import sqlite3
from tests.server import Fault, ModelServer

PRICED = """
[prices.m]
input = 10.0
output = 30.0
"""
"""A selfinstruct.toml with which a server on this machine is not free."""


@dataclass(frozen=True)
class Evidence:
    """What must never go from a workspace, and what is in doubt in it."""

    decisions: tuple[tuple[Any, ...], ...]
    answers: dict[int, str]
    """Requests with a stored answer, each with the hash of its bytes."""
    asked: dict[int, str]
    """The prompts of those requests, as the server knows them."""
    planned: dict[int, str]
    """The prompts of all requests."""
    doubtful: dict[int, str]
    """The prompts of the requests that were sent and have no answer."""
    proposals: frozenset[int]
    """Those among all requests that are for new tasks."""
    accepted: int
    """Tasks of the model in the pool."""


NOTHING = Evidence((), {}, {}, {}, {}, frozenset(), 0)
"""What a workspace holds that has not been begun."""


def evidence(path: Path) -> Evidence:
    """Read a workspace whose programs are gone; whatever is wrong with the file fails the test."""
    with closing(sqlite3.connect(path)) as db:
        if not db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'decisions'").fetchone():
            return NOTHING
        report = check(path)
        assert report.is_well, [sentence for part in report.parts for sentence in part.wrong]
        stored = db.execute(
            """SELECT request_id, sha256, body, prompt FROM attempts JOIN requests ON requests.id = request_id
            WHERE body IS NOT NULL AND attempts.error IS NULL"""
        ).fetchall()
        for request_id, sha256, body, _ in stored:
            assert hashlib.sha256(body).hexdigest() == sha256, request_id
        assert len({request_id for request_id, *_ in stored}) == len(stored), "two answers to one request"
        doubtful = db.execute("SELECT id, prompt FROM requests WHERE state IN ('sent', 'in_doubt')")
        planned = db.execute("SELECT id, prompt FROM requests")
        proposals = db.execute("SELECT id FROM requests WHERE stage = 'propose'")
        (accepted,) = db.execute(
            "SELECT count(*) FROM tasks WHERE state = 'accepted' AND origin = 'model'"
        ).fetchone()
        return Evidence(
            decisions=tuple(db.execute("SELECT id, task_id, kind, who, after FROM decisions ORDER BY id")),
            answers={request_id: sha256 for request_id, sha256, *_ in stored},
            asked={request_id: key_of(prompt) for request_id, *_, prompt in stored},
            planned={request_id: key_of(prompt) for request_id, prompt in planned},
            doubtful={request_id: key_of(prompt) for request_id, prompt in doubtful},
            proposals=frozenset(request_id for (request_id,) in proposals),
            accepted=accepted,
        )


def require_kept(before: Evidence, after: Evidence) -> None:
    """Fail when a decision or an answer has gone."""
    assert after.decisions[: len(before.decisions)] == before.decisions
    assert before.answers.items() <= after.answers.items()


def key_of(prompt: str) -> str:
    """A prompt, as it is in the workspace, by its hash."""
    return hashlib.sha256(json.dumps(json.loads(prompt)).encode()).hexdigest()


class CountingServer(ModelServer):
    """Answers as the built-in model does, in a random order, and counts by prompt."""

    def __init__(self, chance: Random, longest_s: float = 0.03) -> None:
        super().__init__()
        self.asked: Counter[str] = Counter()
        """How often each prompt came in."""
        self.answered: Counter[str] = Counter()
        """How often each was answered to the last byte."""
        self.fully_received: dict[str, int] = {}
        """Prompts whose answers surely came in full, since their connection has brought another request, with
        the number of requests that have come in since then."""
        self.tokens: Counter[str] = Counter()
        """Tokens of all answers that were sent, by their kind."""
        self._chance = chance
        self._longest_s = longest_s
        self._last_on: dict[BaseHTTPRequestHandler, str] = {}

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = json.loads(handler.rfile.read(int(handler.headers["content-length"])))
        asked = key_of(json.dumps(body["messages"]))
        answer = complete(body, 0)
        with self._lock:
            self.asked[asked] += 1
            for received in self.fully_received:
                self.fully_received[received] += 1
            if handler in self._last_on:
                self.fully_received[self._last_on.pop(handler)] = 0
            self.tokens.update(answer["usage"])
            takes_s = self._chance.uniform(0, self._longest_s)
        self.arrived.release()
        self.gate.wait()
        time.sleep(takes_s)  # answers overtake each other
        self._send(handler, Fault(body=json.dumps(answer).encode()))
        with self._lock:
            self.answered[asked] += 1
            self._last_on[handler] = asked
