"""Titles in the borders of panes."""

from textual.widget import Widget


def entitle(widget: Widget, title: str) -> None:
    """Give a widget its title; Textual draws the whole widget again even when it is the same one."""
    if widget.border_title != title:
        widget.border_title = title
