"""The colours: dark, light, and high contrast."""

from textual.theme import BUILTIN_THEMES, Theme

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

OWN_THEMES = (_HIGH_CONTRAST,)


def known_themes() -> list[str]:
    """The names of all themes."""
    return [*CYCLE, *(name for name in BUILTIN_THEMES if name not in CYCLE)]
