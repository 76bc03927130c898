"""Keys as people read them: in sentences, lists and the footer."""

import re
from collections.abc import Mapping

from selfinstruct.tui.keys.actions import ACTION_OF, Action, actions_in

_FUNCTION_KEY = re.compile(r"f\d+")
_WRITTEN = {
    "left": "←",
    "right": "→",
    "shift+left": "⇧←",
    "shift+right": "⇧→",
    "minus": "-",
    "equals_sign": "=",
    "question_mark": "?",
    "asterisk": "*",
    "slash": "/",
    "plus": "+",
    "space": "Space",
    "enter": "Enter",
    "escape": "Esc",
    "pagedown": "PgDn",
    "pageup": "PgUp",
    "home": "Home",
    "end": "End",
    "down": "↓",
    "up": "↑",
    "tab": "Tab",
    "shift+tab": "⇧Tab",
}

NAME_OF = {shown: name for name, shown in _WRITTEN.items() if len(shown) == 1}
"""Textual's name of a key, by the symbol that it is displayed as."""


def as_written(key: str) -> str:
    """Return the display name of a key, such as ^s for `ctrl+s`."""
    if _FUNCTION_KEY.fullmatch(key):
        return key.upper()
    return _WRITTEN.get(key, key.replace("ctrl+", "^").replace("super+", "⌘"))


def keys_shown(action: Action, chosen: Mapping[str, str]) -> str:
    """Return the display names of an action's keys; `chosen` overrides the defaults."""
    return "  ".join(as_written(key.strip()) for key in chosen.get(action.name, action.keys).split(","))


def key_of(name: str, screen: str, chosen: Mapping[str, str]) -> str | None:
    """Return the display name of an action's first key; None if the screen lacks the action."""
    for action in actions_in(screen):
        if action.name == name:
            return as_written(chosen.get(name, action.keys).split(",")[0].strip())
    return None


class _FirstKeys(dict[str, str]):
    """Display name of each action's first default key, by action name; filled lazily."""

    def __missing__(self, name: str) -> str:
        keys = self[name] = as_written(ACTION_OF[name].keys.split(",")[0])
        return keys


def with_keys(sentence: str, chosen: Mapping[str, str]) -> str:
    """Replace action names in braces by the person's keys, as in "{undo} undoes"."""
    keys = {name: as_written(keys.split(",")[0].strip()) for name, keys in chosen.items()}
    return sentence.format_map(_FirstKeys(keys))
