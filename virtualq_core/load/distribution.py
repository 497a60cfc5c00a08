"""Durations, counted in HDR histograms of microseconds with three significant digits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from hdrh.histogram import HdrHistogram

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LONGEST_US = 3_600_000_000
_DIGITS = 3
_BARS = 60
_NS_PER_US = 1_000
_PERCENTILES = {"p50_ms": 50, "p90_ms": 90, "p95_ms": 95, "p99_ms": 99, "p999_ms": 99.9}


@dataclass(frozen=True)
class Distribution:
    """
    Durations of one kind, in milliseconds; percentiles are None where there are no samples.

    `hdr` is the histogram itself, encoded as HdrHistogram's implementations have it (version 2, base64), so that
    whoever has several can merge them without loss.
    """

    name: str
    samples: int
    p50_ms: float | None = None
    p90_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    p999_ms: float | None = None
    max_ms: float | None = None
    edges_ms: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()
    hdr: str = ""

    def histogram(self) -> dict[str, Any] | None:
        """Counts between edges, as results have them."""
        return {"edges_ms": list(self.edges_ms), "counts": list(self.counts)} if self.counts else None


def distribution(name: str, elapsed_ns: NDArray[np.int64]) -> Distribution:
    """The distribution of these durations."""
    if not len(elapsed_ns):
        return Distribution(name, 0)
    histogram = HdrHistogram(1, _LONGEST_US, _DIGITS)
    elapsed_us = np.maximum(1, (elapsed_ns + _NS_PER_US // 2) // _NS_PER_US)
    values, counts = np.unique(np.minimum(elapsed_us, _LONGEST_US), return_counts=True)
    for value, count in zip(values.tolist(), counts.tolist(), strict=True):
        histogram.record_value(value, count)
    longest = int(values[-1]) / 1000
    edges = np.geomspace(values[0], values[-1] + 1, _BARS + 1)
    edges[0], edges[-1] = values[0], values[-1] + 1
    bars, _ = np.histogram(values, bins=edges, weights=counts)
    return Distribution(
        name,
        len(elapsed_ns),
        **{
            name: min(histogram.get_value_at_percentile(percentile) / 1000, longest)
            for name, percentile in _PERCENTILES.items()
        },
        max_ms=longest,
        edges_ms=tuple(round(float(edge) / 1000, 6) for edge in edges),
        counts=tuple(int(bar) for bar in bars),
        hdr=histogram.encode().decode("ascii"),
    )
