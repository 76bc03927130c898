"""A plot, as SVG."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP, _RIGHT = 720, 420, 80, 60, 20, 20
_MOST_TICKS = 10
_COLOURS = ("#b3541e", "#1f6f8b", "#5a7d2a", "#7a4b94")


@dataclass(frozen=True)
class Series:
    """A named line through points (x, y), all above 0."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class _Axis:
    """Values along an axis: powers of ten, or from 0 on."""

    ticks: Sequence[float]
    linear: bool

    @classmethod
    def over(cls, values: Sequence[float], *, linear: bool) -> "_Axis":
        if linear:
            step = 10.0 ** math.floor(math.log10(max(values)))
            step = next(part for part in (step / 5, step / 2, step) if max(values) / part <= _MOST_TICKS)
            return cls([step * n for n in range(math.ceil(max(values) / step) + 1)], linear)
        low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
        return cls([10.0**power for power in range(low, max(high, low + 1) + 1)], linear)

    def at(self, value: float) -> float:
        """Where a value is, from 0 to 1."""
        first, last, here = (
            one if self.linear else math.log10(one) for one in (*self.ticks[:: len(self.ticks) - 1], value)
        )
        return (here - first) / (last - first)


def draw(path: Path, lines: Sequence[Series], *, x: str, y: str, linear: bool = False) -> None:
    """Write a plot of these lines; `x` and `y` name the axes, which are logarithmic unless `linear`."""
    points = [point for line in lines for point in line.points]
    across, up = (_Axis.over([point[axis] for point in points], linear=linear) for axis in (0, 1))

    def at(point: tuple[float, float]) -> tuple[float, float]:
        width, height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
        left, level = across.at(point[0]) * width, up.at(point[1]) * height
        return round(_LEFT + left, 1), round(_HEIGHT - _BOTTOM - level, 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
        ' font-family="sans-serif" font-size="13">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
    ]
    for tick in across.ticks:
        left, bottom = at((tick, up.ticks[0]))
        parts.append(f'<path d="M{left} {_TOP}V{bottom}" stroke="#dddddd"/>')
        parts.append(f'<text x="{left}" y="{bottom + 20}" text-anchor="middle">{tick:,.0f}</text>')
    for tick in up.ticks:
        left, level = at((across.ticks[0], tick))
        parts.append(f'<path d="M{left} {level}H{_WIDTH - _RIGHT}" stroke="#dddddd"/>')
        parts.append(f'<text x="{left - 8}" y="{level + 4}" text-anchor="end">{tick:g}</text>')
    for line, colour, beside in zip(
        lines, _COLOURS, itertools.cycle((-12, 18) if linear else (18,)), strict=False
    ):
        places = [at(point) for point in line.points]
        route = " ".join(f"{left},{level}" for left, level in places)
        parts.append(f'<polyline points="{route}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{left}" cy="{level}" r="4" fill="{colour}"/>' for left, level in places]
        left, level = places[len(places) // 2]
        parts.append(f'<text x="{left + 8}" y="{level + beside}" fill="{colour}">{escape(line.name)}</text>')
    middle = _LEFT + (_WIDTH - _LEFT - _RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{_HEIGHT - 12}" text-anchor="middle">{escape(x)}</text>')
    parts.append(
        f'<text transform="translate(16 {_HEIGHT / 2}) rotate(-90)" text-anchor="middle">{escape(y)}</text>'
    )
    path.write_text("\n".join([*parts, "</svg>", ""]), encoding="utf-8")
