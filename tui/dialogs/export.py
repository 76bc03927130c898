"""Exporting a training file from the curator."""

from pathlib import Path
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Footer, Input, Static

from selfinstruct.core.engine import Engine
from selfinstruct.core.errors import ExportError, TargetExistsError
from selfinstruct.core.export.options import ExportOptions
from selfinstruct.core.export.registry import FORMATS
from selfinstruct.tui.dialogs.base import Dialog
from selfinstruct.tui.keys.own_keys import action_of, bindings
from selfinstruct.tui.text.safe_text import many, safe_line
from selfinstruct.tui.widgets.choice import Choice
from selfinstruct.tui.widgets.text_line import TextLine

_FORMATS = tuple(one.name for one in FORMATS)
_ENDINGS = {"csv": ".csv", "parquet": ".parquet", "hub": ""}


class ExportScreen(Dialog[str | None]):
    """Writes a training file; the result is a sentence on what was written, or None.

    Args:
        engine: The engine of the workspace to export.
    """

    PLACE = "export"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("export")]

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._engine = engine
        self._named = False
        """Whether the person has edited the file name."""
        self._there: Path | None = None
        """The existing file that the person has been asked about replacing."""

    def compose(self) -> ComposeResult:
        """Lay out format, file, a line for messages, and the keys."""
        with Vertical(id="export-box") as box:
            box.border_title = "Write a training file"
            yield Static("Format", markup=False)
            yield Choice(_FORMATS, _FORMATS[0])
            yield Static("File", markup=False)
            yield TextLine(
                self._usual_name(_FORMATS[0]), id="export-file", compact=True, select_on_focus=False
            )
            yield Static(f"In {safe_line(str(Path.cwd()))}", id="export-said", markup=False)
            yield Footer()

    def on_mount(self) -> None:
        """Focus the format."""
        self.set_focus(self._choice)

    @property
    def _choice(self) -> Choice:
        return self.query_one(Choice)

    @property
    def _file(self) -> Input:
        return self.query_one("#export-file", Input)

    def _usual_name(self, export_format: str) -> str:
        return f"{self._engine.workspace.path.stem}{_ENDINGS.get(export_format, '.jsonl')}"

    def on_key(self, event: events.Key) -> None:
        """Take what is typed beside the format as a file name."""
        changes_format = action_of(event, "choice", self.chosen_keys) is not None
        if self.focused is self._choice and event.is_printable and not changes_format:
            event.stop()
            self._file.value = event.character or ""
            self.set_focus(self._file)
            self._file.cursor_position = len(self._file.value)

    @on(Choice.Changed)
    def _format_changed(self) -> None:
        """Adapt the file name to the format, unless the person has edited it."""
        if not self._named:
            with self._file.prevent(Input.Changed):
                self._file.value = self._usual_name(self._choice.value)

    @on(Input.Changed)
    def _name_changed(self, event: Input.Changed) -> None:
        self._named = event.value != self._usual_name(self._choice.value)

    @on(Input.Submitted)
    def action_write_file(self) -> None:
        """Write the file; ask again before replacing an existing one."""
        name = self._file.value.strip()
        path = Path(name).expanduser()
        if not name:
            self._say("Enter a file name.")
            return
        try:
            options = ExportOptions(format=self._choice.value)
            exported = self._engine.export(path, options, force=path == self._there)
        except TargetExistsError:
            self._there = path
            self._say(f"{path} already exists. {self.with_keys('{write_file} again replaces it.')}")
        except ExportError as error:
            self._say(str(error))
        else:
            where = safe_line(str(exported.path))
            none = " No accepted task has a kept instance yet." if not exported.rows else ""
            self.dismiss(f"Wrote {many(exported.rows, 'row')} to {where}.{none}")

    def _say(self, sentence: str) -> None:
        said = self.query_one("#export-said", Static)
        said.add_class("-wrong")
        said.update(Content(safe_line(sentence)))
