"""The one registry of full screens: modes, tabs, keys, palette and help are all made from it."""

from dataclasses import dataclass

ScreenName = str
"""The name of an entry of `SCREENS`."""


@dataclass(frozen=True, slots=True)
class ScreenEntry:
    """A full screen: how one goes to it, and where its class is."""

    name: ScreenName
    key: str
    made_by: str
    """Module and class, as in `tasks.pool:PoolScreen`, below `selfinstruct.tui.screens`."""
    help: str

    @property
    def label(self) -> str:
        """What its tab says."""
        return self.name.capitalize()


SCREENS = (
    ScreenEntry("curate", "1", "tasks.curate:CurateScreen", "The candidates of this batch."),
    ScreenEntry("pool", "2", "tasks.pool:PoolScreen", "Everything there is, in all states."),
    ScreenEntry(
        "instances", "3", "instances.screen:InstancesScreen", "Inputs and outputs of accepted tasks."
    ),
    ScreenEntry("preview", "4", "preview.screen:PreviewScreen", "What other filters would decide."),
    ScreenEntry("requests", "5", "requests.screen:RequestsScreen", "Every call of the model and its answer."),
    ScreenEntry(
        "overview", "6", "overview.screen:OverviewScreen", "The way from requests to rows, in charts."
    ),
    ScreenEntry("settings", "7", "settings.screen:SettingsScreen", "The settings of the workspace."),
)

SCREEN_OF = {entry.name: entry for entry in SCREENS}
"""Screens by their names."""
EVERY: tuple[ScreenName, ...] = tuple(SCREEN_OF)
"""The names of all screens, in the order of their tabs."""
