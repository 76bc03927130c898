"""The registry of full screens: modes, tabs, keys, command palette and help are generated from it."""

from dataclasses import dataclass

ScreenName = str
"""The name of an entry of `SCREENS`."""


@dataclass(frozen=True, slots=True)
class ScreenEntry:
    """A full screen: its key, and where its class is defined."""

    name: ScreenName
    key: str
    made_by: str
    """Module and class relative to `selfinstruct.tui.screens`, such as `tasks.pool:PoolScreen`."""
    help: str

    @property
    def label(self) -> str:
        """The label of its tab."""
        return self.name.capitalize()


SCREENS = (
    ScreenEntry("curate", "1", "tasks.curate:CurateScreen", "The candidates of this batch."),
    ScreenEntry("pool", "2", "tasks.pool:PoolScreen", "All tasks, in every state."),
    ScreenEntry(
        "instances", "3", "instances.screen:InstancesScreen", "Inputs and outputs of accepted tasks."
    ),
    ScreenEntry("preview", "4", "preview.screen:PreviewScreen", "The effect of other filter settings."),
    ScreenEntry("requests", "5", "requests.screen:RequestsScreen", "All model calls, with their answers."),
    ScreenEntry("overview", "6", "overview.screen:OverviewScreen", "Charts, from requests to exported rows."),
    ScreenEntry("settings", "7", "settings.screen:SettingsScreen", "The settings of the workspace."),
)

SCREEN_OF = {entry.name: entry for entry in SCREENS}
"""Screens by name."""
EVERY: tuple[ScreenName, ...] = tuple(SCREEN_OF)
"""The names of all screens, in the order of their tabs."""
