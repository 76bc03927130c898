"""Border titles of panes."""

from textual.widget import Widget


def entitle(widget: Widget, title: str) -> None:
    """Set a border title if it has changed; Textual redraws the whole widget even for an equal title."""
    if widget.border_title != title:
        widget.border_title = title
