"""The plot of connection pools compared: rates against sizes, one line for each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib as mpl
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from virtualq_core.report.canvas import ACCENT, INK, MUTED, RULE, SERIES, STYLE, figure_of, plain, svg_of
from virtualq_core.report.quantity import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from virtualq_core.report.pool_results import PoolKind, Pools


class Look(NamedTuple):
    """How a kind is drawn; `key` is the class by which the page's legend has the same line."""

    colour: str
    dashes: tuple[float, ...]
    marker: str
    key: str


LOOKS = {
    "direct": Look(MUTED, (1.0, 2.0), "", "plain dotted"),
    "psycopg": Look(SERIES, (), "o", "plain"),
    "sqlalchemy": Look(SERIES, (4.0, 2.0), "s", "plain dashed"),
    "pgbouncer-session": Look(ACCENT, (4.0, 2.0), "s", "warm dashed"),
    "pgbouncer-transaction": Look(ACCENT, (), "o", "warm"),
}
"""By name; another kind is drawn in ink."""
OTHER = Look(INK, (1.0, 1.0), "D", "plain dotted")
_DIRECT = "direct"


def measured(pools: Pools) -> list[PoolKind]:
    """The kinds that can be drawn."""
    return [kind for kind in pools.kinds if kind.points]


def pool_plot(pools: Pools, *, is_wide: bool, name: str) -> str:
    """
    Operations a second against the size of the pool, on an axis of doublings; bars are 95 % intervals, rings the knees.

    A connection for each client is a level across the sizes, since it has none.
    """
    with mpl.rc_context(STYLE):
        return svg_of(_drawn(measured(pools), is_wide=is_wide), name)


def _drawn(kinds: Sequence[PoolKind], *, is_wide: bool) -> Figure:
    figure = figure_of(1080 if is_wide else 340, 330)
    left, width = (0.06, 0.92) if is_wide else (0.15, 0.81)
    axes = figure.add_axes((left, 0.14, width, 0.75))
    axes.set_xscale("log", base=2)
    sizes = sorted({point.size for kind in kinds if kind.name != _DIRECT for point in kind.points}) or [1]
    axes.set_xlim(sizes[0] / 1.3, sizes[-1] * 1.3)
    highest = max((point.interval or (0, 0))[1] or point.rate_per_s for kind in kinds for point in kind.points)
    axes.set_ylim(0, max(highest, *(point.rate_per_s for kind in kinds for point in kind.points), 1) * 1.12)
    for place, kind in enumerate(kinds):
        look = LOOKS.get(kind.name, OTHER)
        line: dict[str, Any] = {"color": look.colour, "linewidth": 1.8, "solid_joinstyle": "round"}
        if look.dashes:
            line["dashes"] = look.dashes
        if kind.name == _DIRECT:
            axes.axhline(kind.points[0].rate_per_s, **{**line, "linewidth": 1.4})
            continue
        rates = [point.rate_per_s for point in kind.points]
        # Beside one another, or the bars of kinds that are alike would hide each other.
        at = [point.size * 1.03 ** (place - len(kinds) / 2) for point in kind.points]
        axes.plot(at, rates, marker=look.marker, markersize=5, **line)
        for where, point in zip(at, kind.points, strict=True):
            low, high = point.interval or (None, None)
            if low is not None and high is not None:
                axes.plot([where, where], [low, high], color=look.colour, linewidth=3.2, alpha=0.35)
            if point.size == kind.knee:
                ring: dict[str, Any] = {"markerfacecolor": "none", "markeredgewidth": 2.0, "markersize": 13}
                axes.plot(
                    [where], [point.rate_per_s], marker="o", markeredgecolor=look.colour, linestyle="none", **ring
                )
    axes.xaxis.set_major_locator(FixedLocator(sizes))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))
    axes.yaxis.set_major_locator(MaxNLocator(5, min_n_ticks=3))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    axes.grid(axis="y", color=RULE, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.text(0, 1.05, "operations/s", transform=axes.transAxes, color=MUTED, va="bottom")
    axes.text(1, 1.05, "by connections in the pool", transform=axes.transAxes, color=MUTED, ha="right", va="bottom")
    plain(axes, left=True)
    return figure
