"""Jobs on small files, run by one shard, that stop where a test wants them to."""

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.core.dedupe.job import Callbacks, Job, run
from selfinstruct.core.dedupe.journal import Tally
from selfinstruct.core.dedupe.row_reader import Limits
from selfinstruct.core.dedupe.shards import OneShard

SMALL = Limits(rows=7)
WORDS = [*"abcdefgh", "猫"]


def texts(count: int, seed: int = 0) -> list[str]:
    rng = random.Random(seed)
    return [" ".join(rng.choices(WORDS, k=rng.randint(0, 9))) for _ in range(count)]


def written(path: Path, rows: Sequence[str]) -> Path:
    path.write_text("".join(json.dumps({"instruction": row, "n": n}) + "\n" for n, row in enumerate(rows)))
    return path


class StoppedError(Exception):
    """Stands for whatever ends a run."""


class Listener:
    """Notes what it is told, and ends the run after so many blocks."""

    def __init__(self, blocks: int | None = None) -> None:
        self.notes: list[str] = []
        self.seen: list[Tally] = []
        self._left = blocks

    @property
    def told(self) -> Callbacks:
        return Callbacks(self._progress, self.notes.append)

    def _progress(self, tally: Tally) -> None:
        self.seen.append(tally)
        if self._left is not None and len(self.seen) > self._left:
            raise StoppedError


def finished(job: Job, limits: Limits = SMALL) -> Listener:
    listener = Listener()
    run(job, OneShard, listener.told, limits)
    return listener


def stopped(job: Job, blocks: int) -> None:
    with pytest.raises(StoppedError):
        run(job, OneShard, Listener(blocks).told, SMALL)


def report_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]
