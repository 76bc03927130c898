"""Settings: the model, where values come from, messages, prices."""

from selfinstruct.core.settings.model import FilterSettings, Settings

__all__ = ["FilterSettings", "Settings"]
