"""Editing a text in the person's own editor."""

import asyncio
import os
import shlex
import shutil
import tempfile
import unicodedata
from pathlib import Path

from textual.app import App, SuspendNotSupported

from selfinstruct.core.errors import SelfInstructError, why

_DRIVES_TERMINALS = "It has control characters, which an editor may pass on to the terminal."


class EditorError(SelfInstructError):
    """The editor cannot be used."""


async def edit_outside(app: App[None], text: str) -> str | None:
    """Give `text` to the program that $VISUAL or $EDITOR names, and the terminal while it runs.

    Returns the new text, or None when it is as it was. What the editor has written and cannot be taken is
    kept in its file, which the error names.

    Raises:
        EditorError: there is no editor, it cannot be started, it failed, or what it left is no text.
    """
    words = _editor()
    if any(unicodedata.category(character) == "Cc" and character not in "\n\t" for character in text):
        raise EditorError(_DRIVES_TERMINALS)
    try:
        folder = Path(tempfile.mkdtemp(prefix="selfinstruct-"))
        file = folder / "instruction.txt"
        given = f"{text}\n".encode()
        file.write_bytes(given)
    except OSError as error:
        raise EditorError(f"There is no place for a file to edit: {why(error)}.") from error
    keep = False
    try:
        code = await _run(app, [*words, str(file)])
        left = file.read_bytes()
        keep = left != given
        if code:
            where = f" What it wrote is in {file}." if keep else ""
            raise EditorError(f"The editor ended with code {code}, so nothing is changed.{where}")
        edited = left.decode("utf-8").removesuffix("\n")
        keep = False
    except UnicodeDecodeError as error:
        raise EditorError(f"What the editor left is not UTF-8, and stays in {file}.") from error
    except OSError as error:
        raise EditorError(f"What the editor left cannot be read: {why(error)}.") from error
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    return None if edited == text else edited


def _editor() -> list[str]:
    """The words of the editor's command.

    Raises:
        EditorError: no variable names a program that there is.
    """
    command = next(
        (named for name in ("VISUAL", "EDITOR") if (named := os.environ.get(name, "").strip())), ""
    )
    if not command:
        raise EditorError("Neither VISUAL nor EDITOR names an editor. Set one.")
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise EditorError(f"VISUAL or EDITOR is not a command, '{command}': {why(error)}.") from error
    if not words or shutil.which(words[0]) is None:
        raise EditorError(f"There is no program '{''.join(words[:1])}', which VISUAL or EDITOR names.")
    return words


async def _run(app: App[None], words: list[str]) -> int:
    try:
        # Nothing is drawn meanwhile: what nobody takes off the way to the terminal would block the loop.
        with app.suspend(), app.batch_update():
            # Awaited, not waited for: requests under way go on.
            process = await asyncio.create_subprocess_exec(*words)
            return await process.wait()
    except (OSError, ValueError) as error:
        raise EditorError(f"The editor '{words[0]}' cannot be started: {why(error)}.") from error
    except SuspendNotSupported as error:
        raise EditorError("This terminal cannot be given to an editor.") from error
