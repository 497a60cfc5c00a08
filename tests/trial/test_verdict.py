"""The verdict on a proposal from its figures, and the figure that decides from what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from virtualq_core.measure.twin import Ratio, Waited, WriteEffect
from virtualq_core.trial.verdict import Figure, conclude, is_judged, read_figure, space_figure, write_figure

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtualq_core.measure.policy import TrialPolicy
    from virtualq_core.measure.twin import ReadEffect
    from virtualq_core.trial.verdict import Finding

    Read = Callable[..., ReadEffect]


@pytest.mark.parametrize(
    ("time", "finding"),
    [
        ((0.3, 0.4, 0.5), "gain"),
        ((1.2, 1.5, 1.9), "loss"),
        ((0.95, 1.0, 1.05), "no change that matters"),
        ((0.7, 0.8, 0.9), "perhaps a gain"),
        ((0.95, 1.1, 1.3), "perhaps a loss"),
        ((0.5, 1.0, 2.0), "perhaps a loss"),
    ],
)
def test_a_read_is_judged_by_where_its_whole_interval_lies(
    read_effect: Read, policy: TrialPolicy, time: tuple[float, float, float], finding: Finding
) -> None:
    """What could be a loss is no gain, however likely."""
    assert read_figure([read_effect(100, 90, time)], policy).finding == finding


def test_more_blocks_are_a_loss_though_the_cache_is_warm(read_effect: Read, policy: TrialPolicy) -> None:
    """Unless the query is certainly faster all the same."""
    slower = read_figure([read_effect(100, 200, (0.97, 1.0, 1.03))], policy)
    faster = read_figure([read_effect(100, 200, (0.5, 0.6, 0.7))], policy)
    few = read_figure([read_effect(12, 16, (0.97, 1.0, 1.03))], policy)

    assert (slower.finding, slower.ratio.value) == ("loss", 2.0)
    assert "blocks" in slower.what
    assert faster.finding == "gain"
    assert few.finding == "no change that matters"


def test_the_worst_read_decides(read_effect: Read, policy: TrialPolicy) -> None:
    """A loss before any gain, the greater of two losses."""
    effects = [
        read_effect(100, 10, (0.1, 0.1, 0.1)),
        read_effect(100, 150, (1.2, 1.3, 1.4)),
        read_effect(100, 900, (7.0, 8.0, 9.0)),
    ]

    figure = read_figure(effects, policy)

    assert (figure.finding, figure.ratio.value) == ("loss", 8.0)


def test_what_was_not_timed_has_no_say(read_effect: Read, policy: TrialPolicy) -> None:
    """It is the same plan with the same blocks, or another case of its query stands for it."""
    figure = read_figure([read_effect(100, 100)], policy)

    assert figure.finding == "no change that matters"


def test_reads_of_a_handful_of_blocks_are_not_timed(read_effect: Read) -> None:
    """Nor those that did not change."""
    assert not is_judged(read_effect(3, 2))
    assert not is_judged(read_effect(500, 500))
    assert not is_judged(read_effect(82, 80))
    assert is_judged(read_effect(82, 120))
    assert is_judged(read_effect(3, 40))


def write(log: tuple[float, float], time: Ratio | None = None) -> WriteEffect:
    """An operation that logs so much before and after."""
    waited = None if time is None else Waited(ratio=time, before_ms=1.0, after_ms=1.0)
    return WriteEffect(operation="transition_ticket", log_bytes=log, touched=(60.0, 60.0), waited=waited)


@pytest.mark.parametrize(
    ("after", "finding"),
    [(1200.0, "loss"), (1100.0, "no change that matters"), (960.0, "gain"), (990.0, "no change that matters")],
)
def test_a_write_is_judged_by_its_log(policy: TrialPolicy, after: float, finding: Finding) -> None:
    """Which repeats exactly."""
    assert write_figure([write((1000.0, after))], policy).finding == finding


def test_a_client_that_certainly_waits_longer_is_a_loss(policy: TrialPolicy) -> None:
    """However little is logged; one that may wait longer is not."""
    slower = write((1000.0, 900.0), Ratio(value=1.5, low=1.3, high=1.8))
    unsure = write((1000.0, 900.0), Ratio(value=1.5, low=0.9, high=2.8))

    assert write_figure([slower], policy).finding == "loss"
    assert write_figure([unsure], policy).finding == "gain"


@pytest.mark.parametrize(("after", "finding"), [(1200, "loss"), (1050, "no change that matters"), (950, "gain")])
def test_space_is_judged_over_everything(policy: TrialPolicy, after: int, finding: Finding) -> None:
    """All tables and indexes together are what the disk is bought for."""
    assert space_figure(1000, after, policy).finding == finding


@pytest.mark.parametrize(
    ("findings", "verdict"),
    [
        (("gain", "loss", "gain"), "reject"),
        (("perhaps a loss", "gain", "gain"), "inconclusive"),
        (("perhaps a gain", "gain", "no change that matters"), "accept"),
        (("perhaps a gain", "no change that matters", "no change that matters"), "inconclusive"),
        (("no change that matters",) * 3, "reject"),
        (("gain", "no change that matters", "no change that matters"), "accept"),
    ],
)
def test_a_loss_rejects_and_without_one_a_gain_accepts(findings: tuple[Finding, ...], verdict: str) -> None:
    """What could turn the verdict leaves it open; the reason names the figures."""
    figures = [
        Figure(of="reads", what=f"figure {number}", ratio=Ratio.exact(2, 1), finding=finding, limit="")
        for number, finding in enumerate(findings)
    ]

    answer, reason = conclude(figures)

    assert answer == verdict
    assert "figure" in reason or "gains nothing" in reason
