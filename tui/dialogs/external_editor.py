"""Editing a text in the person's own editor."""

import asyncio
import os
import shlex
import shutil
import tempfile
from pathlib import Path

from textual.app import App, SuspendNotSupported

from selfinstruct.core.errors import SelfInstructError, why
from selfinstruct.tui.text.safe_text import safe_line


class EditorError(SelfInstructError):
    """The editor cannot be used."""


async def edit_outside(app: App[None], text: str) -> str | None:
    """Give `text` to the program that $VISUAL or $EDITOR names, and the terminal while it runs.

    The editor gets it as it is shown: not every editor keeps from the terminal what that would obey.
    Returns the new text without blank ends, or None when it is as it was or the editor failed.

    Raises:
        EditorError: there is no editor, or it cannot be started.
    """
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not command:
        raise EditorError("Neither VISUAL nor EDITOR names an editor. Set one.")
    with tempfile.TemporaryDirectory(prefix="selfinstruct-") as folder:
        file = Path(folder) / "instruction.txt"
        shown = safe_line(text, None)
        file.write_text(f"{shown}\n", encoding="utf-8")
        try:
            words = shlex.split(command)
            if shutil.which(words[0]) is None:
                raise EditorError(f"There is no program '{words[0]}', which VISUAL or EDITOR names.")
            # Nothing is drawn meanwhile: what nobody takes off the way to the terminal would block the loop.
            with app.suspend(), app.batch_update():
                # Awaited, not waited for: requests under way go on.
                process = await asyncio.create_subprocess_exec(*words, str(file))
                code = await process.wait()
        except (OSError, ValueError) as error:
            raise EditorError(f"The editor '{command}' cannot be started: {why(error)}.") from error
        except SuspendNotSupported as error:
            raise EditorError("This terminal cannot be given to an editor.") from error
        try:
            edited = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise EditorError(f"What the editor left cannot be read: {why(error)}.") from error
    return None if code or edited == shown.strip() else edited
