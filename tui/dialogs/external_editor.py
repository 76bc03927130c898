"""Editing a text in an external editor."""

import asyncio
import os
import shlex
import shutil
import tempfile
import unicodedata
from pathlib import Path

from textual.app import App, SuspendNotSupported

from selfinstruct.core.errors import SelfInstructError, why
from selfinstruct.tui.background.job_control import stopping_as_usual

_HAS_CONTROL_CHARACTERS = "The text has control characters, which an editor may pass on to the terminal."


class EditorError(SelfInstructError):
    """The editor cannot be used, or has failed."""


async def edit_outside(app: App[None], text: str) -> str | None:
    """Edit `text` in the program named by $VISUAL or $EDITOR, which has the terminal while it runs.

    If the edited text cannot be used, its file is kept, and the error names it.

    Returns:
        The new text, or None if it is unchanged.

    Raises:
        EditorError: There is no editor, it cannot be started, it failed, or its output is not UTF-8.
    """
    words = _editor()
    if any(unicodedata.category(character) == "Cc" and character not in "\n\t" for character in text):
        raise EditorError(_HAS_CONTROL_CHARACTERS)
    try:
        folder = Path(tempfile.mkdtemp(prefix="selfinstruct-"))
        file = folder / "instruction.txt"
        given = f"{text}\n".encode()
        file.write_bytes(given)
    except OSError as error:
        raise EditorError(f"The temporary file for the editor cannot be written: {why(error)}.") from error
    keep = False
    try:
        code = await _run(app, [*words, str(file)])
        left = file.read_bytes()
        keep = left != given
        if code:
            where = f" Its text is in {file}." if keep else ""
            raise EditorError(f"The editor exited with code {code}, so nothing was changed.{where}")
        edited = left.decode("utf-8").removesuffix("\n")
        keep = False
    except UnicodeDecodeError as error:
        raise EditorError(f"The edited text is not UTF-8. It is kept in {file}.") from error
    except OSError as error:
        raise EditorError(f"The edited text cannot be read: {why(error)}.") from error
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    return None if edited == text else edited


def _editor() -> list[str]:
    """Return the editor's command as a list of arguments.

    Raises:
        EditorError: Neither variable names an installed program.
    """
    command = next(
        (named for name in ("VISUAL", "EDITOR") if (named := os.environ.get(name, "").strip())), ""
    )
    if not command:
        raise EditorError("No editor is configured. Set VISUAL or EDITOR.")
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise EditorError(f"VISUAL or EDITOR is not a valid command, '{command}': {why(error)}.") from error
    if not words or shutil.which(words[0]) is None:
        raise EditorError(f"The program '{''.join(words[:1])}', named by VISUAL or EDITOR, is not installed.")
    return words


async def _run(app: App[None], words: list[str]) -> int:
    try:
        # Do not draw while suspended: output that nobody reads would block the event loop.
        with app.suspend(), app.batch_update(), stopping_as_usual():
            # Awaited asynchronously, so that requests in flight continue.
            process = await asyncio.create_subprocess_exec(*words)
            return await process.wait()
    except (OSError, ValueError) as error:
        raise EditorError(f"The editor '{words[0]}' cannot be started: {why(error)}.") from error
    except SuspendNotSupported as error:
        raise EditorError("This terminal cannot be handed over to an editor.") from error
