"""A sweep as drawings for the documentation: SVG files with their own colours, for light and dark."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeVar

import matplotlib as mpl
import numpy as np
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

from virtualq_core.report.canvas import ACCENT, INK, LIMIT, MUTED, RULE, SERIES, SOFT, STYLE, figure_of, svg_of
from virtualq_core.report.quantity import MINUS, milliseconds, size

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from virtualq_core.scale.power import PowerLaw
    from virtualq_core.scale.result import Question, Sweep

FAR = (100_000_000, 1_000_000_000)
"""How many tickets are predicted for."""
_COLUMNS = 3
_Shown = TypeVar("_Shown")
_WIDTH, _HEIGHT = 1020, 158
_COLOURS = {
    "light": {
        "--ink": "#1c2430",
        "--muted": "#5d6876",
        "--rule": "#d9dfe7",
        "--series": "#2458a8",
        "--series-soft": "#d5e2f5",
        "--accent": "#b4540a",
        "--limit": "#a8242f",
        "--paper": "#ffffff",
    },
    "dark": {
        "--ink": "#e6ebf2",
        "--muted": "#9aa7b8",
        "--rule": "#37414f",
        "--series": "#82b1f7",
        "--series-soft": "#243a5c",
        "--accent": "#f0a561",
        "--limit": "#ff8a90",
        "--paper": "#10151c",
    },
}


def blocks_plot(sweep: Sweep) -> str:
    """For each question its blocks at every size, the law through them, and what it predicts."""

    def draw(axes: Axes, question: Question) -> None:
        _law(axes, question.blocks, [(tickets, reading.blocks) for tickets, reading in question.readings])
        if question.remedied is not None:
            points = [(tickets, reading.remedied or 0.0) for tickets, reading in question.readings]
            _law(axes, question.remedied, points, colour=ACCENT)
        _title(axes, question.name, _exponent(question.blocks), is_bad=question.course == "grows")

    return _small_multiples(sweep.questions, draw, lambda value, _: _short(value), "blocks")


def latency_plot(sweep: Sweep) -> str:
    """For each query the median latency at every size."""
    timed = [one for one in sweep.questions if one.latency is not None]

    def draw(axes: Axes, question: Question) -> None:
        law = question.latency
        if law is None:
            return
        _law(axes, law, [(tickets, (reading.p50_ms or 0.0) * 1000) for tickets, reading in question.readings])
        _title(axes, question.name, _exponent(law), is_bad=False)

    return _small_multiples(timed, draw, lambda value, _: milliseconds(value / 1000), "latency")


def size_plot(sweep: Sweep, names: Sequence[str]) -> str:
    """For each of these tables and indexes its size."""

    def draw(axes: Axes, name: str) -> None:
        points = [
            (one.tickets, float(relation.size_bytes))
            for one in sweep.sizes
            for relation in one.relations
            if relation.name == name
        ]
        law = sweep.law_of(name)
        _law(axes, law, points)
        _title(axes, name, _exponent(law), is_bad=False)

    return _small_multiples(names, draw, lambda value, _: size(value), "size")


def _small_multiples(
    shown: Sequence[_Shown],
    draw: Callable[[Axes, _Shown], None],
    label: Callable[[float, object], str],
    name: str,
) -> str:
    rows = math.ceil(len(shown) / _COLUMNS)
    with mpl.rc_context(STYLE):
        figure = figure_of(_WIDTH, _HEIGHT * rows)
        for place, one in enumerate(shown):
            axes = _panel(figure, place, rows)
            draw(axes, one)
            _finish(axes, label)
        return _as_file(svg_of(figure, name), _WIDTH, _HEIGHT * rows)


def _panel(figure: Figure, place: int, rows: int) -> Axes:
    row, column = divmod(place, _COLUMNS)
    width, height = 1 / _COLUMNS, 1 / rows
    left, bottom = column * width + 0.062, 1 - (row + 1) * height + 26 / (_HEIGHT * rows)
    axes = figure.add_axes((left, bottom, width - 0.08, height - 62 / (_HEIGHT * rows)))
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_autoscale_on(False)
    return axes


def _law(axes: Axes, law: PowerLaw, points: Sequence[tuple[int, float]], *, colour: str = SERIES) -> None:
    """The points, the line through them, and beyond them the line with its prediction interval."""
    tickets, values = zip(*points, strict=True)
    measured = np.geomspace(min(tickets), max(tickets), 2)
    beyond = np.geomspace(max(tickets), FAR[-1], 12)
    predicted = [law.at(round(one)) for one in beyond]
    if colour == SERIES:
        low, high = zip(*(one.interval for one in predicted), strict=True)
        axes.fill_between(beyond, low, high, color=SOFT, linewidth=0)
    axes.plot(measured, [law.at(round(one)).value for one in measured], color=colour, linewidth=1.2)
    axes.plot(beyond, [one.value for one in predicted], color=colour, linewidth=1.2, linestyle=(0, (3, 2.5)))
    axes.plot(tickets, np.maximum(values, 1), color=colour, marker="o", markersize=4, linestyle="none")


def _title(axes: Axes, name: str, exponent: str, *, is_bad: bool) -> None:
    axes.text(0, 1.09, name, transform=axes.transAxes, color=INK, weight="bold", va="bottom")
    axes.text(1, 1.09, exponent, transform=axes.transAxes, color=LIMIT if is_bad else MUTED, ha="right", va="bottom")


def _finish(axes: Axes, label: Callable[[float, object], str]) -> None:
    drawn = np.concatenate([np.asarray(line.get_ydata(), dtype=float) for line in axes.lines])
    low, high = float(drawn.min()) / 2, float(drawn.max()) * 2
    # At least two decades, so that what is flat looks flat.
    middle = math.sqrt(low * high)
    axes.set_ylim(min(low, middle / 10), max(high, middle * 10))
    axes.set_xlim(7_000, FAR[-1] * 1.4)
    axes.xaxis.set_major_locator(FixedLocator([10_000, 1_000_000, FAR[0]]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))
    axes.yaxis.set_major_locator(LogLocator(10, numticks=4))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(label))
    axes.patch.set_visible(False)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(RULE)
    axes.tick_params(length=0, pad=4, colors=MUTED)
    axes.grid(axis="y", color=RULE, linewidth=0.8)
    axes.set_axisbelow(True)


def _exponent(law: PowerLaw) -> str:
    return f"b = {law.exponent:.2f}".replace("-0.00", "0.00").replace("-", MINUS)


def _short(value: float) -> str:
    """A power of ten as an axis has room for it: 10k, 1M."""
    for unit, many in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= many:
            return f"{value / many:g}{unit}"
    return f"{value:g}"


def _as_file(svg: str, width: float, height: float) -> str:
    """A page's `<svg>` as a file of its own, with the colours that a page would have given it."""
    light, dark = (" ".join(f"{name}: {colour};" for name, colour in one.items()) for one in _COLOURS.values())
    style = (
        f"<style>svg {{ {light} font-family: system-ui, sans-serif; }} "
        f"@media (prefers-color-scheme: dark) {{ svg {{ {dark} }} }}</style>"
        f'<rect width="100%" height="100%" style="fill: var(--paper)"/>'
    )
    opening, rest = svg.split(">", 1)
    space = f' xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}"'
    return f"{opening}{space}>{style}{rest}\n"
