"""Plots as SVG for a page."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from tests.report import sample_load, sample_plan
from virtualq_core.measure.quantile import Histogram
from virtualq_core.measure.result import LatencyResult
from virtualq_core.report.canvas import VARIABLES
from virtualq_core.report.load_results import Load, Moment
from virtualq_core.report.plots import Span, guarantee_plot, latency_plot, load_plot, span
from virtualq_core.report.pool_plot import pool_plot
from virtualq_core.report.server_plot import server_plot


def _latency(latency: LatencyResult, *, limit_ms: float | None = 100.0, name: str = "a") -> str:
    return latency_plot(latency, limit_ms=limit_ms, shared=span([latency], [limit_ms or 1]), name=name)


def _texts(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter("text")]  # noqa: S314  our own drawing


def test_the_marks_are_text_with_their_numbers() -> None:
    """A reader can select and search p50, p99 and the budget."""
    latency = sample_load.latency("list_queue", 6.1)

    texts = _texts(_latency(latency))

    assert {f"p50 {latency.p50:.3g} ms", f"p99 {latency.p99:.3g} ms", "budget 100 ms", "10 ms"} <= set(texts)


def test_colours_and_fonts_are_the_pages_own() -> None:
    """No colour is fixed, so that one drawing serves light and dark; nothing is fetched."""
    load = sample_load.load()
    ratios = guarantee_plot(sample_plan.guarantees(), is_wide=True, name="c")
    pools = pool_plot(sample_load.pools(), is_wide=True, name="d")
    server = server_plot(load, is_wide=False, name="e")
    drawn = (_latency(sample_load.latency("a", 2)), load_plot(load, is_wide=True, name="b"), ratios, pools, server)
    for svg in drawn:
        assert not re.search(r"#[0-9a-fA-F]{3,8}\b(?!\))", re.sub(r"url\(#[\w-]+\)", "", svg))
        assert "font-family" not in svg
        assert "://" not in svg
        assert not [stand_in for stand_in in VARIABLES if stand_in in svg]


def test_the_same_results_draw_the_same_bytes() -> None:
    """Also the second time in one process."""
    load = sample_load.load()

    assert load_plot(load, is_wide=False, name="n") == load_plot(load, is_wide=False, name="n")
    assert _latency(sample_load.latency("a", 2)) == _latency(sample_load.latency("a", 2))


def test_plots_of_one_page_share_no_identifier() -> None:
    """Two drawings of the same numbers would otherwise clip one another."""
    latency = sample_load.latency("list_queue", 6.1)

    identifiers = [re.findall(r' id="([^"]+)"', _latency(latency, name=name)) for name in ("a", "b")]

    assert identifiers[0]
    assert not set(identifiers[0]) & set(identifiers[1])


def test_every_plot_of_a_page_has_the_same_axis() -> None:
    """From a little below the fastest to a little above the slowest and the limits."""
    shared = span([sample_load.latency("a", 1), sample_load.latency("b", 40)], [100.0])

    assert shared.low_ms < 0.8
    assert shared.high_ms > 100


@pytest.mark.parametrize("is_wide", [True, False])
def test_the_cost_of_guarantees_is_drawn_row_by_row(*, is_wide: bool) -> None:
    """Each ratio that was measured, under its number in the table; what was not is left out."""
    texts = _texts(guarantee_plot(sample_plan.guarantees(), is_wide=is_wide, name="g"))

    assert [text for text in texts if text.isdigit()] == ["1", "2", "3", "4"]
    assert {"0.663×", "0.52×", "5.16×", "10×"} <= set(texts)


@pytest.mark.parametrize("is_wide", [True, False])
def test_pools_are_drawn_over_their_sizes(*, is_wide: bool) -> None:
    """The sizes are the axis; the connection of one's own, which has none, is a level."""
    texts = _texts(pool_plot(sample_load.pools(), is_wide=is_wide, name="p"))

    assert [text for text in texts if text.isdigit() and text != "0"] == ["1", "2", "4", "8"]
    assert "operations/s" in texts


def test_a_single_kind_of_pool_is_drawn_too() -> None:
    """Also the connection of one's own alone, and a kind that this version does not know, without an interval."""
    pools = sample_load.pools()
    direct = replace(pools, kinds=pools.kinds[:1])
    point = replace(pools.kinds[1].points[0], interval=None)
    unknown = replace(pools, kinds=(replace(pools.kinds[1], name="tomorrow's", points=(point,)),))

    assert all("operations/s" in _texts(pool_plot(one, is_wide=True, name="p")) for one in (direct, unknown))


def test_a_fine_histogram_stays_small() -> None:
    """Ten thousand bins are drawn as a hundred."""
    edges = tuple(1 + index / 1_000 for index in range(10_001))
    latency = replace(sample_load.latency("a", 3), histogram=Histogram(edges_ms=edges, counts=(1,) * 10_000))

    assert len(_latency(latency)) < 10_000


@pytest.mark.parametrize(
    "latency",
    [
        LatencyResult(name="one", samples=1, p50=2, p90=2, p95=2, p99=2, p999=2, max=2),
        LatencyResult(
            name="zero",
            samples=2,
            p50=0.0,
            p90=0.0,
            p95=0.0,
            p99=0.0,
            p999=0.0,
            max=0.0,
            histogram=Histogram(edges_ms=(0.0, 0.001), counts=(2,)),
        ),
        LatencyResult(
            name="empty",
            samples=0,
            p50=1,
            p90=1,
            p95=1,
            p99=1,
            p999=1,
            max=1,
            histogram=Histogram(edges_ms=(1.0, 2.0), counts=(0,)),
        ),
    ],
    ids=lambda latency: latency.name,
)
def test_odd_distributions_are_drawn_too(latency: LatencyResult) -> None:
    """One sample, no histogram, zeros, empty bins."""
    assert _texts(_latency(latency, limit_ms=None))


@pytest.mark.parametrize(
    "timeline",
    [
        (Moment(t_s=0, transitions=10, p50_ms=1, p99_ms=2),),
        (Moment(t_s=0, transitions=0), Moment(t_s=1, transitions=0)),
        (Moment(t_s=0, transitions=5, p50_ms=1, p99_ms=2), Moment(t_s=1, transitions=0), Moment(t_s=2, transitions=1)),
    ],
    ids=["one interval", "stalled", "a gap"],
)
def test_odd_loads_are_drawn_too(timeline: tuple[Moment, ...]) -> None:
    """One interval, a stall, an interval without latencies."""
    load = Load(transitions_per_s=1, p50_ms=None, p99_ms=None, refused=0, unknown=0, timeline=timeline)

    assert "transitions/s" in _texts(load_plot(load, is_wide=True, name="x"))


def test_a_span_needs_no_latency() -> None:
    """There is always an axis."""
    assert span([]) == Span(0.8, 1.35)
