"""The clipboard, by the surest way there is: the system's program, tmux's buffer, or the terminal itself.

A terminal is asked with OSC 52 and answers nothing, and tmux and GNU screen keep that from it by default; so
programs that can tell whether they have taken the text come first.
"""

import asyncio
import base64
import os
import shutil
import sys
from asyncio.subprocess import DEVNULL, PIPE
from dataclasses import dataclass

_PATIENCE_S = 2.0
_SCREEN_LINE = 76
"""Characters that GNU screen passes on in one string, with room to spare."""


@dataclass(frozen=True, slots=True)
class _Program:
    words: tuple[str, ...]
    where: str = ""
    """Where the text is then, as the end of a sentence, when it is not simply the clipboard."""


_TMUX = " to tmux's buffer: its prefix key and ] paste it"


def _programs() -> list[_Program]:
    """The programs that may take a text here, the surest first."""
    environment = os.environ
    found = []
    # What another machine is asked for over ssh would be in the clipboard of that one.
    if sys.platform == "darwin" and "SSH_CONNECTION" not in environment:
        found.append(_Program(("pbcopy",)))
    if environment.get("WAYLAND_DISPLAY"):
        found.append(_Program(("wl-copy", "--type", "text/plain")))
    if environment.get("DISPLAY"):
        found.append(_Program(("xclip", "-in", "-selection", "clipboard")))
        found.append(_Program(("xsel", "--input", "--clipboard")))
    if environment.get("TMUX"):
        # With -w, tmux offers it to its own terminal, too; before version 3.2 it has no such option.
        found.append(_Program(("tmux", "load-buffer", "-w", "-"), _TMUX))
        found.append(_Program(("tmux", "load-buffer", "-"), _TMUX))
    return [program for program in found if shutil.which(program.words[0])]


async def give_to_program(text: str) -> str | None:
    """Give a text to a program that keeps it for pasting.

    Returns where the text is, as the end of a sentence; None when no program has taken it.
    """
    for program in _programs():
        if await _takes(program.words, text.encode("utf-8", "replace")):
            return program.where
    return None


async def _takes(words: tuple[str, ...], data: bytes) -> bool:
    try:
        # In a session of its own: some go on in the background, to hand the text out.
        process = await asyncio.create_subprocess_exec(
            *words, stdin=PIPE, stdout=DEVNULL, stderr=DEVNULL, start_new_session=True
        )
    except OSError:
        return False
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await process.communicate(data)
    except (OSError, TimeoutError):
        return False
    finally:
        if process.returncode is None:
            process.kill()
    return process.returncode == 0


def terminal_sequence(text: str) -> str:
    """What asks the terminal to take a text into its clipboard (OSC 52), past GNU screen where that runs."""
    encoded = base64.b64encode(text.encode("utf-8", "replace")).decode("ascii")
    if not os.environ.get("STY"):
        return f"\x1b]52;c;{encoded}\a"
    starts = range(0, len(encoded), _SCREEN_LINE)
    lines = "\x1b\\\x1bP".join(encoded[start : start + _SCREEN_LINE] for start in starts)
    return f"\x1bP\x1b]52;c;{lines}\a\x1b\\"
