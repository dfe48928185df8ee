"""Log-log plots as SVG."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 280, 220
LEFT, RIGHT, TOP, BOTTOM = 46, 14, 36, 40
COLORS = ("#1f5fa8", "#c4601d")


@dataclass(frozen=True)
class Series:
    """A line of points, both coordinates greater than 0."""

    name: str
    points: list[tuple[float, float]]


@dataclass(frozen=True)
class Panel:
    """One pair of axes; where a guide is wanted, a dashed line of slope 1 ends in the first series' last point."""

    title: str
    x_name: str
    y_name: str
    series: list[Series]
    guide: bool = True


class Axis:
    """Values to pixels, logarithmically, over at least a factor of two."""

    def __init__(self, values: list[float], start: float, end: float):
        low, high = math.log10(min(values)), math.log10(max(values))
        margin = max(0.08 * (high - low), (math.log10(2) - (high - low)) / 2)
        self.low, self.high, self.start, self.end = low - margin, high + margin, start, end

    def __call__(self, value: float) -> float:
        return self.start + (math.log10(value) - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Powers of ten, and round numbers between them as long as there are not too many."""
        decades = range(math.floor(self.low), math.ceil(self.high) + 1)
        for factors in ((1, 1.5, 2, 3, 4, 5, 7), (1, 2, 5), (1, 3), (1,)):
            ticks = [factor * 10.0**decade for decade in decades for factor in factors]
            ticks = [tick for tick in ticks if self.low <= math.log10(tick) <= self.high]
            if len(ticks) <= 7:
                break
        return ticks


def label(value: float) -> str:
    return f"{value / 1000:g}k" if value >= 10_000 else f"{value:g}"


def places(values: list[float], axis: Axis) -> list[float]:
    """The values whose labels have room below an axis: the largest, and of the others those that touch none."""
    half = {value: 2.8 * len(label(value)) + 1.5 for value in values}
    kept: list[float] = []
    for value in sorted(values, reverse=True):
        if not kept or axis(kept[-1]) - axis(value) >= half[kept[-1]] + half[value]:
            kept.append(value)
    return kept


def text(x: float, y: float, content: str, anchor: str = "middle", size: int = 10, extra: str = "") -> str:
    content = escape(content, quote=False)
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"{extra}>{content}</text>'


def line(x1: float, y1: float, x2: float, y2: float, style: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" {style}/>'


def proportional(points: list[tuple[float, float]], x_axis: Axis, y_axis: Axis) -> str:
    """The line `y/x` = that of the last point, as far as the axes go."""
    offset = math.log10(points[-1][1] / points[-1][0])
    low = max(x_axis.low, y_axis.low - offset)
    high = min(x_axis.high, y_axis.high - offset)
    ends = [coordinate for x in (low, high) for coordinate in (x_axis(10**x), y_axis(10 ** (x + offset)))]
    return line(*ends, 'stroke="#999" stroke-dasharray="4 4"')


def panel_svg(panel: Panel) -> list[str]:
    points = [point for series in panel.series for point in series.points]
    x_axis = Axis([x for x, _ in points], LEFT, WIDTH - RIGHT)
    y_axis = Axis([y for _, y in points], HEIGHT - BOTTOM, TOP)
    middle = (TOP + HEIGHT - BOTTOM) / 2
    parts = [
        text((LEFT + WIDTH - RIGHT) / 2, 16, panel.title, size=12, extra=' font-weight="bold"'),
        text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, panel.x_name),
        text(11, middle, panel.y_name, extra=f' transform="rotate(-90 11 {middle:.1f})"'),
    ]
    values = sorted({x for x, _ in points})
    parts += [line(x_axis(x), TOP, x_axis(x), HEIGHT - BOTTOM, 'stroke="#e4e4e4"') for x in values]
    parts += [text(x_axis(x), HEIGHT - BOTTOM + 13, label(x), size=9) for x in places(values, x_axis)]
    for tick in y_axis.ticks():
        y = y_axis(tick)
        parts.append(line(LEFT, y, WIDTH - RIGHT, y, 'stroke="#e4e4e4"'))
        parts.append(text(LEFT - 4, y + 3, label(tick), "end", 9))
    if panel.guide:
        parts.append(proportional(panel.series[0].points, x_axis, y_axis))
    for series, color in zip(panel.series, COLORS):
        dots = [(x_axis(x), y_axis(y)) for x, y in series.points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in dots)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="1.6"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.6" fill="{color}"/>' for x, y in dots]
    if len(panel.series) > 1:
        names = zip(panel.series, COLORS)
        legend = "  ".join(f'<tspan fill="{color}">{escape(series.name)}</tspan>' for series, color in names)
        place = f'x="{(LEFT + WIDTH - RIGHT) / 2:.1f}" y="29" text-anchor="middle" font-size="9"'
        parts.append(f'<text {place} xml:space="preserve">{legend}</text>')
    return parts


def svg(rows: list[list[Panel]], caption: str) -> str:
    """Panels in rows, on white, so that it reads on a dark page too."""
    width, height = WIDTH * max(map(len, rows)), HEIGHT * len(rows) + 24
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for row, panels in enumerate(rows):
        for column, panel in enumerate(panels):
            parts.append(f'<g transform="translate({WIDTH * column} {HEIGHT * row})">')
            parts += panel_svg(panel)
            parts.append("</g>")
    parts.append(text(width / 2, height - 8, caption))
    parts.append("</svg>")
    return "\n".join(parts) + "\n"
