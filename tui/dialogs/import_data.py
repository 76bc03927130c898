"""Importing a data file from the curator, with a preview."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Footer, Input, Static

from selfinstruct.core.dataset_files.data_file import DataFile, open_data
from selfinstruct.core.errors import ImportDataError
from selfinstruct.core.importing.job import ENTRIES, ImportOptions
from selfinstruct.tui.background.workers import start_worker
from selfinstruct.tui.dialogs.base import Dialog
from selfinstruct.tui.keys.own_keys import bindings
from selfinstruct.tui.text.import_text import first_rows
from selfinstruct.tui.text.safe_text import safe_line
from selfinstruct.tui.widgets.choice import Choice
from selfinstruct.tui.widgets.text_line import TextLine

_EXPLAINED = {
    "undecided": "Every task waits for a decision; the filters say what they object to.",
    "accepted": "What the filters pass is accepted, as one step that an undo takes back.",
    "seed": "Seed tasks for prompts; each needs is_classification.",
}


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What a person wants to import, and how."""

    files: tuple[DataFile, ...]
    options: ImportOptions


class ImportScreen(Dialog[ImportRequest | None]):
    """Asks for a file, and shows its first rows as they would be read before it is imported."""

    PLACE = "import_data"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("import_data")]

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[Path, tuple[DataFile, ...]] | None = None
        """The path and the files whose rows are on the screen."""

    def compose(self) -> ComposeResult:
        """Lay out file, what the tasks become, the preview and the keys."""
        with Vertical(id="import-box") as box:
            box.border_title = "Import a data file"
            yield Static("File", markup=False)
            yield TextLine("", id="import-file", compact=True, select_on_focus=False)
            yield Static("Import its tasks as", markup=False)
            yield Choice(ENTRIES, ENTRIES[0])
            yield Static(_EXPLAINED[ENTRIES[0]], id="import-about", markup=False)
            with VerticalScroll(id="import-rows"):
                yield Static(f"In {safe_line(str(Path.cwd()))}", id="import-said", markup=False)
            yield Footer()

    def on_mount(self) -> None:
        """Focus the file."""
        self.set_focus(self.query_one("#import-file", Input))

    @on(Choice.Changed)
    def _entry_changed(self) -> None:
        self.query_one("#import-about", Static).update(_EXPLAINED[self.query_one(Choice).value])

    @on(Input.Changed)
    def _file_changed(self) -> None:
        self._shown = None

    @on(Input.Submitted)
    def action_import_file(self) -> None:
        """Show the first rows of the file; import it if they are on the screen already."""
        name = self.query_one("#import-file", Input).value.strip()
        if not name:
            self._say(["Enter a file name."], wrong=True)
            return
        path = Path(name).expanduser()
        if self._shown is not None and self._shown[0] == path:
            self.dismiss(ImportRequest(self._shown[1], ImportOptions(self.query_one(Choice).value)))  # type: ignore[arg-type]
            return
        start_worker(self, partial(self._show, path))

    async def _show(self, path: Path) -> None:
        try:
            files, lines = await asyncio.to_thread(_look_into, path)
        except ImportDataError as error:
            self._say([str(error)], wrong=True)
            return
        self._shown = path, files
        about = (f"{data.name}: {data.recognized.sentence}" for data in files)
        self._say([*about, self.with_keys("{import_file} imports all rows. The first ones:"), *lines])

    def _say(self, lines: Iterable[str], *, wrong: bool = False) -> None:
        said = self.query_one("#import-said", Static)
        said.set_class(wrong, "-wrong")
        said.update(Content("\n".join(map(safe_line, lines))))


def _look_into(path: Path) -> tuple[tuple[DataFile, ...], list[str]]:
    """Open a file, or a folder of them, and return the first rows as lines."""
    files = tuple(open_data([path]))
    return files, list(first_rows(files[0]))
