"""Keys as people read them: in sentences, lists and the footer."""

import re
from collections.abc import Mapping

from selfinstruct.tui.keys.actions import ACTION_OF, Action, actions_in

_FUNCTION_KEY = re.compile(r"f\d+")
_MODIFIERS = {"ctrl": "^", "shift": "⇧", "super": "⌘"}
_WRITTEN = {
    "left": "←",
    "right": "→",
    "minus": "-",
    "equals_sign": "=",
    "question_mark": "?",
    "asterisk": "*",
    "slash": "/",
    "backslash": "\\",
    "underscore": "_",
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
}

NAME_OF = {shown: name for name, shown in _WRITTEN.items() if len(shown) == 1}
"""Textual's name of a key, by the symbol that it is displayed as."""


def as_written(key: str) -> str:
    """Return the display name of a key, such as ^s for `ctrl+s`."""
    *modifiers, name = key.split("+") if len(key) > 1 else [key]
    return "".join(_MODIFIERS.get(one, f"{one}+") for one in modifiers) + _name_written(name)


def _name_written(name: str) -> str:
    if _FUNCTION_KEY.fullmatch(name):
        return name.upper()
    if name not in _WRITTEN and len(name) > 1 and "_" in name:
        from textual.keys import key_to_character  # noqa: PLC0415 - commands name keys, and need no terminal

        character = key_to_character(name)
        return character if character is not None and character.isprintable() else name
    return _WRITTEN.get(name, name)


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
