"""A real program in a pseudo-terminal, with a screen to read and keys to press."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import Self

import pyte

PROGRAMS = Path(sys.executable).parent
"""Where the installed programs are."""

_PATIENCE_S = 120.0
KEYS = {"enter": "\r", "escape": "\x1b", "ctrl+c": "\x03", "down": "\x1b[B", "tab": "\t"}


class Terminal:
    """Runs an installed program; what it draws is kept as a screen, and all its bytes are kept too."""

    def __init__(self, *words: str, columns: int = 120, rows: int = 32) -> None:
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self.received = bytearray()
        self._fd, terminal = pty.openpty()
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color"}
        # They would hide from the program what size its terminal has.
        environment.pop("COLUMNS", None)
        environment.pop("LINES", None)
        self.process = subprocess.Popen(
            [str(PROGRAMS / words[0]), *words[1:]],
            env=environment,
            pass_fds=[terminal],
            preexec_fn=lambda: os.login_tty(terminal),  # noqa: PLW1509 - one call, then exec
        )
        os.close(terminal)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._fd)

    @property
    def text(self) -> str:
        """What is on the screen."""
        # Not its `display`, which stumbles over a wide character that another one half covers.
        rows, columns = range(self._screen.lines), range(self._screen.columns)
        return "\n".join("".join(self._screen.buffer[row][column].data for column in columns) for row in rows)

    def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        for key in keys:
            os.write(self._fd, KEYS.get(key, key).encode())

    def wait_for(self, *texts: str, gone: str | None = None) -> None:
        """Read until all these texts are on the screen, and `gone` is not."""
        deadline = time.monotonic() + _PATIENCE_S
        while not all(text in self.text for text in texts) or (gone is not None and gone in self.text):
            if not self._read(deadline - time.monotonic()):
                raise AssertionError(f"{texts} did not come up; the screen:\n{self.text}")

    def wait_for_one_of(self, *texts: str) -> str:
        """Read until one of these texts is on the screen; returns it."""
        deadline = time.monotonic() + _PATIENCE_S
        while not (found := [text for text in texts if text in self.text]):
            if not self._read(deadline - time.monotonic()):
                raise AssertionError(f"none of {texts} came up; the screen:\n{self.text}")
        return found[0]

    def wait(self) -> int:
        """Read until the program ends; returns its exit code."""
        deadline = time.monotonic() + _PATIENCE_S
        while self._read(deadline - time.monotonic()):
            pass
        return self.process.wait(timeout=_PATIENCE_S)

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size."""
        self._screen.resize(rows, columns)
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _read(self, patience: float) -> bool:
        ready, _, _ = select.select([self._fd], [], [], max(0.0, patience))
        if not ready:
            return False
        try:
            data = os.read(self._fd, 65536)
        except OSError:
            return False
        self.received += data
        self._stream.feed(data)
        return bool(data)
