"""The one registry of actions: keys, footer, palette and help are all made from it."""

from dataclasses import dataclass

from textual.binding import Binding


@dataclass(frozen=True, slots=True)
class Action:
    """Something that a person can do on the curator's screen."""

    name: str
    """The app's method is `action_<name>`."""
    keys: str
    """Keys as Textual names them, separated by commas; the first one is shown."""
    group: str
    label: str
    help: str
    footer: bool = False
    key_display: str | None = None


ACTIONS = (
    Action(
        "accept",
        "a",
        "Decide",
        "Accept",
        "Put the candidate into the pool.",
        True,
    ),
    Action("accept_anyway", "A", "Decide", "Accept anyway", "Accept it despite the reasons that are shown."),
    Action("reject", "r", "Decide", "Reject", "Keep the candidate out of the pool.", True),
    Action("reject_because", "x", "Decide", "Reject because", "Reject, and say why with one more key."),
    Action("restore", "R", "Decide", "Restore", "Let a rejected task be a candidate again."),
    Action("skip", "s", "Decide", "Skip", "Leave it undecided and go on to the next that passes."),
    Action("edit", "e", "Decide", "Edit", "Reword the candidate; it is judged again as you type.", True),
    Action("relabel", "c", "Decide", "Label", "Switch between classification and generation.", True),
    Action("undo", "u,ctrl+z", "Decide", "Undo", "Take back your last decision; without limit.", True),
    Action("redo", "ctrl+r,ctrl+y", "Decide", "Redo", "Take back your last undo."),
    Action("next_batch", "n", "Generate", "Next", "Show the next batch, and begin the one after it.", True),
    Action("mark", "space", "Mark", "Mark", "Mark the row; one key then decides on all that are marked."),
    Action("mark_range", "v", "Mark", "Range", "Begin a range of marks, and end it."),
    Action("mark_all", "asterisk", "Mark", "Mark all", "Mark every candidate that passes.", key_display="*"),
    Action("back", "escape", "Mark", "Back", "Take the marks away; then the filter."),
    Action("filter", "slash", "Find", "Filter", "Look through everything, in all states.", key_display="/"),
    Action("sort", "o", "Find", "Sort", "Sort by the next column: id, verdict, ROUGE-L, label, instruction."),
    Action("down", "j,down", "Move", "Down", "Next candidate."),
    Action("up", "k,up", "Move", "Up", "Previous candidate."),
    Action("page_down", "ctrl+d,pagedown", "Move", "Page down", "Down by a screen."),
    Action("page_up", "ctrl+u,pageup", "Move", "Page up", "Up by a screen."),
    Action("first", "g,home", "Move", "First", "First candidate."),
    Action("last", "G,end", "Move", "Last", "Last candidate."),
    Action("keys", "question_mark,f1", "Help", "Keys", "This list.", True, "?"),
    Action(
        "leave", "q", "Help", "Quit", "Quit after the answers under way are stored. Twice: at once.", True
    ),
)


def bindings() -> list[Binding]:
    """The actions as Textual's bindings."""
    return [
        Binding(
            action.keys,
            action.name,
            action.label,
            show=action.footer,
            key_display=action.key_display,
            id=f"curate.{action.name}",
        )
        for action in ACTIONS
    ]


def keys_shown(action: Action) -> str:
    """The keys of an action as people write them."""
    written = {
        "question_mark": "?",
        "asterisk": "*",
        "escape": "Esc",
        "pagedown": "PgDn",
        "pageup": "PgUp",
        "down": "↓",
        "up": "↑",
    }
    return "  ".join(written.get(key, key.replace("ctrl+", "^")) for key in action.keys.split(","))
