"""The installed program is killed at random moments: nothing is lost, and nothing is paid twice."""

import re
import signal
import subprocess
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from selfinstruct.tui.commands.exit_codes import Exit
from tests.core.runs.test_unattended import accepted, tasks_of
from tests.crash.evidence import NOTHING, PRICED, CountingServer, Evidence, evidence, require_kept
from tests.journeys.terminal import PROGRAMS, Terminal

_TARGET = 30
_KINDS = ("free", "paid", "resent")
_CONCURRENCY = (1, 16, 64)


class Lives:
    """One workspace after the other, each brought to its target by a program that is killed again and again.

    Args:
        kind: `free`: the server costs nothing. `paid`: it has a price, and what is in doubt is left until
            the end. `resent`: it has a price, and every start is told to send again what is in doubt.
    """

    def __init__(self, folder: Path, kind: str, concurrency: int, server: CountingServer) -> None:
        self.folder, self.kind, self.concurrency, self.server = folder, kind, concurrency, server
        self.chance = Random(f"{kind}/{concurrency}")
        self.killed = 0
        if kind != "free":
            (folder / "selfinstruct.toml").write_text(PRICED)
        self._straight: object = None

    def live(self, number: int, until: int) -> None:
        """Bring one workspace to its target; kill no more than `until` times altogether."""
        path = self.folder / f"{number}.db"
        known = NOTHING
        asked_before = self.server.asked.copy()
        done = False
        while self.killed < until:
            in_doubt = known.doubtful
            done = self._run_and_kill(path)
            found = evidence(path) if path.exists() else known
            require_kept(known, found)
            self._require_all_received(found)
            self._require_none_twice(known, found, asked_before)
            # What would bring tasks beyond the target is not sent again.
            waiting = in_doubt.keys() & found.proposals if found.accepted == _TARGET else set()
            fresh = found.doubtful.keys() - (in_doubt.keys() if self.kind == "paid" else waiting)
            assert len(fresh) <= self.concurrency
            if self.kind == "paid":
                assert in_doubt.items() <= found.doubtful.items(), "only a person has them sent again"
            known, asked_before = found, self.server.asked.copy()
            if done:
                break
        if not done or self.kind == "paid":
            assert self._start(path, resend=self.kind != "free").wait(120) == 0
        found = evidence(path)
        require_kept(known, found)
        self._require_none_twice(known, found, asked_before)
        assert found.doubtful.keys() <= found.proposals
        assert found.accepted == _TARGET
        if self.kind != "paid":
            assert accepted(tasks_of(path)) == self._accepted_without_a_kill()

    def _accepted_without_a_kill(self) -> object:
        if self._straight is None:
            path = self.folder / "straight.db"
            assert self._start(path).wait(120) == 0
            self._straight = accepted(tasks_of(path))
        return self._straight

    def _start(self, path: Path, *, resend: bool = False) -> "subprocess.Popen[bytes]":
        words = ["--auto", "--target", str(_TARGET), "--db", str(path)]
        words += ["--model", "m", "--base-url", self.server.url, "--concurrency", str(self.concurrency)]
        words += ["--resend"] if resend else []
        with (self.folder / "said").open("wb") as said:
            return subprocess.Popen([str(PROGRAMS / "selfinstruct-tui"), *words], stdout=said, stderr=said)

    def _run_and_kill(self, path: Path) -> bool:
        """Start the program and kill it somewhere; returns whether it was done before that."""
        while self.server.arrived.acquire(blocking=False):
            pass
        with self.server._lock:  # what the last program did not store is in doubt
            self.server.fully_received.clear()
        program = self._start(path, resend=self.kind == "resent")
        # One of so many requests later, or anywhere from its first instruction on.
        for _ in range(self.chance.randrange(_TARGET)):
            while program.poll() is None and not self.server.arrived.acquire(timeout=0.05):
                pass
        try:
            program.wait(self.chance.uniform(0, 0.05 if self.chance.random() < 0.8 else 1.0))
        except subprocess.TimeoutExpired:
            program.kill()
        # Until a person has them sent again, requests in doubt leave tasks without a row.
        done = program.wait() == 0 or (self.kind == "paid" and program.returncode == Exit.ROWLESS)
        said = (self.folder / "said").read_text()
        assert done or program.returncode == -signal.SIGKILL, said
        self.killed += not done
        shown = [
            int(number) for number in re.findall(rf"^batch \d+: (\d+) of {_TARGET} ", said, re.MULTILINE)
        ]
        if shown:
            assert evidence(path).accepted >= shown[-1], "what the program has told of is in the file"
        return done

    def _require_all_received(self, found: Evidence) -> None:
        """No answer is missing that the program had in full when it began a request.

        It begins at most `concurrency` before it has the answers to others. So among twice as many requests
        are some that it began later.
        """
        with self.server._lock:
            stored = {
                asked for asked, since in self.server.fully_received.items() if since > 2 * self.concurrency
            }
        assert stored <= set(found.asked.values())

    def _require_none_twice(self, known: Evidence, found: Evidence, asked_before: "dict[str, int]") -> None:
        """Nothing with a stored answer was asked again; another request may have the same prompt."""
        without_answer = found.planned.keys() - known.asked.keys()
        unanswered = Counter(found.planned[request] for request in without_answer)
        for asked in known.asked.values():
            assert self.server.asked[asked] - asked_before[asked] <= unanswered[asked]


@pytest.mark.slow
@pytest.mark.parametrize("concurrency", _CONCURRENCY)
@pytest.mark.parametrize("kind", _KINDS)
def test_killed_at_any_moment_nothing_is_lost_and_nothing_answered_is_asked_again(
    tmp_path: Path, pytestconfig: pytest.Config, kind: str, concurrency: int
) -> None:
    rounds = -(-pytestconfig.getoption("--kills") // (len(_KINDS) * len(_CONCURRENCY)))
    # One after the other, none can overtake another.
    with CountingServer(Random(concurrency), longest_s=0.03 if concurrency > 1 else 0.01) as server:
        lives, number = Lives(tmp_path, kind, concurrency, server), 0
        while lives.killed < rounds:
            lives.live(number, rounds)
            number += 1


@pytest.mark.slow
def test_what_the_screen_has_shown_as_decided_is_on_disk_after_kill_9(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    path, chance = tmp_path / "w.db", Random(1)
    words = ("selfinstruct-tui", "--db", str(path), "--model", "offline", "--rng-seed", "1")
    with Terminal(*words, "--requests-per-batch", "8") as terminal:
        terminal.wait_for("pool 175 + 0", "Candidates")
        terminal.press("n")
        terminal.wait_for("Batch 1:")
        terminal.press("q")
        assert terminal.wait() == 0
    known, kept = evidence(path), 0
    for _ in range(pytestconfig.getoption("--kills") // 20):
        with Terminal(*words) as terminal:
            terminal.wait_for(f"pool 175 + {kept}", "Candidates")
            shown: list[str] = []
            for _ in range(chance.randrange(1, 6)):
                undone = kept > 0 and chance.random() < 0.5
                kept += -1 if undone else 1
                terminal.press("u" if undone else "a")
                terminal.wait_for(f"pool 175 + {kept}")
                shown.append("undo" if undone else "accept")
            # What comes after that may be stored or not, whole.
            terminal.press(*"auauau"[: chance.randrange(6)])
            terminal.process.kill()
        found = evidence(path)
        require_kept(known, found)
        fresh = [kind for _, _, kind, *_ in found.decisions[len(known.decisions) :]]
        assert fresh[: len(shown)] == shown
        known, kept = found, found.accepted
