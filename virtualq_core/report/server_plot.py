"""
What the server did during a load, drawn on the time axis of the load's own plot, and faults as bands across both.

Only fixed words are drawn: wait events are folded into their types, of which PostgreSQL has a fixed number.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator

from virtualq_core.report import quantity
from virtualq_core.report.canvas import (
    ACCENT,
    DISK,
    LIMIT,
    LWLOCK,
    MUTED,
    POINT,
    RULE,
    SERIES,
    SOFT,
    STYLE,
    figure_of,
    intervals,
    plain,
    svg_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from virtualq_core.report.load_results import Instant, Load

_PANEL, _GAP, _FOOT = 66, 42, 26
_LETTER = 6.9  # of the page's bold font at its size here, on the average
_SPACE = 10
_MIB = 2**20
_LEAST = 0.01
_NARROWEST = 1 / 400
_OPACITY = 0.62
_TYPES = {"running": SERIES, "Lock": ACCENT, "LWLock": LWLOCK, "IO": DISK, "other": MUTED}
_FAULTS = frozenset({"stall", "kill-backends", "crash", "held-snapshot"})


class _Layer(NamedTuple):
    """One part of a stacked panel."""

    name: str
    colour: str
    values: Sequence[float]


class _Panel(NamedTuple):
    """One panel: its title, what draws it, and how its numbers are written."""

    title: str
    draw: Callable[[Axes, Sequence[float]], None]
    written: Callable[[float], str]
    legend: Sequence[_Layer] = ()


def time_axis(load: Load) -> tuple[float, float]:
    """From where to where the load's plots go, in seconds."""
    starts, seconds = intervals(load)
    return starts[0], starts[-1] + seconds


def mark_faults(axes: Axes, load: Load, *, is_labelled: bool = False) -> None:
    """A band for each fault, at least as wide as can be seen."""
    low, high = time_axis(load)
    for fault in load.faults:
        end_s = max(fault.end_s, fault.begin_s + (high - low) * _NARROWEST)
        axes.axvspan(fault.begin_s, end_s, color=LIMIT, alpha=0.09, linewidth=0, zorder=0)
        axes.axvline(fault.begin_s, color=LIMIT, linewidth=0.9, alpha=0.55, zorder=0.5)
        if is_labelled:
            is_late = fault.begin_s > low + (high - low) * 0.7
            axes.annotate(
                fault.kind if fault.kind in _FAULTS else "fault",
                (fault.begin_s, 1),
                xycoords=("data", "axes fraction"),
                xytext=(-4 if is_late else 4, -3),
                textcoords="offset points",
                ha="right" if is_late else "left",
                va="top",
                color=LIMIT,
                weight="bold",
            )


def server_plot(load: Load, *, is_wide: bool, name: str) -> str:
    """
    What the load's backends did or waited for, the log, dead rows, HOT updates and processors; empty without samples.

    A panel without a single value is left out. The time axis lies where that of `load_plot` does.
    """
    panels = [] if load.server is None or not load.timeline else _panels(load.server.samples)
    if not panels:
        return ""
    with mpl.rc_context(STYLE):
        return svg_of(_figure(load, panels, is_wide=is_wide), name)


def _figure(load: Load, panels: Sequence[_Panel], *, is_wide: bool) -> Figure:
    width, height = 1080 if is_wide else 340, len(panels) * (_PANEL + _GAP) + _FOOT
    figure = figure_of(width, height)
    left, share = (0.055, 0.915) if is_wide else (0.15, 0.83)
    times = [sample.t_s for sample in load.server.samples] if load.server is not None else []
    first: Axes | None = None
    for place, panel in enumerate(panels):
        bottom = height - (place + 1) * (_PANEL + _GAP)
        axes = figure.add_axes((left, bottom / height, share, _PANEL / height), sharex=first)
        first = first or axes
        axes.set_xlim(*time_axis(load))
        mark_faults(axes, load)
        panel.draw(axes, times)
        axes.yaxis.set_major_locator(MaxNLocator(2, min_n_ticks=2))
        axes.yaxis.set_major_formatter(_formatter(panel.written))
        axes.xaxis.set_major_locator(MaxNLocator(10 if is_wide else 5, integer=True))
        axes.xaxis.set_major_formatter(_formatter(lambda value: f"{quantity.number(value)} s"))
        axes.grid(axis="y", color=RULE, linewidth=0.8)
        axes.set_axisbelow(True)
        axes.text(0, 1.1, panel.title, transform=axes.transAxes, color=MUTED, va="bottom")
        _name_layers(axes, panel.legend, share * figure.get_figwidth() * POINT)
        plain(axes, left=True)
        axes.tick_params(labelbottom=place == len(panels) - 1)
    return figure


def _formatter(written: Callable[[float], str]) -> FuncFormatter:
    return FuncFormatter(lambda value, _: written(value))


def _name_layers(axes: Axes, layers: Sequence[_Layer], width: float) -> None:
    """The names of the layers that are there, in their colours, from the right end to the left."""
    at = 1.0
    for layer in (layer for layer in layers if any(layer.values)):
        axes.text(
            at, 1.1, layer.name, transform=axes.transAxes, color=layer.colour, ha="right", va="bottom", weight="bold"
        )
        at -= (len(layer.name) * _LETTER + _SPACE) / width


def _panels(samples: Sequence[Instant]) -> list[_Panel]:
    """Those panels for which there is anything to draw."""
    found = []
    if any(sample.waits for sample in samples):
        found.append(_stacked("busy backends", _activity(samples), quantity.number))
    for title, values, written in (
        ("log written, MiB/s", [_mib(sample.wal_bytes_per_s) for sample in samples], quantity.number),
        ("dead rows", [sample.dead_tuples for sample in samples], _short),
        ("blocks a transaction", [sample.blocks_per_transaction for sample in samples], quantity.number),
        ("HOT updates, of all updates of tickets", [sample.hot_share for sample in samples], quantity.percent),
    ):
        if any(value is not None for value in values):
            found.append(_line(title, [float("nan") if value is None else value for value in values], written))
    if any(sample.generator_share is not None for sample in samples):
        found.append(_stacked("processors", _processors(samples), quantity.percent, top=1.0))
    return found


def _activity(samples: Sequence[Instant]) -> list[_Layer]:
    """The load's backends that are not idle, by the type of what they wait for."""
    counted = [_by_type(sample) for sample in samples]
    return [_Layer(name, colour, [one[name] for one in counted]) for name, colour in _TYPES.items()]


def _by_type(sample: Instant) -> Counter[str]:
    counted: Counter[str] = Counter()
    for name, number in sample.waits.items():
        kind = name.partition(":")[0]
        if kind != "idle":
            counted[kind if kind in _TYPES else "other"] += number
    return counted


def _processors(samples: Sequence[Instant]) -> list[_Layer]:
    return [
        _Layer(name, colour, [getattr(sample, attribute) or 0.0 for sample in samples])
        for name, colour, attribute in (
            ("server", SERIES, "server_share"),
            ("load", ACCENT, "generator_share"),
            ("others", MUTED, "other_share"),
        )
    ]


def _stacked(title: str, layers: Sequence[_Layer], written: Callable[[float], str], top: float | None = None) -> _Panel:
    def draw(axes: Axes, times: Sequence[float]) -> None:
        floor = np.zeros(len(times))
        for layer in layers:
            ceiling = floor + np.array(layer.values, dtype=float)
            if np.any(ceiling > floor):
                axes.fill_between(times, floor, ceiling, step="mid", color=layer.colour, alpha=_OPACITY, linewidth=0)
            floor = ceiling
        axes.set_ylim(0, top or max(1.0, float(floor.max())) * 1.1)

    return _Panel(title, draw, written, layers)


def _line(title: str, values: Sequence[float], written: Callable[[float], str]) -> _Panel:
    def draw(axes: Axes, times: Sequence[float]) -> None:
        axes.fill_between(times, values, color=SOFT, linewidth=0)
        axes.plot(times, values, color=SERIES, linewidth=1.4, solid_joinstyle="round")
        axes.set_ylim(0, max(float(np.nanmax(values)), _LEAST) * 1.15)

    return _Panel(title, draw, written)


def _mib(size_bytes: float | None) -> float | None:
    return None if size_bytes is None else size_bytes / _MIB


def _short(value: float) -> str:
    """How many, in thousands or millions where there are so many."""
    for step, unit in ((1_000_000, " M"), (1_000, " k")):
        if abs(value) >= step:
            return f"{quantity.number(value / step)}{unit}"
    return quantity.number(value)
