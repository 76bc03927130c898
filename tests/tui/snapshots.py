"""Snapshots of screens: the text as a person sees it, and below it how every cell looks.

A file holds one screen at one size in some themes. The rows of text come first. Then the looks: what each
sign stands for in each theme, and the signs of every row with the number of cells that they cover. A space
has a background only. Nothing else that a terminal gets is in it, so that ids, and the way that a row is
cut into segments, make no difference.
"""

import difflib
import string
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, compress, groupby
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.style import Style
from textual.strip import Strip

_LOOKS, _ROWS = "-- looks --", "-- rows --"
_ATTRIBUTES = ("bold", "dim", "italic", "underline", "strike")
_TOLD = 12
"""How many stretches that look different are told of."""

Look = tuple[str, ...]
"""How a cell looks in each theme, as in `#e0e0e0 on #121212 bold`."""


@dataclass(frozen=True)
class Picture:
    """A screen in some themes: its text, and the look of each cell."""

    themes: tuple[str, ...]
    text: tuple[str, ...]
    looks: tuple[tuple[Look, ...], ...]


def picture(shots: Mapping[str, Sequence[Strip]]) -> Picture:
    """One screen from its strips in each theme; all themes are to show the same text."""
    texts = {theme: tuple(strip.text.rstrip() for strip in strips) for theme, strips in shots.items()}
    first = next(iter(texts.values()))
    for theme, text in texts.items():
        assert text == first, f"{theme} shows another text:\n{_text_difference(first, text)}"
    per_theme = ([tuple(_looks(strip)) for strip in strips] for strips in shots.values())
    looks = tuple(tuple(_joined(zip(*rows, strict=True))) for rows in zip(*per_theme, strict=True))
    return Picture(tuple(shots), first, looks)


def _looks(strip: Strip) -> Iterator[str]:
    """The look of each cell of a row."""
    for segment in strip:
        style = segment.style or Style.null()
        for character in segment.text:
            yield from [_look(style, blank=character == " ")] * cell_len(character)


def _joined(looks: Iterable[Look]) -> Iterator[Look]:
    """A blank cell looks as the one before it where both have the same background: runs are long then."""
    before: Look = ()
    for look in looks:
        if not all(one.startswith("on ") for one in look) or look != tuple(map(_behind, before)):
            before = look
        yield before


def _behind(look: str) -> str:
    return f"on {look.partition('on ')[2].split()[0]}"


@cache
def _look(style: Style, *, blank: bool) -> str:
    color, behind = (
        colour.get_truecolor().hex if colour else "default" for colour in (style.color, style.bgcolor)
    )
    if style.reverse:
        color, behind = behind, color
    attributes = [name for name in _ATTRIBUTES if getattr(style, name)]
    if blank:
        color, attributes = "", [name for name in attributes if name in {"underline", "strike"}]
    return " ".join([*([color] if color else []), "on", behind, *attributes])


# Files


def written(shown: Picture) -> str:
    """The picture as the text of a file."""
    signs = {look: _sign(number) for number, look in enumerate(dict.fromkeys(_flat(shown.looks)))}
    lines = [*shown.text, _LOOKS, f"   {' | '.join(shown.themes)}"]
    lines += [f"{sign:3}{' | '.join(look)}" for look, sign in signs.items()]
    lines.append(_ROWS)
    row = 0
    for looks, same in groupby(shown.looks):
        last = row + len(list(same)) - 1
        runs = " ".join(f"{signs[look]}{len(list(cells))}" for look, cells in groupby(looks))
        lines.append(f"{f'{row}-{last}' if last > row else row}: {runs}")
        row = last + 1
    return "\n".join(lines) + "\n"


def read(text: str) -> Picture:
    """The picture that `written` has made such a text of."""
    lines = text.splitlines()
    looks_at, rows_at = lines.index(_LOOKS), lines.index(_ROWS)
    signs = {line[:3].strip(): tuple(line[3:].split(" | ")) for line in lines[looks_at + 1 : rows_at]}
    looks: list[tuple[Look, ...]] = []
    for line in lines[rows_at + 1 :]:
        rows, _, runs = line.partition(": ")
        first, _, last = rows.partition("-")
        cells = [signs[run.rstrip(string.digits)] for run in runs.split() for _ in range(_length(run))]
        looks += [tuple(cells)] * (int(last or first) - int(first) + 1)
    return Picture(signs[""], tuple(lines[:looks_at]), tuple(looks))


def _sign(number: int) -> str:
    more, letter = divmod(number, 26)
    return (_sign(more - 1) if more else "") + string.ascii_lowercase[letter]


def _length(run: str) -> int:
    return int(run.lstrip(string.ascii_lowercase))


def _flat(rows: Iterable[Iterable[Look]]) -> Iterator[Look]:
    for row in rows:
        yield from row


# Differences


def difference(wanted: Picture, shown: Picture) -> str:
    """What is different, for a person to read; empty when nothing is."""
    if wanted.text != shown.text:
        return _text_difference(wanted.text, shown.text)
    if wanted.themes != shown.themes:
        return f"Themes: {wanted.themes} before, {shown.themes} now."
    told = [
        line
        for row, (before, now) in enumerate(zip(wanted.looks, shown.looks, strict=True))
        for line in _look_difference(row, shown, before, now)
    ]
    more = [f"and {len(told) - _TOLD} more"] if len(told) > _TOLD else []
    return "\n".join([*told[:_TOLD], *more])


def _text_difference(before: Sequence[str], now: Sequence[str]) -> str:
    return "\n".join(difflib.unified_diff(before, now, "before", "now", lineterm="", n=1))


def _look_difference(row: int, shown: Picture, before: Sequence[Look], now: Sequence[Look]) -> Iterator[str]:
    for place, theme in enumerate(shown.themes):
        column = 0
        pairs = ((was[place], is_[place]) for was, is_ in zip(before, now, strict=True))
        for (was, is_), run in groupby(pairs):
            width = len(list(run))
            if was != is_:
                text = _cut(shown.text[row], column, width)
                yield f"{theme}, row {row}, column {column}, {text!r}: {was} before, {is_} now"
            column += width


def _cut(text: str, column: int, width: int) -> str:
    """The part of a row that these cells show."""
    starts = accumulate((cell_len(character) for character in text), initial=0)
    inside = (column <= start < column + width for start in starts)
    return "".join(compress(text, inside))


class Snapshots:
    """The snapshots of a folder.

    Args:
        folder: Where their files are.
        update: Whether to write them anew instead of comparing with them.
    """

    def __init__(self, folder: Path, *, update: bool) -> None:
        self._folder, self._update = folder, update

    def check(self, name: str, shown: Picture) -> None:
        """Compare a screen with its snapshot, or write it anew; the test fails where they differ."""
        file = self._folder / f"{name}.txt"
        if self._update:
            file.write_text(written(shown), encoding="utf-8")
            return
        how = "`pytest tests/tui/test_snapshots.py --update-snapshots` writes it anew."
        if not file.exists():
            pytest.fail(f"There is no snapshot {name}. {how}", pytrace=False)
        told = difference(read(file.read_text(encoding="utf-8")), shown)
        if told:
            pytest.fail(f"{name} looks different:\n{told}\nIf it is meant to: {how}", pytrace=False)
