"""The generator of loads on trial: what its figures come to, as lines, as a page and as an exit code."""

from __future__ import annotations

from dataclasses import replace

import pytest

from virtualq_core.calibrate.generator import GeneratorTrust, page
from virtualq_core.calibrate.generator.agreement import Against, Agreement, Comparison
from virtualq_core.calibrate.generator.stall import Stall

ENVIRONMENT = {
    "cpu": "AMD EPYC 7763 64-Core Processor",
    "cores": 2,
    "memory_bytes": 25_282_527_232,
    "os": "Debian GNU/Linux 12 (bookworm)",
    "python": "3.11.7",
    "postgres_version": "18.6",
    "provider": "embedded",
}


def against(what: str, ratio: float, apart: float = 0.02) -> Against:
    """So many times pgbench's figure, give or take."""
    return Against(what, 100 * ratio, 100, ratio, (ratio - apart, ratio + apart), 8)


@pytest.fixture
def found() -> GeneratorTrust:
    """All aims reached."""
    waited = against("waiting for the server, p50 ms", 0.96)
    agreement = Agreement(250, 0.1, against("p50 ms", 1.03), against("p99 ms", 0.97, 0.02), waited, 0.1, 0.4, 0.2)
    comparison = Comparison(8, against("operations/s in a closed loop", 0.8), 0.4, (agreement,))
    return GeneratorTrust("2026-11-01T10:00:00+00:00", 900.0, ENVIRONMENT, comparison, Stall(1.5, 8, 150, 1480, 30))


def test_a_generator_that_agrees_reaches_every_aim(found: GeneratorTrust) -> None:
    """Rate, both percentiles, and the stall."""
    assert page.outcomes(found) == ["reached"] * 4


@pytest.mark.parametrize(
    ("rate", "p50", "expected"),
    [
        (against("rate", 0.6), against("p50 ms", 1.0), ["missed", "reached"]),
        (against("rate", 0.71), against("p50 ms", 1.2), ["not sure", "missed"]),
        (against("rate", 0.9), against("p50 ms", 0.8), ["reached", "missed"]),
        (against("rate", 0.9), against("p50 ms", 1.09), ["reached", "not sure"]),
    ],
)
def test_an_aim_is_judged_by_the_whole_interval(
    found: GeneratorTrust, rate: Against, p50: Against, expected: list[str]
) -> None:
    """Both too slow and too fast is apart."""
    [agreement] = found.comparison.agreements
    comparison = replace(found.comparison, closed=rate, agreements=(replace(agreement, p50=p50),))
    assert page.outcomes(replace(found, comparison=comparison))[:2] == expected


def test_a_stall_that_the_open_loop_hides_is_missed(found: GeneratorTrust) -> None:
    """A percentile below what an honest loop has at least."""
    hidden = replace(found, stall=replace(found.stall, open_p99_ms=1400))
    assert found.stall.least_ms == pytest.approx(1420)
    assert page.outcomes(hidden)[-1] == "missed"
    assert "a stall of 1.50 s is not shown" in page.summary(hidden)
    assert "**not shown**" in page.markdown(hidden)


def test_the_page_has_every_figure(found: GeneratorTrust) -> None:
    """With its interval, and where it was taken."""
    told = page.markdown(found)
    assert "| operations/s in a closed loop | 80 | 100 | 0.80 | 0.78 to 0.82 | at least 0.7 | reached |" in told
    assert "| p50 ms at 250/s, 10 % of what pgbench does | 103 | 100 | 1.03 | 1.01 to 1.05 |" in told
    assert "AMD EPYC 7763" in told
    assert "{{" not in told
