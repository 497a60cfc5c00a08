"""Figures come from the recorded instants, exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.load.sample import operation, recorded
from virtualq_core.conformance.operation import Kind, Outcome
from virtualq_core.load.figure import measure

if TYPE_CHECKING:
    from pathlib import Path


def test_a_latency_of_104_ms_is_not_one_of_100_ms(tmp_path: Path) -> None:
    """Which is what Locust's own statistics make of it."""
    figures = measure(recorded(tmp_path, *(operation(number * 200, 104) for number in range(10))))
    assert figures.latency.p50_ms == pytest.approx(104, rel=0.001)
    assert figures.latency.p99_ms == pytest.approx(104, rel=0.001)
    assert figures.latency.max_ms == pytest.approx(104)


def test_percentiles_are_those_of_the_samples(tmp_path: Path) -> None:
    """Within the histogram's three digits, over four orders of magnitude; the bars hold every sample."""
    latencies = [0.1 * 1.01**step for step in range(1000)]
    latency = measure(recorded(tmp_path, *(operation(0, one) for one in latencies))).latency
    for share, value in ((500, latency.p50_ms), (900, latency.p90_ms), (990, latency.p99_ms)):
        assert value == pytest.approx(latencies[share - 1], rel=0.02)
    assert sum(latency.counts) == 1000
    assert len(latency.edges_ms) == len(latency.counts) + 1


def test_a_refusal_does_not_flatter_the_latency(tmp_path: Path) -> None:
    """It writes nothing, and is back sooner."""
    refused = [operation(0, 1, outcome=Outcome.REFUSED, reason="illegal-transition") for _ in range(99)]
    figures = measure(recorded(tmp_path, operation(0, 50), *refused))
    assert figures.latency.p50_ms == pytest.approx(50, rel=0.001)
    assert figures.transitions == 1


def test_a_bulk_call_counts_its_tickets_and_its_latency_once(tmp_path: Path) -> None:
    """It is recorded once a ticket, with the call's instants."""
    bulk = [operation(0, 20, kind=Kind.BULK, ticket_id=number) for number in range(8)]
    figures = measure(recorded(tmp_path, *bulk))
    [latency] = [one for one in figures.latencies if one.name == "bulk"]
    assert (figures.transitions, latency.samples, figures.latency.samples) == (8, 1, 0)


def test_the_timeline_covers_the_load_in_equal_parts(tmp_path: Path) -> None:
    """Every transition is in one of them; one in which nothing was completed is there too."""
    figures = measure(recorded(tmp_path, operation(0, 10), operation(100, 10), operation(2900, 100)))
    assert [moment.t_s for moment in figures.timeline] == [0.0, 1.0, 2.0]
    assert [moment.transitions for moment in figures.timeline] == [2, 0, 1]
    assert figures.timeline[1].p50_ms is None
    assert figures.transitions_per_s == pytest.approx(1.0)
