"""The settings that a command starts with: flags, selfinstruct.toml of this folder, what is remembered."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from selfinstruct.core.errors import SettingsError
from selfinstruct.core.setting_names import setting
from selfinstruct.core.settings.model import Settings
from selfinstruct.core.settings.sources import remembered, resolve
from selfinstruct.db.workspace import Workspace


def start_settings(workspace: Workspace, flags: Mapping[str, Any], *, forget: bool = False) -> Settings:
    """Resolve the settings of a command, checked as far as they are about to be stored.

    Args:
        workspace: The workspace, which remembers settings.
        flags: Values from the command line; None counts as not given.
        forget: Whether to leave out what the workspace remembers.

    Raises:
        SettingsError: A setting is invalid, or the prompts file that the workspace remembers is gone.
    """
    stored = {} if forget else remembered(workspace.settings.read(), workspace.path)
    settings = resolve(flags, stored=stored, folder=Path.cwd())
    if settings.keys or settings.theme is not None:
        _check_screen(settings)
    if settings.prompts is not None and settings.prompts == stored.get("prompts"):
        _require_there(settings.prompts, workspace)
    return settings


def _check_screen(settings: Settings) -> None:
    """Check keys and theme before the workspace stores them."""
    from selfinstruct.tui.keys.own_keys import check_keys  # noqa: PLC0415 - imports Textual
    from selfinstruct.tui.text.themes import check_theme  # noqa: PLC0415 - as above

    check_keys(settings.keys)
    check_theme(settings.theme)


def _require_there(prompts: Path, workspace: Workspace) -> None:
    """Check that the prompts file that the workspace remembers still exists; read-only use needs none.

    Raises:
        SettingsError: It does not exist; the message says how to continue.
    """
    if not workspace.read_only and not prompts.exists():
        raise SettingsError(
            f"{workspace.path} was last used with the prompts in {prompts}, which does not exist. Give their"
            f" new path with {setting('prompts')}, or start from default settings with --forget."
        )
