"""Keys of actions: Textual bindings, display names, and validation of user-defined keys."""

import re
from collections.abc import Mapping

from textual import events
from textual.binding import Binding
from textual.keys import KEY_NAME_REPLACEMENTS, Keys, key_to_character

from selfinstruct.core.errors import SettingsError
from selfinstruct.core.util.did_you_mean import nearest
from selfinstruct.tui.keys.actions import ACTION_OF, ACTIONS, Action, actions_in
from selfinstruct.tui.text.safe_text import safe

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
}

_NAMES = {shown: name for name, shown in _WRITTEN.items() if len(shown) == 1}
_KNOWN_KEYS = {key.value for key in Keys if "+" not in key.value and "<" not in key.value} | set(
    KEY_NAME_REPLACEMENTS.values()
)

_HOW_TO_NAME_KEYS = (
    "Write a letter or symbol as it is, and other keys by name, such as f5, ctrl+s, pagedown or escape."
)


def bindings(place: str) -> list[Binding]:
    """Return the actions of a screen, dialog or widget as Textual bindings, with action names as ids."""
    return [
        Binding(
            action.keys,
            action.run,
            action.label,
            show=action.footer,
            # Must run before the next key, which already belongs to the filter line.
            priority=action.name == "filter",
            key_display=_written(action.keys.split(",")[0]),
            id=action.name,
        )
        for action in actions_in(place)
    ]


def keys_shown(action: Action, chosen: Mapping[str, str]) -> str:
    """Return the display names of an action's keys; `chosen` overrides the defaults."""
    return "  ".join(_written(key) for key in chosen.get(action.name, action.keys).split(","))


def _by_key(place: str, chosen: Mapping[str, str]) -> dict[str, Action]:
    return {
        _NAMES.get(key.strip(), key.strip()): action
        for action in actions_in(place)
        for key in chosen.get(action.name, action.keys).split(",")
    }


def action_of(key: events.Key, place: str, chosen: Mapping[str, str]) -> Action | None:
    """Return the action that a key press triggers in a screen, dialog or widget."""
    found = _by_key(place, chosen)
    return found.get(key.key) or found.get(key.character or "")


def key_of(name: str, screen: str, chosen: Mapping[str, str]) -> str | None:
    """Return the display name of an action's first key; None if the screen lacks the action."""
    for action in actions_in(screen):
        if action.name == name:
            return _written(chosen.get(name, action.keys).split(",")[0])
    return None


class _FirstKeys(dict[str, str]):
    """Display name of each action's first default key, by action name; filled lazily."""

    def __missing__(self, name: str) -> str:
        keys = self[name] = _written(ACTION_OF[name].keys.split(",")[0])
        return keys


def with_keys(sentence: str, chosen: Mapping[str, str]) -> str:
    """Replace action names in braces by the person's keys, as in "{undo} undoes"."""
    keys = {name: _written(keys.split(",")[0].strip()) for name, keys in chosen.items()}
    return sentence.format_map(_FirstKeys(keys))


def _written(key: str) -> str:
    if _FUNCTION_KEY.fullmatch(key):
        return key.upper()
    return _WRITTEN.get(key, key.replace("ctrl+", "^"))


def check_keys(chosen: Mapping[str, str]) -> None:
    """Check user-defined keys, such as `{"accept": "y"}`.

    Raises:
        SettingsError: An action or a key is unknown, or two actions of one place would share a key.
    """
    known = {action.name for action in ACTIONS}
    for name, keys in chosen.items():
        if name not in known:
            near = nearest(name, sorted(known))
            meant = f"Did you mean '{near}'?" if near else "docs/curating.md lists all actions."
            raise SettingsError(f"In keys, '{name}' is not an action. {meant}")
        for key in keys.split(","):
            _require_key(name, key.strip())
    for place in dict.fromkeys(place for action in ACTIONS for place in action.where):
        taken: dict[str, str] = {}
        for action in actions_in(place):
            for key in chosen.get(action.name, action.keys).split(","):
                named = _NAMES.get(key.strip(), key.strip())
                other = taken.setdefault(named, action.name)
                if other != action.name:
                    raise SettingsError(
                        f"In keys, {_written(named)} is assigned to both {other} and {action.name}."
                        " Give one of them another key."
                    )


def _require_key(action: str, key: str) -> None:
    if not key:
        raise SettingsError(f"In keys, {action} has an empty key. Name one, such as f5, or remove the entry.")
    *_, last = key.split("+") if len(key) > 1 else [key]
    if last in _KNOWN_KEYS:
        return
    character = last if len(last) == 1 else key_to_character(last)
    if character is not None and character.isprintable() and safe(character) == character:
        return
    near = nearest(last.lower(), sorted(_KNOWN_KEYS))
    meant = f"Did you mean '{near}'?" if near else _HOW_TO_NAME_KEYS
    raise SettingsError(f"In keys, '{key}' of {action} is not a key. {meant}")
