"""A calibration for people: a few lines for the terminal, a page for the documentation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from virtualq_core.measure.calibration import POWER
from virtualq_core.measure.paired.gate import LOOKS
from virtualq_core.measure.proportion import Proportion
from virtualq_core.report.markdown import render
from virtualq_core.report.quantity import count, duration, milliseconds, number, percent, size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from virtualq_core.measure.calibration import Calibration, Series
    from virtualq_core.measure.fault import Outcome

_PAGE = "trust.md.j2"


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A proposal whose answer is known, what each of its trials found, and the last one's three figures in words."""

    name: str
    known_answer: str
    verdicts: tuple[str, ...]
    reads: str
    writes: str
    space: str

    @property
    def wrong(self) -> int:
        """How many trials found the opposite."""
        return sum(verdict not in {self.known_answer, "inconclusive"} for verdict in self.verdicts)


def summary(calibration: Calibration, faults: Sequence[Outcome] = (), proposals: Sequence[Tried] = ()) -> str:
    """The figures in a few lines; of planted faults and tried proposals each that was missed or answered wrongly."""
    kinds = [_kind(series) for series in calibration.series]
    reaches = [
        f"smallest change found within {duration(one.limit_s)}: {change(one.smallest_change)} ({changes(one.interval)})"
        for one in calibration.reaches
    ]
    where = f"{milliseconds(calibration.request_ms)} a request, load {number(calibration.load_average)}"
    lines = [f"{calibration.query} of {count(calibration.tickets)} tickets: {where}", *kinds, *reaches]
    tried = [one for one in faults if not one.skipped]
    if tried:
        lines.append(f"planted regressions caught: {_share([one.is_caught for one in tried])}")
        lines += [f"  not caught: {one.fault} by {one.caught_by}" for one in tried if not one.is_caught]
    if proposals:
        trials = [verdict for one in proposals for verdict in one.verdicts]
        lines.append(f"trials that contradict the known answer: {sum(one.wrong for one in proposals)} of {len(trials)}")
        lines += [f"  wrong: {one.name} is {', '.join(one.verdicts)}" for one in proposals if one.wrong]
    return "\n".join(lines)


def markdown(calibration: Calibration, faults: Sequence[Outcome] = (), proposals: Sequence[Tried] = ()) -> str:
    """The page `docs/reference/trust.md`; planted faults and proposals have sections where they were tried."""
    *first, last = (f"{look * 100:g} %" for look in LOOKS)
    return render(
        Path(__file__).with_name(_PAGE),
        _FILTERS,
        calibration=calibration,
        same=calibration.same,
        planted=calibration.series[1:],
        power=POWER,
        facts=[*_facts(calibration)],
        looks=f"{', '.join(first)} and {last}",
        faults=[one for one in faults if not one.skipped],
        caught=_share([one.is_caught for one in faults if not one.skipped]),
        skipped=[one for one in faults if one.skipped],
        proposals=proposals,
        right=_share([verdict == one.known_answer for one in proposals for verdict in one.verdicts]),
        wrong=_share(
            [verdict not in {one.known_answer, "inconclusive"} for one in proposals for verdict in one.verdicts]
        ),
    )


def change(value: float | None) -> str:
    """A slowdown in per cent; none where nothing would be found."""
    return "none" if value is None else percent(value)


def changes(ends: tuple[float | None, float | None]) -> str:
    """An interval of slowdowns; open where the stretches were too few, or nothing would be found."""
    low, high = ends
    return f"{'open' if low is None else percent(low)} to {'open' if high is None else percent(high)}"


def percents(ends: tuple[float, float]) -> str:
    """An interval of shares."""
    return f"{percent(ends[0])} to {percent(ends[1])}"


def slower(ends: tuple[float, float]) -> str:
    """An interval of ratios, as slowdowns."""
    return percents((ends[0] - 1, ends[1] - 1))


def _share(found: Sequence[bool]) -> Proportion | None:
    """So many of so many; none where there are none."""
    return Proportion(sum(found), len(found)) if found else None


def _kind(series: Series) -> str:
    low, high = series.called_slower.interval
    what = "false alarms" if series.known is None else f"{percent(series.planted - 1)} slower, found"
    told = f"{series.slower} of {series.trials} ({percent(low)} to {percent(high)})"
    return f"{what} within {duration(series.limit_s)}: {told}; {series.inconclusive} inconclusive"


def _facts(calibration: Calibration) -> Iterator[tuple[str, str]]:
    environment = calibration.environment
    yield "machine", f"{environment['cpu']}, {environment['cores']} cores, {size(environment['memory_bytes'])}"
    yield "system", f"{environment['os']}, Python {environment['python']}"
    yield "server", f"PostgreSQL {environment['postgres_version']}, {environment['provider']}"
    yield "query", f"`{calibration.query}`, {milliseconds(calibration.request_ms)} a request (median)"
    yield "data", f"{count(calibration.tickets)} tickets"
    yield (
        "load meanwhile",
        f"{number(calibration.load_average)} processes that wanted a core, in the mean, this one's included",
    )
    yield "taken", f"{calibration.taken_at}, in {duration(calibration.duration_s)}, seed {calibration.seed}"


_FILTERS: Mapping[str, Callable[..., str]] = {
    "change": change,
    "changes": changes,
    "duration": duration,
    "percent": percent,
    "percents": percents,
    "slower": slower,
}
