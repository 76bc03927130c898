"""A plot with logarithmic axes, as SVG."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP, _RIGHT = 720, 420, 80, 60, 20, 20
_COLOURS = ("#b3541e", "#1f6f8b", "#5a7d2a", "#7a4b94")


@dataclass(frozen=True)
class Series:
    """A named line through points (x, y), all above 0."""

    name: str
    points: Sequence[tuple[float, float]]


def draw(path: Path, lines: Sequence[Series], *, x: str, y: str) -> None:
    """Write a plot of these lines; `x` and `y` name the axes."""
    points = [point for line in lines for point in line.points]
    x_from, x_to = _decades([point[0] for point in points])
    y_from, y_to = _decades([point[1] for point in points])

    def at(point: tuple[float, float]) -> tuple[float, float]:
        across = (math.log10(point[0]) - x_from) / (x_to - x_from)
        up = (math.log10(point[1]) - y_from) / (y_to - y_from)
        width, height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
        return round(_LEFT + across * width, 1), round(_HEIGHT - _BOTTOM - up * height, 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
        ' font-family="sans-serif" font-size="13">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
    ]
    for power in range(x_from, x_to + 1):
        left, bottom = at((10.0**power, 10.0**y_from))
        parts.append(f'<path d="M{left} {_TOP}V{bottom}" stroke="#dddddd"/>')
        parts.append(f'<text x="{left}" y="{bottom + 20}" text-anchor="middle">{10**power:,}</text>')
    for power in range(y_from, y_to + 1):
        left, level = at((10.0**x_from, 10.0**power))
        parts.append(f'<path d="M{left} {level}H{_WIDTH - _RIGHT}" stroke="#dddddd"/>')
        parts.append(f'<text x="{left - 8}" y="{level + 4}" text-anchor="end">{10.0**power:g}</text>')
    for line, colour in zip(lines, _COLOURS, strict=False):
        places = [at(point) for point in line.points]
        route = " ".join(f"{left},{level}" for left, level in places)
        parts.append(f'<polyline points="{route}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{left}" cy="{level}" r="4" fill="{colour}"/>' for left, level in places]
        left, level = places[len(places) // 2]
        parts.append(f'<text x="{left + 8}" y="{level + 18}" fill="{colour}">{escape(line.name)}</text>')
    middle = _LEFT + (_WIDTH - _LEFT - _RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{_HEIGHT - 12}" text-anchor="middle">{escape(x)}</text>')
    parts.append(
        f'<text transform="translate(16 {_HEIGHT / 2}) rotate(-90)" text-anchor="middle">{escape(y)}</text>'
    )
    path.write_text("\n".join([*parts, "</svg>", ""]), encoding="utf-8")


def _decades(values: Sequence[float]) -> tuple[int, int]:
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)
