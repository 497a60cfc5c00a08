"""
Plots as SVG for a page: text stays text, colours are the page's own, nothing is fetched.

No text of the results is drawn, only numbers and fixed words: names belong in captions, where the page escapes them.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from virtualq_core.report.canvas import (
    ACCENT,
    INK,
    LIMIT,
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
from virtualq_core.report.quantity import milliseconds, number
from virtualq_core.report.quantity import ratio as ratio_text
from virtualq_core.report.server_plot import mark_faults

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from virtualq_core.measure.quantile import Histogram
    from virtualq_core.measure.result import GuaranteeResult, LatencyResult
    from virtualq_core.report.load_results import Load, Moment

_BINS = 100
_DASHED = (0, (3, 2.5))
_TWO_DECADES = 60
_ROOM_LEFT, _ROOM_RIGHT = 0.235, 0.27
_TICKS = (1.0, 2.0, 5.0)


class Span(NamedTuple):
    """The part of the time axis, in ms, that several latency plots share."""

    low_ms: float
    high_ms: float


def span(latencies: Iterable[LatencyResult], limits_ms: Iterable[float] = ()) -> Span:
    """The latencies and limits that all plots of a page must show, with a little air on both sides."""
    ends = [limit for limit in limits_ms if limit > 0]
    for latency in latencies:
        ends += [latency.p50, latency.max]
        if latency.histogram is not None:
            ends += [edge for edge in _filled(latency.histogram) if edge > 0]
    ends = [end for end in ends if end > 0] or [1.0]
    return Span(min(ends) / 1.25, max(ends) * 1.35)


def latency_plot(latency: LatencyResult, *, limit_ms: float | None, shared: Span, name: str) -> str:
    """
    The distribution of one operation's latencies on a logarithmic axis, with p50, p99 and the budget marked.

    Heights are densities per unit of the logarithmic axis, so that areas are shares whatever the widths of the bins.
    """
    with mpl.rc_context(STYLE):
        return svg_of(_latency_figure(latency, limit_ms, shared), name)


def _latency_figure(latency: LatencyResult, limit_ms: float | None, shared: Span) -> Figure:
    figure = figure_of(340, 148)
    axes = figure.add_axes((0.025, 0.17, 0.95, 0.47))
    axes.set_xscale("log")
    axes.set_xlim(*shared)
    axes.set_ylim(0, 1)
    if latency.histogram is not None:
        edges, heights = _density(latency.histogram, shared)
        axes.stairs(heights, edges, fill=True, color=SOFT, linewidth=0)
        axes.stairs(heights, edges, color=SERIES, linewidth=1.1, baseline=None)
    _mark(axes, shared, latency.p50, "p50", SERIES, 1.17, side="left")
    _mark(axes, shared, latency.p99, "p99", ACCENT, 1.43)
    if limit_ms is not None:
        _mark(axes, shared, limit_ms, "budget", LIMIT, 1.69, is_dashed=True)
    _logarithmic_ticks(axes, shared)
    plain(axes, left=False)
    return figure


def load_plot(load: Load, *, is_wide: bool, name: str) -> str:
    """Transitions per second, and below on the same time axis the latencies' p50 and p99."""
    with mpl.rc_context(STYLE):
        return svg_of(_load_figure(load, is_wide=is_wide), name)


def _load_figure(load: Load, *, is_wide: bool) -> Figure:
    figure = figure_of(1080, 330) if is_wide else figure_of(340, 330)
    left, width = (0.055, 0.915) if is_wide else (0.15, 0.83)
    rate = figure.add_axes((left, 0.6, width, 0.31))
    slow = figure.add_axes((left, 0.115, width, 0.31), sharex=rate)
    starts, seconds = intervals(load)
    moments = load.timeline
    end = starts[-1] + seconds
    edges = [*starts, end]
    rates = [moment.transitions / seconds for moment in moments]
    rate.stairs(rates, edges, fill=True, color=SOFT, linewidth=0)
    rate.stairs(rates, edges, color=SERIES, linewidth=1.2, baseline=None)
    rate.axhline(load.transitions_per_s, color=MUTED, linewidth=0.9, dashes=(4, 3))
    rate.set_ylim(0, max([*rates, load.transitions_per_s, 1]) * 1.18)
    middles = np.array(starts) + seconds / 2
    for attribute, colour, weight in (("p99_ms", ACCENT, 1.5), ("p50_ms", SERIES, 1.5)):
        slow.plot(middles, _values(moments, attribute), color=colour, linewidth=weight, solid_joinstyle="round")
    measured = [value for attribute in ("p50_ms", "p99_ms") for value in _values(moments, attribute)]
    slow.set_ylim(0, (np.nanmax(measured) if np.any(np.isfinite(measured)) else 1) * 1.18)
    slow.set_xlim(starts[0], end)
    for axes, title in ((rate, "transitions/s"), (slow, "latency, ms")):
        axes.yaxis.set_major_locator(MaxNLocator(4, min_n_ticks=3))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
        axes.xaxis.set_major_locator(MaxNLocator(10 if is_wide else 5, integer=True))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{number(value)} s"))
        axes.grid(axis="y", color=RULE, linewidth=0.8)
        axes.set_axisbelow(True)
        axes.text(0, 1.08, title, transform=axes.transAxes, color=MUTED, va="bottom")
        plain(axes, left=True)
        mark_faults(axes, load, is_labelled=axes is rate)
    rate.tick_params(labelbottom=False)
    rate.text(
        1,
        1.08,
        f"mean {number(load.transitions_per_s)}/s (dashed)",
        transform=rate.transAxes,
        color=MUTED,
        ha="right",
        va="bottom",
    )
    slow.text(1, 1.08, "p50", transform=slow.transAxes, color=SERIES, ha="right", va="bottom", weight="bold")
    offset = 34 / (width * figure.get_figwidth() * POINT)
    slow.text(1 - offset, 1.08, "p99", transform=slow.transAxes, color=ACCENT, ha="right", va="bottom", weight="bold")
    return figure


def guarantee_plot(guarantees: Sequence[GuaranteeResult], *, is_wide: bool, name: str) -> str:
    """The measured ratios in their order, numbered from 1, each with its interval and target, on an axis of factors."""
    with mpl.rc_context(STYLE):
        return svg_of(_guarantee_figure(guarantees, is_wide=is_wide), name)


def _guarantee_figure(guarantees: Sequence[GuaranteeResult], *, is_wide: bool) -> Figure:
    shown = [(at, one, one.ratio) for at, one in enumerate(guarantees, start=1) if one.ratio]
    height = 26 * len(shown) + 44
    figure = figure_of(1080 if is_wide else 340, height)
    left, right = (0.04, 0.9) if is_wide else (0.08, 0.78)
    axes = figure.add_axes((left, 34 / height, right - left, 1 - 40 / height))
    ends = [end for _, one, ratio in shown for end in (ratio, *(one.interval or ()), one.target) if end]
    low, high = min([*ends, 1.0]) / 1.25, max([*ends, 1.0]) * 1.25
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.axvline(1, color=RULE, linewidth=1.5)
    for row, (at, one, ratio) in enumerate(shown):
        from_ratio, to_ratio = one.interval or (ratio, ratio)
        axes.plot([from_ratio or low, to_ratio or high], [row, row], color=SERIES, linewidth=2.2, alpha=0.55)
        axes.plot([ratio], [row], color=SERIES, marker="o", markersize=6, linestyle="none")
        if one.target:
            axes.plot([one.target] * 2, [row - 0.36, row + 0.36], color=LIMIT, linewidth=1.6, linestyle=_DASHED)
        ink: dict[str, Any] = {"va": "center", "annotation_clip": False, "textcoords": "offset points"}
        axes.annotate(f"{at}", (low, row), xytext=(-5, 0), ha="right", color=MUTED, **ink)
        axes.annotate(ratio_text(ratio), (high, row), xytext=(5, 0), ha="left", color=INK, weight="bold", **ink)
    steps = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
    axes.xaxis.set_major_locator(FixedLocator([step for step in steps if low <= step <= high]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: ratio_text(value)))
    plain(axes, left=False)
    return figure


def _filled(histogram: Histogram) -> list[float]:
    filled = [ends for ends, held in zip(pairwise(histogram.edges_ms), histogram.counts, strict=True) if held]
    return [filled[0][0], filled[-1][1]] if filled else []


def _density(histogram: Histogram, shared: Span) -> tuple[list[float], list[float]]:
    """Bins no narrower than a hundredth of the axis, and their heights as shares of the highest."""
    least = np.log(shared.high_ms / shared.low_ms) / _BINS
    edges, held = [max(histogram.edges_ms[0], shared.low_ms)], 0
    heights: list[float] = []
    for high, count in zip(histogram.edges_ms[1:], histogram.counts, strict=True):
        held += count
        width = np.log(high / edges[-1]) if high > edges[-1] else 0.0
        if not held and not heights:
            edges[-1] = max(high, shared.low_ms)
        elif width >= least or (held and high == histogram.edges_ms[-1] and width > 0):
            edges.append(high)
            heights.append(held / width)
            held = 0
    peak = max(heights, default=0.0)
    return (edges, [height / peak for height in heights]) if peak else ([shared.low_ms, shared.high_ms], [0.0])


def _mark(
    axes: Axes,
    shared: Span,
    value_ms: float,
    label: str,
    colour: str,
    height: float,
    *,
    side: Literal["left", "right"] = "right",
    is_dashed: bool = False,
) -> None:
    at_ms = max(value_ms, shared.low_ms)
    axes.plot(
        [at_ms, at_ms],
        [0, height - 0.02],
        color=colour,
        linewidth=1.3,
        clip_on=False,
        linestyle=_DASHED if is_dashed else "solid",
    )
    place = np.log(at_ms / shared.low_ms) / np.log(shared.high_ms / shared.low_ms)
    is_left = place > (_ROOM_LEFT if side == "left" else 1 - _ROOM_RIGHT)
    axes.annotate(
        f"{label} {milliseconds(value_ms)}",
        (at_ms, height),
        xytext=(-4 if is_left else 4, 0),
        textcoords="offset points",
        ha="right" if is_left else "left",
        va="top",
        color=colour,
        annotation_clip=False,
        weight="bold",
    )


def _logarithmic_ticks(axes: Axes, shared: Span) -> None:
    decades = range(int(np.floor(np.log10(shared.low_ms))), int(np.ceil(np.log10(shared.high_ms))) + 1)
    steps = _TICKS if shared.high_ms / shared.low_ms < _TWO_DECADES else _TICKS[:1]
    at = [step * 10.0**decade for decade in decades for step in steps]
    axes.xaxis.set_major_locator(FixedLocator([tick for tick in at if shared.low_ms <= tick <= shared.high_ms]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: milliseconds(value)))


def _values(moments: Iterable[Moment], attribute: str) -> list[float]:
    return [float("nan") if getattr(moment, attribute) is None else getattr(moment, attribute) for moment in moments]
