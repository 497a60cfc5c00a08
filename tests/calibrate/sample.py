"""A calibration as it could have been."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from virtualq_core.measure.calibration import Calibration, Reach, Series, Trial

if TYPE_CHECKING:
    from virtualq_core.measure.calibration import Kind
    from virtualq_core.measure.paired import GateVerdict

ENVIRONMENT = {
    "cpu": "AMD EPYC 7763 64-Core Processor",
    "architecture": "x86_64",
    "cores": 2,
    "memory_bytes": 25_282_527_232,
    "os": "Debian GNU/Linux 12 (bookworm)",
    "python": "3.11.7",
    "postgres_version": "18.6",
    "provider": "embedded",
    "is_remote": False,
    "settings": {"jit": "off", "shared_buffers": "2GB"},
}


def trial(verdict: GateVerdict, ratio: float, *, after: float | None = None, sure: float = 0.01) -> Trial:
    """A trial whose interval, and that of what the pair then showed, is `sure` wide to both sides."""
    return Trial(
        verdict=verdict,
        ratio=ratio,
        interval=(ratio - sure, ratio + sure),
        duration_s=2.51,
        after=after,
        after_interval=(None, None) if after is None else (after - sure, after + sure),
    )


def series(planted: float, slower: int, not_slower: int, inconclusive: int = 0, *, kind: Kind | None = None) -> Series:
    """Trials of one kind, of which each found what was planted, and the last a little more."""
    verdicts: list[GateVerdict] = ["slower"] * slower
    verdicts += ["not slower"] * not_slower
    verdicts += ["inconclusive"] * inconclusive
    after = planted - 0.0005 if planted > 1 else None
    tried = [trial(verdict, planted, after=after) for verdict in verdicts]
    tried[-1] = replace(tried[-1], ratio=planted + 0.005, interval=(planted - 0.005, planted + 0.015))
    return Series(
        kind=kind or ("planted" if planted > 1 else "same"),
        planted=planted,
        tolerance=round(planted - 1, 3) or 0.1,
        limit_s=10.0,
        false_alarm=0.005,
        miss=0.01,
        tried=tuple(tried),
        predicted=0.998,
    )


def calibration(*, alarms: int = 1, found: int = 59, smallest_change: float | None = 0.031) -> Calibration:
    """A calibration with so many false alarms of 300 and so many planted slowdowns found of 60."""
    return Calibration(
        taken_at="2026-03-01T09:14:07+00:00",
        duration_s=2210.4,
        environment=ENVIRONMENT,
        query="list_queue",
        tickets=20_000,
        request_ms=2.07,
        load_average=1.21,
        seed=1,
        overhead=0.002,
        overhead_interval=(-0.001, 0.005),
        row_share=0.00003,
        series=(
            series(1.0, alarms, 300 - alarms),
            series(1.1, found, 0, 60 - found),
            series(1.023, 17, 2, 5, kind="near reach"),
            series(1.0, 0, 60, kind="copies"),
        ),
        reaches=(
            Reach(
                tolerance=0.1,
                limit_s=10.0,
                stretches=500,
                independent=25,
                alarms=2,
                smallest_change=smallest_change,
                interval=(None, None) if smallest_change is None else (0.029, 0.034),
            ),
        ),
    )
