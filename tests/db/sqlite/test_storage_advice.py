"""What is said to help names one cause where it is known, and otherwise what may be."""

import errno
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from selfinstruct.db.sqlite.storage_advice import what_helps


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EMFILE, "ulimit -n"),
        (errno.EROFS, "write-protected"),
        (errno.EIO, "may be failing"),
        (errno.ELOOP, "several possible causes"),
    ],
)
def test_an_error_of_the_system_is_told_by_its_cause(number: int, said: str) -> None:
    assert said in what_helps(OSError(number, os.strerror(number)))


def test_a_file_that_sqlite_cannot_open_for_want_of_descriptors_is_told_so(tmp_path: Path) -> None:
    script = (
        "import os\n"
        "from pathlib import Path\n"
        "from selfinstruct.db.sqlite.connection import connect\n"
        "from selfinstruct.db.sqlite.transactions import transaction\n"
        f"db = connect(Path({str(tmp_path / 'w.db')!r}), create=True)\n"
        "db.execute('PRAGMA journal_mode = DELETE')\n"
        "files = []\n"
        "try:\n"
        "    while True: files.append(os.open(os.devnull, os.O_RDONLY))\n"
        "except OSError: pass\n"
        "try:\n"
        "    with transaction(db): db.execute('CREATE TABLE t (x)')\n"
        "except Exception as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "The workspace cannot be written" in done.stdout
    assert "Too many files are open: raise the limit with ulimit -n" in done.stdout
    assert "disk" not in done.stdout
