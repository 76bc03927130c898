"""Copying to the clipboard: a clipboard program, tmux's paste buffer, or the OSC 52 escape sequence.

OSC 52 gets no reply from the terminal, and tmux and GNU screen block it by default. Programs report success,
so they are tried first.
"""

import asyncio
import base64
import os
import shutil
import sys
from asyncio.subprocess import DEVNULL, PIPE
from dataclasses import dataclass

_TIMEOUT_S = 2.0
_SCREEN_LINE = 76
"""Characters per chunk for GNU screen, safely below its limit on the length of a passed-through string."""


@dataclass(frozen=True, slots=True)
class _Program:
    words: tuple[str, ...]
    where: str = ""
    """Where the text goes, as the end of a sentence; empty for the clipboard."""


_TMUX = " to tmux's buffer: its prefix key and ] paste it"


def _programs() -> list[_Program]:
    """Return the installed programs that can take a text here, most reliable first."""
    environment = os.environ
    found = []
    # Over ssh, pbcopy would fill the clipboard of the remote machine.
    if sys.platform == "darwin" and "SSH_CONNECTION" not in environment:
        found.append(_Program(("pbcopy",)))
    if environment.get("WAYLAND_DISPLAY"):
        found.append(_Program(("wl-copy", "--type", "text/plain")))
    if environment.get("DISPLAY"):
        found.append(_Program(("xclip", "-in", "-selection", "clipboard")))
        found.append(_Program(("xsel", "--input", "--clipboard")))
    if environment.get("TMUX"):
        # With -w, tmux also sends the text to the outer terminal; versions before 3.2 lack the option.
        found.append(_Program(("tmux", "load-buffer", "-w", "-"), _TMUX))
        found.append(_Program(("tmux", "load-buffer", "-"), _TMUX))
    return [program for program in found if shutil.which(program.words[0])]


async def give_to_program(text: str) -> str | None:
    """Copy a text with the first clipboard program that succeeds.

    Returns:
        Where the text went, as the end of a sentence (empty for the clipboard); None if every program failed.
    """
    for program in _programs():
        if await _takes(program.words, text.encode("utf-8", "replace")):
            return program.where
    return None


async def _takes(words: tuple[str, ...], data: bytes) -> bool:
    try:
        # In a new session: some stay in the background to serve paste requests.
        process = await asyncio.create_subprocess_exec(
            *words, stdin=PIPE, stdout=DEVNULL, stderr=DEVNULL, start_new_session=True
        )
    except OSError:
        return False
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            await process.communicate(data)
    except (OSError, TimeoutError):
        return False
    finally:
        if process.returncode is None:
            process.kill()
    return process.returncode == 0


def terminal_sequence(text: str) -> str:
    """Return the OSC 52 sequence that copies a text; inside GNU screen, wrapped in DCS to pass through it."""
    encoded = base64.b64encode(text.encode("utf-8", "replace")).decode("ascii")
    if not os.environ.get("STY"):
        return f"\x1b]52;c;{encoded}\a"
    starts = range(0, len(encoded), _SCREEN_LINE)
    lines = "\x1b\\\x1bP".join(encoded[start : start + _SCREEN_LINE] for start in starts)
    return f"\x1bP\x1b]52;c;{lines}\a\x1b\\"
