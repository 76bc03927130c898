"""The registry of actions: keys, footer, command palette and help are generated from it."""

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
    "import_data",
    "key_list",
    "reject_tag",
)
PARTS = {
    "curate": ("detail",),
    "pool": ("detail", "line"),
    "instances": ("line",),
    "settings": ("choice", "line"),
    "choose_model": ("line",),
}
"""Widgets that have their own keys, by the screen or dialog that lists them."""

TAGS = {"wrong": "w", "unsafe": "u", "duplicate": "d", "unclear": "c", "other": "o"}
"""Tags for the reason of a rejection, with their keys."""
_TASKS = ("curate", "pool")
_MOVED = (*EVERY, "key_list")
_INSTANCES, _PREVIEW, _REQUESTS, _SETTINGS = ("instances",), ("preview",), ("requests",), ("settings",)
_DETAILED = (*_TASKS, *_INSTANCES)


class Trait(Flag):
    """Flags of an action."""

    FOOTER = auto()
    """Shown in the footer."""
    WRITES = auto()
    """Changes the workspace, so it is unavailable with --read-only."""
    WAITS = auto()
    """Has to wait for a running bulk step: a decision, or a change of what decisions depend on."""


_NONE, _FOOTER, _WRITES = Trait(0), Trait.FOOTER, Trait.WRITES
_DECIDES = Trait.WRITES | Trait.WAITS


@dataclass(frozen=True, slots=True)
class Action:
    """A user action: name, keys, label, and where it is available."""

    name: str
    """Name in `[keys]`; the method is `action_<name>` unless `call` is set."""
    keys: str
    """Comma-separated keys by their Textual names; the first is displayed."""
    label: str
    help: str
    where: tuple[str, ...]
    """Names of the screens, dialogs and widgets that have it."""
    traits: Trait = _NONE
    call: str = ""
    """Textual action string if it differs from the name, such as `go_to('pool')`."""
    group: str = ""

    @property
    def run(self) -> str:
        """The Textual action string."""
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
        """Whether it has to wait for a running bulk step."""
        return Trait.WAITS in self.traits


def _group(name: str, *actions: Action) -> tuple[Action, ...]:
    return tuple(replace(action, group=name) for action in actions)


ACTIONS = (
    *_group(
        "Decide",
        Action("accept", "a", "Accept", "Add the candidate to the pool.", _TASKS, _FOOTER | _DECIDES),
        Action(
            "accept_anyway",
            "A",
            "Accept anyway",
            "Accept it despite the reasons shown.",
            _TASKS,
            _DECIDES,
        ),
        Action("reject", "r", "Reject", "Keep the candidate out of the pool.", _TASKS, _FOOTER | _DECIDES),
        Action(
            "reject_because",
            "x",
            "Reject because",
            "Reject, and give the reason with one more key.",
            _TASKS,
            _DECIDES,
        ),
        Action("restore", "R", "Restore", "Make a rejected task a candidate again.", _TASKS, _DECIDES),
        Action("skip", "s", "Skip", "Leave it undecided and go to the next candidate that passes.", _TASKS),
        Action(
            "edit",
            "e",
            "Edit",
            "Change the wording; the filters check it as you type.",
            _TASKS,
            _FOOTER | _DECIDES,
        ),
        Action(
            "edit_outside",
            "E",
            "Edit in $EDITOR",
            "Change the wording in the editor named by $VISUAL or $EDITOR.",
            _TASKS,
            _DECIDES,
        ),
        Action(
            "edit_instance",
            "e",
            "Edit",
            "Change input and output; a dropped instance is then kept.",
            _INSTANCES,
            _FOOTER | _DECIDES,
        ),
        Action(
            "drop_instance",
            "d",
            "Drop",
            "Exclude the instance from training files.",
            _INSTANCES,
            _FOOTER | _DECIDES,
        ),
        Action("restore_instance", "R", "Restore", "Keep a dropped instance.", _INSTANCES, _DECIDES),
        Action("add_instance", "i", "Add", "Write an instance yourself.", _INSTANCES, _FOOTER | _DECIDES),
        Action("relabel", "c", "Label", "Switch between classification and generation.", _DETAILED, _DECIDES),
        Action("undo", "u", "Undo", "Undo your last decision; without limit.", _DETAILED, _FOOTER | _DECIDES),
        Action("redo", "ctrl+r,ctrl+y", "Redo", "Redo what you last undid.", _DETAILED, _DECIDES),
    ),
    *_group(
        "Generate",
        Action(
            "next_batch",
            "n",
            "Next",
            "Show the next batch, and start generating the one after it.",
            ("curate",),
            _FOOTER | _WRITES,
        ),
        Action("pause", "p", "Pause", "Send no more requests; again resumes.", EVERY, _WRITES),
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
            "Resend what failed; at the cost limit, raise the limit.",
            _DETAILED,
            _WRITES,
        ),
        Action(
            "send_again",
            "t",
            "Resend",
            "Resend a request that failed or is in doubt.",
            _REQUESTS,
            _FOOTER | _WRITES,
        ),
        Action(
            "send_all_again",
            "T",
            "Resend all",
            "Resend all failed requests, or all in doubt while those are listed.",
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
            "Use these settings from now on.",
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
        Action(
            "choose_model", "M", "Choose model", "Choose the built-in model or an endpoint.", EVERY, _WRITES
        ),
        Action("next_value", "right,space,enter", "Next value", "Choose the next value.", ("choice",)),
        Action("previous_value", "left", "Previous value", "Choose the previous value.", ("choice",)),
        Action(
            "edit_setting",
            "enter",
            "Edit",
            "Edit the selected setting.",
            _SETTINGS,
            _FOOTER | _WRITES,
        ),
    ),
    *_group(
        "Mark",
        Action(
            "mark", "space", "Mark", "Mark the row; the next decision applies to all marked rows.", _TASKS
        ),
        Action("mark_range", "v", "Range", "Start or end a range of marks.", _TASKS),
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
            "Use these filters from now on, also for undecided candidates.",
            _PREVIEW,
            _FOOTER | _DECIDES,
        ),
    ),
    *_group(
        "Find",
        Action("filter", "slash", "Filter", "Filter by words and states.", _DETAILED, _FOOTER),
        Action("sort", "o", "Sort", "Sort by the next column.", _TASKS),
        Action("open", "enter", "Open", "Zoom into the detail of the row; again goes back.", _DETAILED),
        Action(
            "open_candidate",
            "enter",
            "Open",
            "Open the candidate; in the filters, go to the rows.",
            _PREVIEW,
            _FOOTER,
        ),
        Action("submit", "enter", "Enter the line", "Take the text of a one-line field.", ("line",)),
        Action("copy", "y", "Copy", "Copy the text under the cursor to the clipboard.", _DETAILED),
        Action(
            "view",
            "f",
            "View",
            "List all requests, or only failed, in doubt, planned or in flight.",
            _REQUESTS,
            _FOOTER,
        ),
        Action(
            "go_to_task",
            "enter",
            "Go to task",
            "Go to the task that the request concerns.",
            _REQUESTS,
            _FOOTER,
        ),
        Action(
            "copy_selection",
            "ctrl+c,super+c",
            "Copy selection",
            "Copy the text selected with the mouse.",
            (*EVERY, *DIALOGS),
            call="screen.copy_text",
        ),
        Action("copy_answer", "y", "Copy answer", "Copy the answer to the clipboard.", _REQUESTS),
        Action("copy_prompt", "Y", "Copy prompt", "Copy the prompt to the clipboard.", _REQUESTS),
    ),
    *_group(
        "Move",
        Action("down", "j,down", "Down", "Next row.", _MOVED),
        Action("up", "k,up", "Up", "Previous row.", _MOVED),
        Action("page_down", "ctrl+d,pagedown", "Page down", "Move down by a page.", _MOVED),
        Action("page_up", "ctrl+u,pageup", "Page up", "Move up by a page.", _MOVED),
        Action("first", "g,home", "First", "First row.", _MOVED),
        Action("last", "G,end", "Last", "Last row.", _MOVED),
        Action("scroll_down", "down", "Scroll down", "Scroll down by one line.", ("detail",)),
        Action("scroll_up", "up", "Scroll up", "Scroll up by one line.", ("detail",)),
        Action(
            "next_field",
            "tab",
            "Next pane",
            "Go to the next pane or field.",
            (*EVERY, "choose_model", "export", "import_data"),
            call="app.focus_next",
        ),
        Action(
            "previous_field",
            "shift+tab",
            "Previous pane",
            "Go to the previous pane or field.",
            (*EVERY, "choose_model", "export", "import_data"),
            call="app.focus_previous",
        ),
        Action("zoom", "plus", "Zoom", "Maximize the pane; again restores it.", EVERY),
        Action(
            "back", "escape", "Back", "Leave one layer: zoom, detail, marks, filter, then the screen.", EVERY
        ),
    ),
    *_group(
        "Go",
        *(
            Action(screen.name, screen.key, screen.label, screen.help, EVERY, call=f"go_to('{screen.name}')")
            for screen in SCREENS
        ),
    ),
    *_group(
        "Export",
        Action("export", "X", "Training file", "Write a training file.", EVERY),
        Action("import_data", "I", "Import", "Import a data file, with a preview.", _TASKS, _DECIDES),
    ),
    *_group(
        "Dialog",
        Action(
            "go_on",
            "enter",
            "Continue",
            "Use the chosen model.",
            ("choose_model",),
            _FOOTER,
            call="screen.go_on",
        ),
        Action(
            "save_wording", "enter,ctrl+s", "Save", "Save the new wording.", ("edit_instruction",), _FOOTER
        ),
        Action("save", "ctrl+s", "Save", "Save input and output.", ("edit_instance",), _FOOTER),
        Action(
            "switch_text",
            "tab,shift+tab",
            "Input, output",
            "Switch between input and output.",
            ("edit_instance",),
            _FOOTER,
        ),
        Action("confirm", "enter", "Yes", "Confirm.", ("confirm",), _FOOTER),
        Action("write_file", "ctrl+s", "Write", "Write the training file.", ("export",), _FOOTER),
        Action(
            "import_file",
            "ctrl+s",
            "Preview, import",
            "Show the first rows of the file; then import it.",
            ("import_data",),
            _FOOTER,
        ),
        *(
            Action(
                f"tag_{tag}",
                key,
                tag.capitalize(),
                f"Reject with the tag {tag}.",
                ("reject_tag",),
                call=f"tag('{tag}')",
            )
            for tag, key in TAGS.items()
        ),
        Action("cancel", "escape", "Cancel", "Close without a change.", DIALOGS, _FOOTER),
        Action("close_keys", "question_mark,q,f1", "Close", "Close the list of keys.", ("key_list",)),
    ),
    *_group(
        "Show",
        Action(
            "palette",
            "ctrl+p",
            "palette",
            "List every action of the screen by name.",
            (*EVERY, "app"),
            call="app.command_palette",
        ),
        Action("theme", "f2", "Theme", "Switch between dark, light and high contrast; remembered.", EVERY),
    ),
    *_group(
        "Help",
        Action(
            "keys",
            "question_mark,f1",
            "Keys",
            "List the keys of this screen.",
            (*EVERY, "choose_model"),
            _FOOTER,
        ),
        Action(
            "leave",
            "q,ctrl+q",
            "Quit",
            "Quit once the answers in flight are stored; twice quits at once.",
            (*EVERY, "choose_model", "app"),
            _FOOTER,
        ),
        Action(
            "suspend",
            "ctrl+z",
            "Suspend",
            "Go to the shell; fg comes back.",
            (*EVERY, *DIALOGS),
            call="app.suspend_process",
        ),
    ),
)

ACTION_OF = {action.name: action for action in ACTIONS}
"""Actions by name."""
_ACTION_OF_CALL = {action.run: action for action in ACTIONS}


def called(name: str, parameters: tuple[object, ...] = ()) -> Action | None:
    """Return the action behind a Textual action; `go_to` with `("pool",)` is `pool`. None if unknown."""
    arguments = f"({', '.join(map(repr, parameters))})" if parameters else ""
    return _ACTION_OF_CALL.get(f"{name}{arguments}")


def actions_in(place: str) -> list[Action]:
    """Return the actions of a screen, dialog or widget, in registry order."""
    return [action for action in ACTIONS if place in action.where]
