"""Opens the engine of a command that works with the settings of the next run."""

from contextlib import nullcontext
from typing import TYPE_CHECKING

from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.commands.start_settings import start_settings

if TYPE_CHECKING:
    from selfinstruct.core.engine import Engine


def open_engine(workspace: Workspace) -> "Engine":
    """Open an engine with the settings of the next run: selfinstruct.toml here, and what is remembered.

    Raises:
        SettingsError: A setting is invalid, or does not fit the workspace.
    """
    from selfinstruct.core.engine import Engine  # noqa: PLC0415 - other commands do not need it

    # Atomic, so that settings stored by another program meanwhile, such as a cost limit, are not reverted.
    with nullcontext() if workspace.read_only else workspace.transaction():
        return Engine(workspace, start_settings(workspace, {}))
