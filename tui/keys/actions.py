"""The one registry of actions: keys, footer, palette and help are all made from it."""

from dataclasses import dataclass
from typing import Literal, get_args

ScreenName = Literal["curate", "pool", "instances", "preview", "requests", "overview", "settings"]

EVERY: tuple[ScreenName, ...] = get_args(ScreenName)
_TASKS: tuple[ScreenName, ...] = ("curate", "pool")
_DETAILED: tuple[ScreenName, ...] = (*_TASKS, "instances")
_LISTS: tuple[ScreenName, ...] = (
    "curate",
    "pool",
    "instances",
    "preview",
    "requests",
    "overview",
    "settings",
)


@dataclass(frozen=True, slots=True)
class Action:
    """Something that a person can do on some of the screens."""

    name: str
    """The screen's method is `action_<name>`."""
    keys: str
    """Keys as Textual names them, separated by commas; the first one is shown."""
    group: str
    label: str
    help: str
    screens: tuple[ScreenName, ...]
    footer: bool = False
    writes: bool = False
    """Whether it changes the workspace, which --read-only does not allow."""
    waits: bool = False
    """Whether it waits for the end of a step on many tasks: a decision, or what decisions go by."""


ACTIONS = (
    Action(
        "accept", "a", "Decide", "Accept", "Put the candidate into the pool.", _TASKS, True, True, waits=True
    ),
    Action(
        "accept_anyway",
        "A",
        "Decide",
        "Accept anyway",
        "Accept it despite the reasons that are shown.",
        _TASKS,
        writes=True,
        waits=True,
    ),
    Action(
        "reject",
        "r",
        "Decide",
        "Reject",
        "Keep the candidate out of the pool.",
        _TASKS,
        True,
        True,
        waits=True,
    ),
    Action(
        "reject_because",
        "x",
        "Decide",
        "Reject because",
        "Reject, and say why with one more key.",
        _TASKS,
        writes=True,
        waits=True,
    ),
    Action(
        "restore",
        "R",
        "Decide",
        "Restore",
        "Let a rejected task be a candidate again.",
        _TASKS,
        writes=True,
        waits=True,
    ),
    Action("skip", "s", "Decide", "Skip", "Leave it undecided and go on to the next that passes.", _TASKS),
    Action(
        "edit",
        "e",
        "Decide",
        "Edit",
        "Reword the candidate; it is judged again as you type.",
        _TASKS,
        True,
        True,
        waits=True,
    ),
    Action(
        "edit_outside",
        "E",
        "Decide",
        "Edit in $EDITOR",
        "Reword it in the program that $VISUAL or $EDITOR names.",
        _TASKS,
        writes=True,
        waits=True,
    ),
    Action(
        "edit_instance",
        "e",
        "Decide",
        "Edit",
        "Change input and output; a dropped instance is kept from then on.",
        ("instances",),
        True,
        True,
        waits=True,
    ),
    Action(
        "drop_instance",
        "d",
        "Decide",
        "Drop",
        "Leave the instance out of training files.",
        ("instances",),
        True,
        True,
        waits=True,
    ),
    Action(
        "restore_instance",
        "R",
        "Decide",
        "Restore",
        "Keep an instance that was dropped.",
        ("instances",),
        writes=True,
        waits=True,
    ),
    Action(
        "add_instance",
        "i",
        "Decide",
        "Add",
        "Write an instance by hand.",
        ("instances",),
        True,
        True,
        waits=True,
    ),
    Action(
        "relabel",
        "c",
        "Decide",
        "Label",
        "Switch between classification and generation.",
        _DETAILED,
        writes=True,
        waits=True,
    ),
    Action(
        "undo",
        "u,ctrl+z",
        "Decide",
        "Undo",
        "Take back your last decision; without limit.",
        _DETAILED,
        True,
        True,
        waits=True,
    ),
    Action(
        "redo",
        "ctrl+r,ctrl+y",
        "Decide",
        "Redo",
        "Take back your last undo.",
        _DETAILED,
        writes=True,
        waits=True,
    ),
    Action(
        "next_batch",
        "n",
        "Generate",
        "Next",
        "Show the next batch, and begin the one after it.",
        ("curate",),
        True,
        True,
    ),
    Action(
        "more_instances",
        "m",
        "Generate",
        "More",
        "Ask the model for more instances of the task.",
        ("instances",),
        True,
        True,
    ),
    Action(
        "try_again",
        "t",
        "Generate",
        "Try again",
        "Send again what has failed; at the cost limit, ask for a new one.",
        (*_TASKS, "instances"),
        writes=True,
    ),
    Action(
        "send_again",
        "t",
        "Generate",
        "Send again",
        "Send the request under the cursor again, if it failed or is in doubt.",
        ("requests",),
        True,
        True,
    ),
    Action(
        "send_all_again",
        "T",
        "Generate",
        "All again",
        "Send all failed requests again; all in doubt while those are shown.",
        ("requests",),
        True,
        True,
    ),
    Action(
        "apply_settings",
        "ctrl+s",
        "Settings",
        "Apply",
        "Work by these settings from now on.",
        ("settings",),
        True,
        True,
        waits=True,
    ),
    Action(
        "test_connection",
        "ctrl+t,t",
        "Settings",
        "Test",
        "Send one tiny request to the endpoint; Esc stops it.",
        ("settings",),
        True,
        True,
    ),
    Action(
        "choose_model",
        "m",
        "Settings",
        "Choose",
        "Choose the built-in model or an endpoint.",
        ("settings",),
        True,
        True,
    ),
    Action(
        "edit_setting",
        "enter",
        "Settings",
        "Edit",
        "Go into the setting under the cursor.",
        ("settings",),
        True,
        True,
    ),
    Action(
        "mark", "space", "Mark", "Mark", "Mark the row; one key then decides on all that are marked.", _TASKS
    ),
    Action("mark_range", "v", "Mark", "Range", "Begin a range of marks, and end it.", _TASKS),
    Action("mark_all", "asterisk", "Mark", "Mark all", "Mark every candidate that passes.", _TASKS),
    Action(
        "less",
        "left,h,minus",
        "Filters",
        "Less",
        "Lower the threshold by 0.01, a limit by 1; or switch off.",
        ("preview",),
        True,
    ),
    Action(
        "more",
        "right,l,equals_sign",
        "Filters",
        "More",
        "Raise the threshold by 0.01, a limit by 1; or switch on.",
        ("preview",),
        True,
    ),
    Action(
        "much_less",
        "shift+left,H",
        "Filters",
        "Much less",
        "Lower the threshold by 0.05, a limit by 10.",
        ("preview",),
    ),
    Action(
        "much_more",
        "shift+right,L",
        "Filters",
        "Much more",
        "Raise the threshold by 0.05, a limit by 10.",
        ("preview",),
    ),
    Action("switch", "space", "Filters", "Switch", "Switch the filter on or off.", ("preview",), True),
    Action(
        "apply",
        "ctrl+s",
        "Filters",
        "Apply",
        "Judge by these filters from now on, and all that is undecided again.",
        ("preview",),
        True,
        True,
        waits=True,
    ),
    Action("filter", "slash", "Find", "Filter", "Look through everything, in all states.", _TASKS, True),
    Action("sort", "o", "Find", "Sort", "Sort by the next column.", _TASKS),
    Action("open", "enter", "Find", "Open", "Go to the detail of the row; again goes back.", _DETAILED),
    Action(
        "open_candidate",
        "enter",
        "Find",
        "Open",
        "Open the candidate of the row; from the filters, go to the rows.",
        ("preview",),
        True,
    ),
    Action("copy", "y", "Find", "Copy", "Copy the text under the cursor to the clipboard.", _DETAILED),
    Action(
        "view",
        "f",
        "Find",
        "Which",
        "All requests, those that failed, those in doubt, those that wait, those under way.",
        ("requests",),
        True,
    ),
    Action(
        "go_to_task", "enter", "Find", "Its task", "Go to the task that it is about.", ("requests",), True
    ),
    Action("copy_answer", "y", "Find", "Copy answer", "Copy the answer to the clipboard.", ("requests",)),
    Action("copy_prompt", "Y", "Find", "Copy prompt", "Copy the prompt to the clipboard.", ("requests",)),
    Action("down", "j,down", "Move", "Down", "Next row.", _LISTS),
    Action("up", "k,up", "Move", "Up", "Previous row.", _LISTS),
    Action("page_down", "ctrl+d,pagedown", "Move", "Page down", "Down by a screen.", _LISTS),
    Action("page_up", "ctrl+u,pageup", "Move", "Page up", "Up by a screen.", _LISTS),
    Action("first", "g,home", "Move", "First", "First row.", _LISTS),
    Action("last", "G,end", "Move", "Last", "Last row.", _LISTS),
    Action("zoom", "plus", "Move", "Zoom", "Give the pane all the room; again gives it back.", EVERY),
    Action("back", "escape", "Move", "Back", "One layer back.", EVERY),
    Action("curate", "1", "Go", "Curate", "The candidates of this batch.", EVERY),
    Action("pool", "2", "Go", "Pool", "Everything there is, in all states.", EVERY),
    Action("instances", "3", "Go", "Instances", "Inputs and outputs of accepted tasks.", EVERY),
    Action("preview", "4", "Go", "Preview", "What other filters would judge otherwise.", EVERY),
    Action("requests", "5", "Go", "Requests", "Every call of the model, with what it brought.", EVERY),
    Action("overview", "6", "Go", "Overview", "What became of all that was asked for, in charts.", EVERY),
    Action("settings", "7", "Go", "Settings", "The settings of the workspace.", EVERY),
    Action("theme", "f2", "Show", "Theme", "Dark, light, high contrast; it is remembered.", EVERY),
    Action("keys", "question_mark,f1", "Help", "Keys", "The keys of this screen.", EVERY, True),
    Action(
        "leave",
        "q",
        "Help",
        "Quit",
        "Quit after the answers under way are stored. Twice: at once.",
        EVERY,
        True,
    ),
)

ACTION_OF = {action.name: action for action in ACTIONS}
"""Actions by their names."""


def on_screen(screen: ScreenName) -> list[Action]:
    """The actions of a screen, in the order of the registry."""
    return [action for action in ACTIONS if screen in action.screens]
