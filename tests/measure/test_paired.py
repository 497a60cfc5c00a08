"""The gate on simulated machines whose truth is known, and its limits against what they promise."""

from __future__ import annotations

import itertools
import math
import random
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.measure.machine import Machine, observe
from virtualq_core.measure.paired import Block, Gate, Judgement, Pair, block, estimate, judge, rank
from virtualq_core.measure.paired.block import gather, run_blocks
from virtualq_core.measure.paired.gate import NO_BIAS, Look, judge_blocks, looks

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

SEED = 20251112
DRAWINGS = 1_000


def coins(draw: np.random.Generator, count: int) -> NDArray[np.float64]:
    """Fair signs."""
    return draw.choice([-1.0, 1.0], count)


NOISES: dict[str, Callable[[np.random.Generator, int], NDArray[np.float64]]] = {
    "normal": lambda draw, count: draw.normal(size=count),
    "lognormal": lambda draw, count: np.log(draw.lognormal(0, 0.4, count) / draw.lognormal(0, 0.4, count)),
    "heavy-tailed": lambda draw, count: draw.standard_t(2, count),
    "contaminated": lambda draw, count: draw.normal(size=count) * np.where(draw.random(count) < 0.1, 20, 1),
    "drifting": lambda draw, count: (np.linspace(0, 3, count) + draw.normal(0, 0.3, count)) * coins(draw, count),
    "autocorrelated": lambda draw, count: np.cumsum(draw.normal(size=count)) * coins(draw, count),
    "stormy": lambda draw, count: draw.normal(size=count) * np.exp(np.cumsum(draw.normal(0, 0.4, count))),
}
"""Log-ratios of blocks in which a coin decided who came first, about zero."""


def most(error: float, drawings: int) -> float:
    """So many wrong limits are allowed: three standard errors over what the error promises."""
    return drawings * error + 3 * math.sqrt(drawings * error * (1 - error))


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("count", [10, 60])
def test_limits_are_wrong_no_more_often_than_they_say(noise: str, count: int) -> None:
    """Each end on its own, for few blocks and for many, whatever the noise."""
    draw = np.random.default_rng(SEED)
    errors = {"low": 0.05, "high": 0.01}
    wrong = dict.fromkeys(errors, 0)
    for _ in range(DRAWINGS):
        low, high = rank.limits(NOISES[noise](draw, count), low_error=errors["low"], high_error=errors["high"])
        wrong["low"] += low > 0
        wrong["high"] += high < 0

    for end, error in errors.items():
        assert wrong[end] <= most(error, DRAWINGS), f"{end}, seed {SEED}"


def test_limits_are_no_wider_than_need_be() -> None:
    """Of a normal sample they are about as far apart as Student's: two sides of 5 % miss about 10 %."""
    draw = np.random.default_rng(SEED)
    missed = 0
    for _ in range(DRAWINGS):
        low, high = rank.limits(draw.normal(size=40), low_error=0.05, high_error=0.05)
        missed += not low <= 0 <= high

    assert missed / DRAWINGS == pytest.approx(0.1, abs=0.03), f"seed {SEED}"


@pytest.mark.parametrize(("count", "error", "left_out"), [(5, 1 / 32, 0), (10, 0.025, 8), (20, 0.025, 52)])
def test_the_distribution_is_the_tables(count: int, error: float, left_out: int) -> None:
    """Hollander, Wolfe and Chicken, table A.4: of ten values P(W ≤ 8) = 0.024, of twenty P(W ≤ 52) = 0.024."""
    values = np.arange(1.0, count + 1) ** 2
    means = sorted((one + other) / 2 for one, other in itertools.combinations_with_replacement(values, 2))

    low, high = rank.limits(values, low_error=error, high_error=error)

    assert (low, high) == (means[left_out], means[-1 - left_out])


@pytest.mark.parametrize("error", [0.05, 1e-3, 3e-4])
def test_the_normal_distribution_takes_over_without_a_step(error: float) -> None:
    """Where the exact distribution becomes too long, its approximation leaves out as many means, but for a 300th."""
    exact = rank._left_out(200, error)  # noqa: SLF001 -- only here can the two be told apart
    near = rank._left_out(201, error)  # noqa: SLF001

    assert exact is not None
    assert near is not None
    assert near == pytest.approx(exact * (201 / 200) ** 2, rel=1 / 300)


@pytest.mark.parametrize(("error", "needed"), [(0.5, 1), (0.05, 5), (1 / 32, 5), (0.001, 10)])
def test_too_few_values_have_no_limit(error: float, needed: int) -> None:
    """As many heads in a row must be rarer than the error."""
    assert rank.least_values(error) == needed
    values = np.arange(float(needed))

    assert rank.limits(values, low_error=error, high_error=error) == (0, needed - 1)
    assert rank.limits(values[1:], low_error=error, high_error=error) == (-math.inf, math.inf)


def test_the_centre_is_not_moved_by_outliers() -> None:
    """A tenth of the values may be anything."""
    draw = np.random.default_rng(SEED)
    values = draw.normal(3, 0.1, 200)
    values[:20] = 1e6

    assert rank.centre(values) == pytest.approx(3, abs=0.05)


def test_no_values_have_no_centre() -> None:
    """Nothing is no estimate."""
    with pytest.raises(ValueError, match="no centre"):
        rank.centre([])


@pytest.fixture
def on_machine(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Pair]:
    """A pair whose candidate takes `factor` times as long and `added_s` more, on a new machine."""

    def make(
        seed: int,
        factor: float = 1.0,
        *,
        added_s: float = 0.0,
        baseline_place: float = 1.0,
        candidate_place: float = 1.0,
    ) -> Pair:
        machine = Machine(seed)
        monkeypatch.setattr(block, "time", machine)
        return Pair(
            lambda _: machine.request("baseline", baseline_place),
            lambda _: machine.request("candidate", factor * candidate_place, added_s),
        )

    return make


def verdicts(on_machine: Callable[..., Pair], gate: Gate, factor: float, trials: int) -> list[str]:
    """What the gate says of so many machines."""
    return [judged(on_machine(SEED + trial, factor), gate, trial).verdict for trial in range(trials)]


def judged(pair: Pair, gate: Gate, trial: int) -> Judgement:
    """As `judge` does, without its care for the heap, which takes longer than a simulated trial."""
    return judge_blocks(run_blocks(pair, limit_s=gate.limit_s, draw=random.Random(trial)), gate)


GATE = Gate(tolerance=0.10, limit_s=10.0, false_alarm=0.05, miss=0.05)
"""Wider errors than the default's, so that a few hundred simulated trials show them."""


def test_what_is_not_slower_raises_no_more_false_alarms_than_promised(on_machine: Callable[..., Pair]) -> None:
    """On a machine that drifts, remembers, has spikes and a cold cache, with five looks at it."""
    found = verdicts(on_machine, GATE, 1.0, 200)

    assert found.count("slower") <= most(GATE.false_alarm, 200), f"seed {SEED}"


def test_a_slowdown_of_the_tolerance_is_missed_no_more_often_than_promised(on_machine: Callable[..., Pair]) -> None:
    """The same machine, with a candidate that takes 1.1 times as long."""
    found = verdicts(on_machine, GATE, 1.1, 200)

    assert found.count("not slower") <= most(GATE.miss, 200), f"seed {SEED}"


def test_a_great_slowdown_is_found_at_once(on_machine: Callable[..., Pair]) -> None:
    """Twice as long takes no whole time to see, and the interval holds the truth."""
    found = judge(on_machine(SEED, 2.0), Gate(limit_s=20), seed=1)

    assert found.verdict == "slower"
    assert found.duration_s < 12
    low, high = found.interval
    assert low is not None
    assert high is not None
    assert low < 2.0 < high


def test_the_interval_holds_the_truth_though_the_gate_stopped_by_what_it_saw(on_machine: Callable[..., Pair]) -> None:
    """Both errors together bound how often it does not."""
    missed = 0
    for trial in range(150):
        missed += not judged(on_machine(SEED + trial, 1.06), GATE, trial).holds(1.06)

    assert missed <= most(GATE.false_alarm + GATE.miss, 150), f"seed {SEED}"


def test_a_slowdown_that_does_not_grow_with_the_weather_is_missed_as_seldom(on_machine: Callable[..., Pair]) -> None:
    """A constant cost, as of one more round trip, that is a tenth of a request in the slowest weather and more else."""
    found = [judged(on_machine(SEED + trial, added_s=0.009), GATE, trial).verdict for trial in range(200)]

    assert found.count("not slower") <= most(GATE.miss, 200), f"seed {SEED}"
    assert found.count("slower") > 150


def test_the_interval_holds_each_trials_own_truth(on_machine: Callable[..., Pair]) -> None:
    """Where the same change is worth another share on each connection; what was meant it does not hold, nor need it."""
    draw = random.Random(SEED)
    truths = [1.3 + draw.gauss(0, 0.1) for _ in range(150)]

    found = [judged(on_machine(SEED + at, truth), GATE, at) for at, truth in enumerate(truths)]

    own = sum(not one.holds(truth) for one, truth in zip(found, truths, strict=True))
    meant = sum(not one.holds(1.3) for one in found)
    promised = most(GATE.false_alarm + GATE.miss, 150)
    assert own <= promised < meant, f"seed {SEED}"


def test_copies_that_are_the_same_raise_no_more_false_alarms_than_promised(on_machine: Callable[..., Pair]) -> None:
    """Two places that differ, of which each pair is compared with itself first: what is learnt is taken off."""
    draw = random.Random(SEED)
    gate = Gate(tolerance=0.1, limit_s=10, false_alarm=0.025, miss=0.05)
    alarms = unlearnt = 0
    for trial in range(100):
        place = math.exp(draw.gauss(0, 0.1))
        bias = observe(on_machine(SEED + trial, candidate_place=place), limit_s=5, error=0.025, draw=draw)
        for given in (bias, NO_BIAS):
            pair = on_machine(2 * SEED + trial, candidate_place=place)
            blocks = run_blocks(pair, limit_s=gate.limit_s, draw=random.Random(trial))
            is_alarm = judge_blocks(blocks, gate, bias=given).verdict == "slower"
            alarms += is_alarm and given is bias
            unlearnt += is_alarm and given is NO_BIAS

    assert alarms <= most(0.05, 100) < unlearnt, f"seed {SEED}"


def test_too_little_time_decides_nothing(on_machine: Callable[..., Pair]) -> None:
    """And the gate keeps to it, but for the block under way."""
    found = judge(on_machine(SEED, 1.05), Gate(limit_s=0.5), seed=1)

    assert found.verdict == "inconclusive"
    assert found.interval == (None, None)
    assert 0.5 <= found.duration_s < 1.5


def test_a_bias_that_was_measured_is_taken_off(on_machine: Callable[..., Pair]) -> None:
    """The pair's own A/A run tells how much of the ratio is the copies', and how surely."""
    bias = estimate(on_machine(SEED, candidate_place=1.25), limit_s=20, error=0.005, seed=1)
    pair = on_machine(SEED + 1, candidate_place=1.25)

    found = judge(pair, Gate(tolerance=0.2, limit_s=20), seed=2, bias=bias)

    assert bias.low < math.log(1.25) < bias.high
    assert bias.error == 0.005
    assert found.verdict == "not slower"
    assert found.ratio == pytest.approx(1, abs=0.1)


def test_a_bias_that_could_not_be_measured_leaves_all_open(on_machine: Callable[..., Pair]) -> None:
    """In no time there are no limits, and with no limits there is no verdict."""
    bias = estimate(on_machine(SEED), limit_s=0.3, error=0.005, seed=1)

    found = judge(on_machine(SEED + 1, 3.0), Gate(limit_s=5), seed=2, bias=bias)

    assert bias.interval == (0.0, math.inf)
    assert (found.verdict, found.interval) == ("inconclusive", (None, None))


def test_quick_rounds_are_gathered_into_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand blocks at most, however quick the variants are."""
    machine = Machine(SEED)
    monkeypatch.setattr(block, "time", machine)

    def quick(_: int) -> float:
        machine.now += 1e-4
        return 1e-4

    *_, last = looks(run_blocks(Pair(quick, quick), limit_s=10, draw=random.Random(SEED)), Gate())

    assert 900 <= last.blocks <= 1000
    assert last.centre == 0


def test_a_block_keeps_its_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that another gate's blocks can be gathered from them."""
    machine = Machine(SEED)
    monkeypatch.setattr(block, "time", machine)

    def quick(_: int) -> float:
        machine.now += 1e-3
        return machine.now

    blocks = [
        one
        for one, _ in zip(run_blocks(Pair(quick, quick), limit_s=10, draw=random.Random(SEED)), range(9), strict=False)
    ]

    rounds = [one for each in blocks for one in each.rounds]
    assert [len(each.rounds) for each in blocks] == [3] * 9
    assert [*gather(rounds, limit_s=10)] == blocks
    assert [len(each.rounds) for each in gather(rounds, limit_s=20)] == [5] * 5


def test_both_variants_are_asked_with_the_same_parameters() -> None:
    """Twice each in every round, in an order that varies; their number is the block's."""
    asked: list[tuple[str, int]] = []

    def note(name: str) -> Callable[[int], float]:
        def ask(number: int) -> float:
            asked.append((name, number))
            return 1.0

        return ask

    rounds = run_blocks(Pair(note("a"), note("b")), limit_s=0, draw=random.Random(SEED))
    for _ in zip(range(40), rounds, strict=False):
        pass

    orders = ["".join(name for name, _ in asked[at : at + 4]) for at in range(0, 160, 4)]
    assert set(orders) == {"abba", "baab"}
    assert [number for _, number in asked] == [number for number in range(40) for _ in range(4)]


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.01, 0.30, "slower"),
        (-0.01, 0.30, "inconclusive"),
        (-0.01, 0.09, "not slower"),
        (0.01, 0.09, "not slower"),
        (-math.inf, math.inf, "inconclusive"),
    ],
)
def test_the_limits_decide(low: float, high: float, verdict: str) -> None:
    """Slower is what is above no change for sure; what is below the tolerance for sure does not matter."""
    look = Look(centre=0.05, low=low, high=high, blocks=20, end_s=1.0)

    assert look.verdict(Gate(tolerance=0.10)) == verdict
    assert look.verdict(Gate(tolerance=0.10), shift=0.1) == ("slower" if low > -math.inf else "inconclusive")


def test_looks_spend_an_error_as_time_passes() -> None:
    """A block that passes several looks makes them one, which may spend what all of them might."""
    blocks = [*(Block(float(value), 0.1 * value) for value in range(20)), Block(0.0, 10.0), Block(9.0, 11.0)]
    values = [one.log_ratio for one in blocks[:-1]]
    gate = Gate(limit_s=10.0)

    *early, last = looks(blocks, gate)

    assert [look.blocks for look in early] == [8, 14]
    assert (last.blocks, last.end_s) == (21, 10)
    share = 1 - 1 / 8
    assert (last.low, last.high) == rank.limits(
        values, low_error=gate.false_alarm * share, high_error=gate.miss * share
    )


def test_blocks_that_end_too_early_are_no_verdict() -> None:
    """Who replays a recording must not take its end for an answer."""
    with pytest.raises(ValueError, match=r"before 10\.0 s"):
        judge_blocks([Block(0.0, 1.0)], Gate())
