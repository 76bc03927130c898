"""Settings as a screen names them, where the command line has flags."""

import re
from functools import cache

from selfinstruct.core.settings.model import Settings


@cache
def _flags() -> re.Pattern[str]:
    names = "|".join(
        sorted((name.replace("_", "-") for name in Settings.model_fields), key=len, reverse=True)
    )
    return re.compile(rf"(?<![\w/.-])--({names})(?![\w-])")


def in_fields(sentence: str) -> str:
    """A sentence that names flags of settings, with the settings of the screen in their place.

    What else begins with two hyphens stays: it may be what a server has said.
    """
    return _flags().sub(lambda flag: flag[1].replace("-", "_"), sentence)
