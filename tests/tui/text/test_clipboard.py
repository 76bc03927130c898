"""Copying: into which clipboard a text goes, and whether that is known."""

import base64
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from selfinstruct.tui.text.clipboard import give_to_program, terminal_sequence

TEXT = "می\u200cخواهم ❤\ufe0f\n\tx = '\x1b[0m'\r\n"


def install(folder: Path, name: str, script: str) -> Path:
    """A program of this name, before all others; returns the file that it may write to."""
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f'#!/bin/sh\nout="{folder}/{name}.out"\n{script}\n')
    program.chmod(0o755)
    return folder / f"{name}.out"


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    return folder


@pytest.mark.parametrize(
    ("variable", "name"), [("DISPLAY", "xclip"), ("DISPLAY", "xsel"), ("WAYLAND_DISPLAY", "wl-copy")]
)
async def test_the_program_of_the_desktop_gets_the_text_exactly(
    programs: Path, monkeypatch: pytest.MonkeyPatch, variable: str, name: str
) -> None:
    monkeypatch.setenv(variable, ":0")
    written = install(programs, name, 'cat > "$out"')
    assert await give_to_program(TEXT) == ""
    assert written.read_bytes() == TEXT.encode()


async def test_one_that_fails_or_reads_nothing_gives_way_to_the_next(
    programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAYLAND_DISPLAY", "gone")
    monkeypatch.setenv("DISPLAY", ":0")
    install(programs, "wl-copy", "exit 1")
    install(programs, "xclip", "exit 1")
    written = install(programs, "xsel", 'cat > "$out"')
    assert await give_to_program("x" * 1_000_000) == ""
    assert written.stat().st_size == 1_000_000
    install(programs, "xsel", "exit 3")
    assert await give_to_program("x" * 1_000_000) is None


async def test_a_program_is_not_asked_where_there_is_no_desktop(programs: Path) -> None:
    for name in ("xclip", "xsel", "wl-copy", "tmux"):
        install(programs, name, "cat > /dev/null")
    assert await give_to_program(TEXT) is None


@pytest.fixture
def tmux(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The words that talk to a tmux with its defaults, in which this process seems to run."""
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    words = ["tmux", "-S", str(tmp_path / "socket"), "-f", "/dev/null"]
    subprocess.run([*words, "new-session", "-d", "sleep 600"], check=True)
    monkeypatch.setenv("TMUX", f"{tmp_path / 'socket'},0,0")
    yield words
    subprocess.run([*words, "kill-server"], check=True)


def buffer(tmux: list[str]) -> bytes:
    return subprocess.run([*tmux, "show-buffer"], check=True, capture_output=True).stdout


async def test_in_tmux_the_text_is_in_its_buffer_and_that_is_said(tmux: list[str]) -> None:
    assert "tmux's buffer" in str(await give_to_program(TEXT))
    assert buffer(tmux) == TEXT.encode()


def test_the_terminal_is_sent_the_text_exactly() -> None:
    found = re.fullmatch("\x1b]52;c;([^\x1b\x07]*)\x07", terminal_sequence(TEXT))
    assert found is not None
    assert base64.b64decode(found[1]).decode() == TEXT


def test_gnu_screen_is_sent_it_in_strings_that_it_passes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STY", "1.pts-0.here")
    strings = re.findall("\x1bP(.*?)\x1b\\\\", terminal_sequence(TEXT * 50), re.DOTALL)
    assert max(map(len, strings)) < 100
    passed = "".join(strings).removeprefix("\x1b]52;c;").removesuffix("\x07")
    assert base64.b64decode(passed).decode() == TEXT * 50
