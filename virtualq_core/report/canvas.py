"""
What all plots of a page share: stand-in colours, one style, the way from a figure to SVG that is the page's own.

Matplotlib draws with stand-in colours, which then become CSS variables, so that one drawing serves light and dark.
"""

from __future__ import annotations

import re
from io import StringIO
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from virtualq_core.report.load_results import Load

INK = "#0a0001"
MUTED = "#0a0002"
RULE = "#0a0003"
SERIES = "#0a0004"
SOFT = "#0a0005"
ACCENT = "#0a0006"
LIMIT = "#0a0007"
LWLOCK = "#0a0008"
DISK = "#0a0009"
VARIABLES = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    RULE: "var(--rule)",
    SERIES: "var(--series)",
    SOFT: "var(--series-soft)",
    ACCENT: "var(--accent)",
    LIMIT: "var(--limit)",
    LWLOCK: "var(--lwlock)",
    DISK: "var(--disk)",
}

POINT = 72
_TEXT = 10.5
STYLE: dict[Any, Any] = {
    **{name: value for name, value in mpl.rcParamsDefault.items() if not name.startswith("backend")},
    "svg.fonttype": "none",
    "svg.hashsalt": "virtualq",
    "path.simplify": True,
    "font.size": _TEXT,
    "text.parse_math": False,
    "axes.unicode_minus": True,
}
_NOTHING = dict.fromkeys(("Date", "Creator", "Format", "Type"))


def figure_of(width: float, height: float) -> Figure:
    """An empty figure of so many points of the page."""
    figure = Figure(figsize=(width / POINT, height / POINT))
    figure.patch.set_visible(False)
    return figure


def plain(axes: Axes, *, left: bool) -> None:
    """No frame but the line below, muted numbers."""
    axes.patch.set_visible(False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.spines["bottom"].set_visible(True)
    axes.spines["bottom"].set_color(RULE)
    axes.tick_params(length=0, pad=5, colors=MUTED, labelleft=left, left=False)
    if not left:
        axes.yaxis.set_major_locator(NullLocator())


def intervals(load: Load) -> tuple[list[float], float]:
    """When each interval of a load's timeline begins, and how long each is."""
    starts = [moment.t_s for moment in load.timeline]
    gaps = [after - before for before, after in pairwise(starts)]
    return starts, float(np.median(gaps)) if gaps else load.duration_s or 1.0


def svg_of(figure: Figure, name: str) -> str:
    """The figure as one `<svg>` for a page that has others; `name` keeps their identifiers apart."""
    drawn = StringIO()
    FigureCanvasSVG(figure)
    figure.savefig(drawn, format="svg", metadata=_NOTHING)
    return _for_page(drawn.getvalue(), name)


def _for_page(svg: str, name: str) -> str:
    """One `<svg>` with only what a page needs; identifiers are unique to `name`, colours and font the page's."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"\s*<metadata>.*?</metadata>|\s*<defs>\s*<style.*?</style>\s*</defs>", "", svg, flags=re.DOTALL)
    svg = re.sub(
        r' xmlns(:\w+)?="[^"]*"| version="[^"]*"| transform="rotate\(-?0 [^"]*"| font-family: [^;"]*;', "", svg
    )
    svg = re.sub(r"<svg[^>]*?( viewBox=\"[^\"]*\")[^>]*>", r"<svg\1>", svg, count=1)
    svg = svg.replace("xlink:href", "href")
    used = set(re.findall(r'(?:url\(#|href="#)([\w-]+)', svg))
    svg = re.sub(r' id="([\w.-]+)"', lambda found: f' id="{name}-{found[1]}"' if found[1] in used else "", svg)
    svg = re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", svg)
    svg = re.sub(r"<[^>]+>", lambda tag: re.sub(r"-?\d+\.\d{2,}", _tenths, tag[0]), svg)
    svg = re.sub(r"\s*\n([LMCQZ ])", r"\1", svg)
    empty = re.compile(r"\s*<g>\s*</g>|\s*<g/>")
    while empty.search(svg):
        svg = empty.sub("", svg)
    for stand_in, variable in VARIABLES.items():
        svg = svg.replace(stand_in, variable)
    return re.sub(r">\s+<", "><", re.sub(r'\s*\n"', '"', svg)).strip()


def _tenths(found: re.Match[str]) -> str:
    return f"{float(found[0]):.1f}".removesuffix(".0")
