"""Settings: the model, where values come from, messages, prices."""

from selfinstruct.core.filtering.settings import FilterSettings
from selfinstruct.core.settings.model import Settings

__all__ = ["FilterSettings", "Settings"]
