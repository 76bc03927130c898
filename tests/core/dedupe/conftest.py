"""A job on two small files."""

from pathlib import Path

import pytest

from selfinstruct.core.dedupe.job import Job
from tests.core.dedupe.jobs import texts, written


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """Two files of 30 rows each, and where to write."""
    rows = texts(60)
    files = [written(tmp_path / "one.jsonl", rows[:30]), written(tmp_path / "two.jsonl", rows[30:])]
    return Job(files, tmp_path / "out.jsonl", 0.6, report=tmp_path / "report.jsonl")
