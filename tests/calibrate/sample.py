"""A calibration as it could have been."""

from __future__ import annotations

from virtualq_core.measure.calibration import Calibration, Reach, Series

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


def series(planted: float, slower: int, not_slower: int, inconclusive: int = 0) -> Series:
    """Trials of one kind."""
    share = planted - 1
    return Series(
        planted=planted,
        known=(1 + 0.97 * share, 1 + 1.03 * share) if share else None,
        measured=(1 + 0.95 * share, 1 + 1.06 * share) if share else None,
        tolerance=round(share, 2) or 0.1,
        limit_s=10.0,
        slower=slower,
        not_slower=not_slower,
        inconclusive=inconclusive,
        covered=slower + not_slower + inconclusive - 1,
        predicted=0.998,
        median_s=2.51,
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
        false_alarm=0.005,
        miss=0.01,
        seed=1,
        series=(series(1.0, alarms, 300 - alarms), series(1.1, found, 0, 60 - found)),
        reaches=(
            Reach(
                tolerance=0.1,
                limit_s=10.0,
                stretches=500,
                alarms=2,
                smallest_change=smallest_change,
                interval=(None, None) if smallest_change is None else (0.029, 0.034),
            ),
        ),
    )
