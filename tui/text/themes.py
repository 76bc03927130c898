"""Colour themes: dark, light and high contrast."""

from dataclasses import replace

from textual.theme import BUILTIN_THEMES, Theme

from selfinstruct.core.errors import SettingsError
from selfinstruct.core.util.did_you_mean import nearest

MUTED = "$foreground 70%"
"""Style of secondary text; `$text-muted` works in style sheets only, and is white elsewhere."""

DARK, LIGHT, HIGH_CONTRAST = "textual-dark", "textual-light", "high-contrast"
CYCLE = (DARK, LIGHT, HIGH_CONTRAST)

_HIGH_CONTRAST = Theme(
    name=HIGH_CONTRAST,
    primary="#ffff00",
    secondary="#00ffff",
    accent="#ffff00",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#000000",
    success="#00ff00",
    warning="#ffff00",
    error="#ff8080",
    dark=True,
    variables={
        "block-cursor-background": "#ffff00",
        "block-cursor-foreground": "#000000",
        "text-muted": "#ffffff",
        "foreground-muted": "#ffffff",
        "text-disabled": "#e0e0e0",
        "footer-key-foreground": "#ffff00",
        "footer-description-foreground": "#ffffff",
        "surface-lighten-2": "#ffffff",
        "primary-background": "#000000",
        "border": "#ffffff",
    },
)

# Textual's themes with more contrast for text: 4.5 to 1, and a little less for decided rows.
_DARK = replace(
    BUILTIN_THEMES[DARK],
    variables={
        **BUILTIN_THEMES[DARK].variables,
        "block-cursor-background": "#0061ad",
        "text-disabled": "#787878",
    },
)
_LIGHT = replace(
    BUILTIN_THEMES[LIGHT],
    variables={
        **BUILTIN_THEMES[LIGHT].variables,
        "footer-key-foreground": "#004578",
        "surface-lighten-2": "#a8a8a8",
        "text-success": "#22663a",
        "text-warning": "#5c3800",
        "text-disabled": "#6f6f6f",
    },
)

OWN_THEMES = (_DARK, _LIGHT, _HIGH_CONTRAST)
"""This program's themes; they override Textual's themes of the same name."""


def known_themes() -> list[str]:
    """Return the names of all themes."""
    return [*CYCLE, *(name for name in BUILTIN_THEMES if name not in CYCLE)]


def check_theme(name: str | None) -> None:
    """Check that the chosen theme exists; None is the default.

    Raises:
        SettingsError: There is no such theme.
    """
    known = known_themes()
    if name is not None and name not in known:
        near = nearest(name, known)
        meant = f"Did you mean '{near}'?" if near else f"The themes are {', '.join(known)}."
        raise SettingsError(f"There is no theme '{name}'. {meant}")
