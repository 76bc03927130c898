"""The one registry of actions: keys, footer, palette and help are all made from it."""

from dataclasses import dataclass, replace
from enum import Flag, auto

from selfinstruct.tui.keys.screens import EVERY, SCREENS

DIALOGS = (
    "choose_model",
    "confirm",
    "cost_limit",
    "edit_instance",
    "edit_instruction",
    "export",
    "key_list",
    "reject_tag",
)
PARTS = {"curate": ("detail",), "pool": ("detail",), "settings": ("choice",)}
"""Widgets with keys of their own, by the screen that they are on."""

TAGS = {"wrong": "w", "unsafe": "u", "duplicate": "d", "unclear": "c", "other": "o"}
"""Why a task is rejected, with the key that says so."""
_TASKS = ("curate", "pool")
_INSTANCES, _PREVIEW, _REQUESTS, _SETTINGS = ("instances",), ("preview",), ("requests",), ("settings",)
_DETAILED = (*_TASKS, *_INSTANCES)


class Trait(Flag):
    """What holds for an action besides its name and its keys."""

    FOOTER = auto()
    """The footer shows it."""
    WRITES = auto()
    """It changes the workspace, which --read-only does not allow."""
    WAITS = auto()
    """It waits for the end of a step on many tasks: a decision, or what decisions go by."""


_NONE, _FOOTER, _WRITES = Trait(0), Trait.FOOTER, Trait.WRITES
_DECIDES = Trait.WRITES | Trait.WAITS


@dataclass(frozen=True, slots=True)
class Action:
    """Something that a person can do in some places."""

    name: str
    """The name in `[keys]`; the method is `action_<name>` unless `call` says otherwise."""
    keys: str
    """Keys as Textual names them, separated by commas; the first one is shown."""
    label: str
    help: str
    where: tuple[str, ...]
    """Screens, dialogs and widgets."""
    traits: Trait = _NONE
    call: str = ""
    """Textual's action string, where it is not the name: `go_to('pool')`."""
    group: str = ""

    @property
    def run(self) -> str:
        """Textual's action string."""
        return self.call or self.name

    @property
    def footer(self) -> bool:
        """Whether the footer shows it."""
        return Trait.FOOTER in self.traits

    @property
    def writes(self) -> bool:
        """Whether it changes the workspace."""
        return Trait.WRITES in self.traits

    @property
    def waits(self) -> bool:
        """Whether it waits for the end of a step on many tasks."""
        return Trait.WAITS in self.traits


def _group(name: str, *actions: Action) -> tuple[Action, ...]:
    return tuple(replace(action, group=name) for action in actions)


ACTIONS = (
    *_group(
        "Decide",
        Action("accept", "a", "Accept", "Put the candidate into the pool.", _TASKS, _FOOTER | _DECIDES),
        Action(
            "accept_anyway",
            "A",
            "Accept anyway",
            "Accept it despite the reasons that are shown.",
            _TASKS,
            _DECIDES,
        ),
        Action("reject", "r", "Reject", "Keep the candidate out of the pool.", _TASKS, _FOOTER | _DECIDES),
        Action(
            "reject_because",
            "x",
            "Reject because",
            "Reject, and say why with one more key.",
            _TASKS,
            _DECIDES,
        ),
        Action("restore", "R", "Restore", "Let a rejected task be a candidate again.", _TASKS, _DECIDES),
        Action("skip", "s", "Skip", "Leave it undecided and go on to the next that passes.", _TASKS),
        Action(
            "edit", "e", "Edit", "Reword it; the filters check it as you type.", _TASKS, _FOOTER | _DECIDES
        ),
        Action(
            "edit_outside",
            "E",
            "Edit in $EDITOR",
            "Reword it in the program of $VISUAL or $EDITOR.",
            _TASKS,
            _DECIDES,
        ),
        Action(
            "edit_instance",
            "e",
            "Edit",
            "Change input and output; a dropped one is kept.",
            _INSTANCES,
            _FOOTER | _DECIDES,
        ),
        Action(
            "drop_instance",
            "d",
            "Drop",
            "Leave the instance out of training files.",
            _INSTANCES,
            _FOOTER | _DECIDES,
        ),
        Action(
            "restore_instance", "R", "Restore", "Keep an instance that was dropped.", _INSTANCES, _DECIDES
        ),
        Action("add_instance", "i", "Add", "Write an instance by hand.", _INSTANCES, _FOOTER | _DECIDES),
        Action("relabel", "c", "Label", "Switch between classification and generation.", _DETAILED, _DECIDES),
        Action(
            "undo", "u", "Undo", "Take back your last decision; without limit.", _DETAILED, _FOOTER | _DECIDES
        ),
        Action("redo", "ctrl+r,ctrl+y", "Redo", "Take back your last undo.", _DETAILED, _DECIDES),
    ),
    *_group(
        "Generate",
        Action(
            "next_batch",
            "n",
            "Next",
            "Show the next batch, and begin the one after it.",
            ("curate",),
            _FOOTER | _WRITES,
        ),
        Action("pause", "p", "Pause", "Send no more requests; again goes on.", EVERY, _WRITES),
        Action(
            "more_instances",
            "m",
            "More",
            "Ask the model for more instances of the task.",
            _INSTANCES,
            _FOOTER | _WRITES,
        ),
        Action(
            "try_again",
            "t",
            "Try again",
            "Send again what failed; at the cost limit, raise it.",
            _DETAILED,
            _WRITES,
        ),
        Action(
            "send_again",
            "t",
            "Send again",
            "Send a request again that failed or is in doubt.",
            _REQUESTS,
            _FOOTER | _WRITES,
        ),
        Action(
            "send_all_again",
            "T",
            "All again",
            "Send all failed again; all in doubt while shown.",
            _REQUESTS,
            _FOOTER | _WRITES,
        ),
    ),
    *_group(
        "Settings",
        Action(
            "apply_settings",
            "ctrl+s",
            "Apply",
            "Work by these settings from now on.",
            _SETTINGS,
            _FOOTER | _DECIDES,
        ),
        Action(
            "test_connection",
            "ctrl+t,t",
            "Test",
            "Send one tiny request.",
            (*_SETTINGS, "choose_model"),
            _FOOTER | _WRITES,
        ),
        Action("choose_model", "M", "Choose model", "The built-in model or an endpoint.", EVERY, _WRITES),
        Action("next_value", "right,space,enter", "Next value", "Choose the next value.", ("choice",)),
        Action("previous_value", "left", "Value before", "Choose the value before.", ("choice",)),
        Action(
            "edit_setting",
            "enter",
            "Edit",
            "Go into the setting under the cursor.",
            _SETTINGS,
            _FOOTER | _WRITES,
        ),
    ),
    *_group(
        "Mark",
        Action("mark", "space", "Mark", "Mark the row; one key then decides on all that are marked.", _TASKS),
        Action("mark_range", "v", "Range", "Begin a range of marks, and end it.", _TASKS),
        Action("mark_all", "asterisk", "Mark all", "Mark every candidate that passes.", _TASKS),
    ),
    *_group(
        "Filters",
        Action(
            "less",
            "left,h,minus",
            "Less",
            "Lower a threshold by 0.01, a limit by 1; switch off.",
            _PREVIEW,
            _FOOTER,
        ),
        Action(
            "more",
            "right,l,equals_sign",
            "More",
            "Raise a threshold by 0.01, a limit by 1; switch on.",
            _PREVIEW,
            _FOOTER,
        ),
        Action(
            "much_less", "shift+left,H", "Much less", "Lower the threshold by 0.05, a limit by 10.", _PREVIEW
        ),
        Action(
            "much_more", "shift+right,L", "Much more", "Raise the threshold by 0.05, a limit by 10.", _PREVIEW
        ),
        Action("switch", "space", "Switch", "Switch the filter on or off.", _PREVIEW, _FOOTER),
        Action(
            "apply",
            "ctrl+s",
            "Apply",
            "Filter by these from now on, undecided ones too.",
            _PREVIEW,
            _FOOTER | _DECIDES,
        ),
    ),
    *_group(
        "Find",
        Action("filter", "slash", "Filter", "Look for words and states.", _DETAILED, _FOOTER),
        Action("sort", "o", "Sort", "Sort by the next column.", _TASKS),
        Action("open", "enter", "Open", "Go to the detail of the row; again goes back.", _DETAILED),
        Action(
            "open_candidate",
            "enter",
            "Open",
            "Open the candidate; from the filters, go to the rows.",
            _PREVIEW,
            _FOOTER,
        ),
        Action("copy", "y", "Copy", "Copy the text under the cursor to the clipboard.", _DETAILED),
        Action(
            "view", "f", "Which", "All requests, or failed, in doubt, planned, under way.", _REQUESTS, _FOOTER
        ),
        Action("go_to_task", "enter", "Its task", "Go to the task that it is about.", _REQUESTS, _FOOTER),
        Action("copy_answer", "y", "Copy answer", "Copy the answer to the clipboard.", _REQUESTS),
        Action("copy_prompt", "Y", "Copy prompt", "Copy the prompt to the clipboard.", _REQUESTS),
    ),
    *_group(
        "Move",
        Action("down", "j,down", "Down", "Next row.", EVERY),
        Action("up", "k,up", "Up", "Previous row.", EVERY),
        Action("page_down", "ctrl+d,pagedown", "Page down", "Down by a screen.", EVERY),
        Action("page_up", "ctrl+u,pageup", "Page up", "Up by a screen.", EVERY),
        Action("first", "g,home", "First", "First row.", EVERY),
        Action("last", "G,end", "Last", "Last row.", EVERY),
        Action("scroll_down", "down", "Scroll down", "One line down.", ("detail",)),
        Action("scroll_up", "up", "Scroll up", "One line up.", ("detail",)),
        Action("zoom", "plus", "Zoom", "Give the pane all the room; again gives it back.", EVERY),
        Action("back", "escape", "Back", "One layer back.", EVERY),
    ),
    *_group(
        "Go",
        *(
            Action(screen.name, screen.key, screen.label, screen.help, EVERY, call=f"go_to('{screen.name}')")
            for screen in SCREENS
        ),
    ),
    *_group("Export", Action("export", "X", "Training file", "Write a training file.", EVERY)),
    *_group(
        "Dialog",
        Action(
            "go_on",
            "enter",
            "Go on",
            "Take the chosen model.",
            ("choose_model",),
            _FOOTER,
            call="screen.go_on",
        ),
        Action("save_wording", "enter,ctrl+s", "Save", "Store the wording.", ("edit_instruction",), _FOOTER),
        Action("save", "ctrl+s", "Save", "Store input and output.", ("edit_instance",), _FOOTER),
        Action("switch_text", "tab", "Input, output", "Go to the other text.", ("edit_instance",), _FOOTER),
        Action("confirm", "enter", "Yes", "Do it.", ("confirm",), _FOOTER),
        Action("write_file", "ctrl+s", "Write", "Write the training file.", ("export",), _FOOTER),
        *(
            Action(
                f"tag_{tag}", key, tag.capitalize(), f"It is {tag}.", ("reject_tag",), call=f"tag('{tag}')"
            )
            for tag, key in TAGS.items()
        ),
        Action("cancel", "escape", "Cancel", "Close it and change nothing.", DIALOGS, _FOOTER),
        Action("close_keys", "question_mark,q,f1", "Close", "Close the list of keys.", ("key_list",)),
    ),
    *_group(
        "Show",
        Action("theme", "f2", "Theme", "Dark, light, high contrast; it is remembered.", EVERY),
    ),
    *_group(
        "Help",
        Action(
            "keys", "question_mark,f1", "Keys", "The keys of this screen.", (*EVERY, "choose_model"), _FOOTER
        ),
        Action(
            "leave",
            "q,ctrl+q",
            "Quit",
            "Quit once answers under way are stored. Twice: at once.",
            (*EVERY, "choose_model"),
            _FOOTER,
        ),
        Action(
            "suspend",
            "ctrl+z",
            "Suspend",
            "Back to the shell; fg comes back.",
            (*EVERY, *DIALOGS),
            call="app.suspend_process",
        ),
    ),
)

ACTION_OF = {action.name: action for action in ACTIONS}
"""Actions by their names."""
_ACTION_OF_CALL = {action.run: action for action in ACTIONS}


def called(name: str, parameters: tuple[object, ...] = ()) -> Action | None:
    """The action behind one of Textual's: `go_to` with `("pool",)` is `pool`; None: there is none."""
    arguments = f"({', '.join(map(repr, parameters))})" if parameters else ""
    return _ACTION_OF_CALL.get(f"{name}{arguments}")


def actions_in(place: str) -> list[Action]:
    """The actions of a screen, dialog or widget, in the order of the registry."""
    return [action for action in ACTIONS if place in action.where]
