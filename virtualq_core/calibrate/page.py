"""A calibration for people: a few lines for the terminal, a page for the documentation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from virtualq_core.measure.calibration import POWER
from virtualq_core.measure.paired.gate import LOOKS
from virtualq_core.measure.proportion import Proportion
from virtualq_core.measure.quantile import TAIL
from virtualq_core.measure.spending import FALSE_VERDICT, false_verdicts
from virtualq_core.report.markdown import render
from virtualq_core.report.quantity import count, duration, milliseconds, number, percent, size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from virtualq_core.measure.calibration import Calibration, Series
    from virtualq_core.measure.fault import Outcome

_PAGE = "trust.md.j2"
_PERCENTILES = (0.5, 0.95, 0.99)
_LOOKS = 5


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
    kinds = [line for series in calibration.series for line in _kind(series)]
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
    near = calibration.of_kind("near reach")
    return render(
        Path(__file__).with_name(_PAGE),
        _FILTERS,
        calibration=calibration,
        alike=[calibration.same, *calibration.of_kind("copies")],
        planted=calibration.planted,
        near=near,
        all_planted=[*calibration.planted, *near],
        unsure=TAIL,
        broken=[one for one in calibration.series if one.is_broken],
        percentiles=[(f"{share * 100:g} %", *false_verdicts(share, looks=_LOOKS)) for share in _PERCENTILES],
        false_verdict=FALSE_VERDICT,
        latency_looks=_LOOKS,
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


def slower(ends: tuple[float | None, float | None]) -> str:
    """An interval of ratios, as slowdowns."""
    low, high = ends
    return changes((None if low is None else low - 1, None if high is None else high - 1))


def _share(found: Sequence[bool]) -> Proportion | None:
    """So many of so many; none where there are none."""
    return Proportion(sum(found), len(found)) if found else None


def _kind(series: Series) -> Iterator[str]:
    """What came of it; where work was planted also how much it was, and whether the gate's intervals held it."""
    low, high = series.called_slower.interval
    told = f"{series.slower} of {series.trials} ({percent(low)} to {percent(high)}); {series.inconclusive} inconclusive"
    within = f"within {duration(series.limit_s)}"
    apart = f"intervals beside the truth: {series.below} below, {series.above} above"
    match series.kind:
        case "same":
            yield f"false alarms {within}: {told}; {apart}"
        case "copies":
            yield f"false alarms on two copies {within}: {told}; {apart}"
        case _:
            foretold = "" if series.predicted is None else f", {percent(series.predicted)} foretold"
            yield f"{percent(series.planted - 1)} slower, found {within}: {told}{foretold}"
            truth = f"{slower(series.known)} in the mean, spread {percent(series.spread)}"
            yield f"  planted in truth: {truth}; {apart}; {series.missed} missed"
    if series.is_broken:
        yield "  a promise of the gate is broken"


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
