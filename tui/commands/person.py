"""`--as NAME`: who decides, for the history of each task."""

from typing import Annotated

import typer

from selfinstruct.core.util.storable_text import is_storable

_LONGEST = 60
"""Characters; more would not fit beside a decision on the screen."""


def _named(name: str | None) -> str | None:
    """Check a name; Typer reports what is wrong with it."""
    if name is None:
        return None
    name = name.strip()
    if not name or len(name) > _LONGEST or not name.isprintable() or not is_storable(name) or '"' in name:
        raise typer.BadParameter(
            f'A name has 1 to {_LONGEST} characters on one line, and no ", such as anna or bot-2.'
        )
    return name


PersonOption = Annotated[
    str | None,
    typer.Option(
        "--as",
        metavar="NAME",
        show_default="none",
        callback=_named,
        help="Who you are: decisions carry the name in their history, and by:NAME in the filter line finds"
        " them.",
    ),
]
