"""Job control: the program stops together with its whole job, and only where a shell can resume it."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def stopping_as_usual() -> Iterator[None]:
    """Within, leave to the system what ^z does: it stops no program that nothing could resume.

    Textual stops itself whenever it is asked to, also where its terminal would then stay dead.
    """
    if sys.platform == "win32":
        yield
        return
    before = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGTSTP, before)


def stop_job() -> bool:
    """Stop every process of the job, such as the script that has started this program, until it is resumed.

    A shell gets its terminal back once the whole job has stopped. The program must not be drawing.

    Returns:
        Whether it was stopped and is resumed by now; False if no shell watches over the job.
    """
    if sys.platform == "win32":
        return False
    resumed = False

    def note(_number: int, _frame: FrameType | None) -> None:
        nonlocal resumed
        resumed = True

    before = signal.signal(signal.SIGCONT, note)
    try:
        with stopping_as_usual():
            os.killpg(0, signal.SIGTSTP)
    finally:
        signal.signal(signal.SIGCONT, before)
    return resumed
