"""Keys of actions: Textual bindings, and validation of user-defined keys."""

from collections.abc import Mapping

from textual import events
from textual.binding import Binding
from textual.keys import KEY_NAME_REPLACEMENTS, Keys, key_to_character

from selfinstruct.core.errors import SettingsError
from selfinstruct.core.util.did_you_mean import nearest
from selfinstruct.tui.keys.actions import ACTIONS, DIALOGS, Action, actions_in
from selfinstruct.tui.keys.key_names import NAME_OF, as_written
from selfinstruct.tui.text.safe_text import safe

_KNOWN_KEYS = {key.value for key in Keys if "+" not in key.value and "<" not in key.value} | set(
    KEY_NAME_REPLACEMENTS.values()
)

_TYPED_IN = {"cost_limit", "edit_instance", "edit_instruction", "line"}
"""Dialogs and widgets in which a text field always has the focus."""

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
            key_display=as_written(action.keys.split(",")[0]),
            id=action.name,
        )
        for action in actions_in(place)
    ]


def _by_key(place: str, chosen: Mapping[str, str]) -> dict[str, Action]:
    return {
        NAME_OF.get(key.strip(), key.strip()): action
        for action in actions_in(place)
        for key in chosen.get(action.name, action.keys).split(",")
    }


def action_of(key: events.Key, place: str, chosen: Mapping[str, str]) -> Action | None:
    """Return the action that a key press triggers in a screen, dialog or widget."""
    found = _by_key(place, chosen)
    return found.get(key.key) or found.get(key.character or "")


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
    for action in ACTIONS:
        if (
            action.name in chosen
            and set(action.where) & _TYPED_IN
            and set(action.where) <= {*DIALOGS, "line"}
        ):
            _require_key_while_typing(action.name, chosen[action.name])
    for place in dict.fromkeys(place for action in ACTIONS for place in action.where):
        taken: dict[str, str] = {}
        for action in actions_in(place):
            for key in chosen.get(action.name, action.keys).split(","):
                named = NAME_OF.get(key.strip(), key.strip())
                other = taken.setdefault(named, action.name)
                if other != action.name:
                    raise SettingsError(
                        f"In keys, {as_written(named)} is assigned to both {other} and {action.name}."
                        " Give one of them another key."
                    )


def _require_key_while_typing(action: str, keys: str) -> None:
    """Require a key that the text field that has the focus leaves alone."""
    editing = _editing_keys()
    given = [NAME_OF.get(key.strip(), key.strip()) for key in keys.split(",")]
    if all(_types_text(key) for key in given):
        raise SettingsError(
            f"In keys, {action} needs a key that types nothing, such as f5 or ctrl+s: where it works, letters"
            " and symbols go into the text."
        )
    if all(_types_text(key) or key in editing for key in given):
        raise SettingsError(
            f"In keys, {action} needs a key that text fields do not use for editing, such as f5 or ctrl+s."
        )


def _editing_keys() -> set[str]:
    from textual.widgets import Input, TextArea  # noqa: PLC0415 - only where keys for texts are set

    made = [Binding(*one) if isinstance(one, tuple) else one for one in (*Input.BINDINGS, *TextArea.BINDINGS)]
    return {key for binding in made for key in binding.key.split(",")} - {"enter", "tab", "shift+tab"}


def _types_text(key: str) -> bool:
    if key in KEY_NAME_REPLACEMENTS.values():
        return True
    character = key if len(key) == 1 else key_to_character(key)
    return character is not None and character.isprintable()


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
