"""Text of unknown origin as Markdown that shows it and does nothing else."""

import re
import unicodedata

_ESCAPED = re.compile(r"[\\`*_{}\[\]<>#|!&~:@$]|(?<=www)\.", re.IGNORECASE)
_OPENING = re.compile(r"\A(?:[-+=]|\d+(?=[.)](?:\s|\Z)))")


def visible_line(text: str) -> str:
    """Return `text` on one line, without control, invisible and bidirectional characters."""
    return "".join(one for one in " ".join(text.split()) if unicodedata.category(one)[0] != "C")


def markdown_text(text: str) -> str:
    """Return `text` on one line, for a paragraph, a list item or a table cell.

    Marks of Markdown and HTML are escaped, and so is what turns an address into a link. Control, invisible
    and bidirectional characters are left out.
    """
    escaped = _ESCAPED.sub(r"\\\g<0>", visible_line(text))
    opening = _OPENING.match(escaped)
    if opening is None:
        return escaped
    if opening[0].isdecimal():
        return f"{opening[0]}\\{escaped[opening.end() :]}"
    return f"\\{escaped}"
