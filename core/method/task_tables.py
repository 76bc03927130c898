"""The tasks of a list in a table, with or without a header."""

import re
from collections.abc import Sequence

from selfinstruct.core.method.answer_lines import Line
from selfinstruct.core.method.item_text import ENDS
from selfinstruct.core.method.numbering import number_marker
from selfinstruct.core.method.tables import bare_table, column, only_table
from selfinstruct.core.method.vocabulary import Vocabulary

_LEAST_REQUESTS = 0.7


def tasks_in_table(text: str, vocabulary: Vocabulary) -> list[str] | None:
    """The instructions in a table; None if the answer is no table."""
    table = only_table(text)
    if table is None:
        return _from_rows(text, vocabulary)
    if not table.rows or has_numbers(table.prose, vocabulary):
        return None
    names = [is_task_name(cell, vocabulary) for cell in table.header]
    lengths = [sum(len(row[place]) for row in table.rows) for place in range(len(table.header))]
    place = column(table, names)
    if place is None or (
        names.count(True) == 1 and all(row[place].strip(" .#").isdecimal() for row in table.rows)
    ):
        place = max(range(len(lengths)), key=lambda number: lengths[number])
    # A table of nothing but tasks may have its delimiter below the first of them.
    numbered = any(cell.strip(" .#").isdecimal() for cell in table.header)
    whole = numbered or ENDS.search(table.header[place]) is not None
    headless = whole and vocabulary.is_request(table.header[place])
    return [row[place] for row in ([table.header] if headless else []) + table.rows if row[place]]


def _from_rows(text: str, vocabulary: Vocabulary) -> list[str] | None:
    """The instructions in a table without a delimiter, which may have a header: the column of requests."""
    table = bare_table(text)
    if table is None or has_numbers(table.prose, vocabulary):
        return None

    def requests(place: int, rows: Sequence[Sequence[str]]) -> int:
        return sum(vocabulary.is_request(row[place]) for row in rows)

    rows = table.rows
    places = range(len(rows[0]))
    named = any(is_task_name(cell, vocabulary) for cell in rows[0])
    headed = len(rows) > 1 and (named or not any(map(vocabulary.is_request, rows[0])))
    rows = rows[1:] if headed else rows
    place = max(places, key=lambda number: (requests(number, rows), sum(len(row[number]) for row in rows)))
    return (
        [row[place] for row in rows if row[place]]
        if requests(place, rows) >= _LEAST_REQUESTS * len(rows)
        else None
    )


def is_task_name(name: str, vocabulary: Vocabulary) -> bool:
    """Whether a field or a column has the name of a task."""
    return is_named(name, rf"{vocabulary.item}|text|content|description")


def is_named(name: str, names: str) -> bool:
    """Whether a name is one of these, apart from its decoration."""
    return re.fullmatch(rf"(?:{names})", name.replace("_", " ").strip("*_ "), re.IGNORECASE) is not None


def has_numbers(prose: Sequence[str], vocabulary: Vocabulary) -> bool:
    """Whether the lines around a table or JSON are a numbered list; it is then only part of an item."""
    return any(number_marker(Line(line), 0, vocabulary.item) is not None for line in prose)
