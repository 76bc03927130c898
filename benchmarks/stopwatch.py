"""A program in a pseudo-terminal whose every output is noted with the time at which it came."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import perf_counter

import pyte

COLUMNS, ROWS = 120, 32
_PATIENCE_S = 30.0
_A_LOOK_S = 0.05
_DETAIL = re.compile(r"╭─ (?:Task )?(\d+) ")
_ENOUGH = 12
"""So many letters tell an instruction from the others."""


class Stopwatch:
    """Runs a program and says when something came up on its screen.

    Output is only noted as it comes, so that reading the screen, which is slow, delays neither the program
    nor the clock; `when` plays it back.
    """

    def __init__(self, words: Sequence[str], folder: Path) -> None:
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._screen)
        self._noted: deque[tuple[float, bytes]] = deque()
        self._fd, terminal = pty.openpty()
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.started = self._played = perf_counter()
        self.process = subprocess.Popen(
            list(words),
            cwd=folder,
            env=_environment(os.environ, folder),
            pass_fds=[terminal],
            preexec_fn=lambda: os.login_tty(terminal),  # noqa: PLW1509 - one call, then exec
        )
        os.close(terminal)

    @property
    def text(self) -> str:
        """What is on the screen, as far as it has been played back."""
        return "\n".join(self._screen.display)

    def task_shown(self) -> int | None:
        """The id of the task under the cursor, once its row and its detail are both on the screen."""
        lines = self._screen.display
        titles = ((row, title) for row, line in enumerate(lines) if (title := _DETAIL.search(line)))
        top, title = next(titles, (0, None))
        if title is None:
            return None
        told = lines[top + 1][title.start() + 1 :].lstrip("│ ")[:_ENOUGH]
        under_cursor = [
            row
            for row, line in enumerate(lines)
            if (found := line[: title.start()].find(f" {title[1]} ")) >= 0
            and self._screen.buffer[row][found + 1].bold
        ]
        shown = len(under_cursor) == 1 and len(told) == _ENOUGH and told in lines[under_cursor[0]]
        return int(title[1]) if shown else None

    def press(self, key: str) -> float:
        """Press a key; returns when."""
        pressed = perf_counter()
        os.write(self._fd, key.encode())
        return pressed

    def note(self, seconds: float) -> bool:
        """Note what comes in so many seconds; False once the program has ended."""
        until = perf_counter() + seconds
        while (left := until - perf_counter()) > 0:
            if not select.select([self._fd], [], [], left)[0]:
                break
            try:
                data = os.read(self._fd, 65536)
            except OSError:
                return False
            self._noted.append((perf_counter(), data))
        return True

    def when(self, is_so: Callable[[], bool], *, patience_s: float = _PATIENCE_S) -> float:
        """When it came to be so, played back from where the last playing back ended.

        Args:
            is_so: Whether the screen is as wanted.
            patience_s: Seconds after which it is given up.

        Raises:
            TimeoutError: it has not come to be so; the message has the screen.
        """
        patience = perf_counter() + patience_s
        while True:
            while self._noted:
                at, data = self._noted.popleft()
                self._stream.feed(data)
                self._played = at
                if is_so():
                    return at
            if not self.note(_A_LOOK_S) or perf_counter() > patience:
                raise TimeoutError(f"The screen that was waited for did not come up:\n{self.text}")

    def already_or_when(self, is_so: Callable[[], bool], *, patience_s: float = _PATIENCE_S) -> float:
        """The same, and the time of what was last played back if it is so already."""
        return self._played if is_so() else self.when(is_so, patience_s=patience_s)

    def play(self) -> None:
        """Play back all that has been noted."""
        while self._noted:
            self._played, data = self._noted.popleft()
            self._stream.feed(data)

    def pause(self) -> None:
        """Let the program take no processor time until `go_on`."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let the program run again."""
        self.process.send_signal(signal.SIGCONT)

    def resident_mb(self) -> float:
        """The program's resident memory in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)
        assert found is not None
        return int(found[1]) * 1024 / 1e6

    def close(self) -> None:
        """End the program: ask it first."""
        for _ in range(2):
            if self.process.poll() is None:
                self.press("q")
                self.note(0.5)
        if self.process.poll() is None:
            self.note(5.0)
        self.process.kill()
        self.process.wait()
        os.close(self._fd)


def _environment(environment: Mapping[str, str], folder: Path) -> dict[str, str]:
    """No size and no settings of the person who measures; modules are compiled once, as on installation."""
    left_out = {"COLUMNS", "LINES", "NO_COLOR", "PYTHONDONTWRITEBYTECODE"}
    kept = {name: value for name, value in environment.items() if name not in left_out}
    return {**kept, "TERM": "xterm-256color", "HOME": str(folder)}
