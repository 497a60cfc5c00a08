"""Latency limits that are looked at several times, against the error that is promised over all looks."""

from __future__ import annotations

import math
from contextlib import nullcontext
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from virtualq_core.measure import sample as stopwatch
from virtualq_core.measure import spending
from virtualq_core.measure.catalogue import Case
from virtualq_core.measure.judgement import is_decided, judge_latency
from virtualq_core.measure.sample import Sample, sample_cases

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from virtualq_core.measure.budget import Budget

SEED = 20251112
LIMIT_MS = 100.0


def most(error: float, drawings: int) -> float:
    """So many wrong verdicts are allowed: three standard errors over what the error promises."""
    return drawings * error + 3 * math.sqrt(drawings * error * (1 - error))


def verdict(budget: Budget, draw: np.random.Generator, *, looks: int, cases: int) -> str:
    """The verdict on cases of which each one's 99th percentile is exactly the limit, looked at until it is decided."""
    first = spending.first_look(0.99, cases)
    # The logarithm of such a latency is exponential, with 1 % beyond the limit.
    drawn = LIMIT_MS * np.exp(draw.exponential(size=(cases, first * 2 ** (looks - 1))) - math.log(100))
    samples: list[Sample] = []
    for look in range(1, looks + 1):
        errors = spending.errors(look, cases, is_last=look == looks)
        samples = [Sample([*each[: first * 2 ** (look - 1)]], errors) for each in drawn]
        if all(is_decided([budget], each) for each in samples):
            break
    asked = [(Case("list_queue", number, "big", {}), each) for number, each in enumerate(samples)]
    return judge_latency(budget, "p99_ms", asked).verdict


@pytest.mark.parametrize(("looks", "cases", "trials"), [(4, 1, 300), (1, 1, 600), (1, 8, 200)])
def test_looking_again_makes_no_more_false_verdicts_than_promised(
    promise: Callable[..., Budget], looks: int, cases: int, trials: int
) -> None:
    """Neither failures nor passes, where the percentile is exactly the limit: over all looks, and of the worst case."""
    draw = np.random.default_rng(SEED)
    budget = promise(limits={"p99_ms": LIMIT_MS})

    found = [verdict(budget, draw, looks=looks, cases=cases) for _ in range(trials)]

    assert found.count("failed") <= most(spending.FALSE_VERDICT, trials), f"seed {SEED}"
    assert found.count("passed") <= most(spending.FALSE_VERDICT, trials), f"seed {SEED}"


@pytest.mark.parametrize("share", [0.5, 0.9, 0.95, 0.99])
@pytest.mark.parametrize("looks", [1, 2, 4, 6])
def test_the_exact_rates_keep_the_promise(share: float, looks: int) -> None:
    """And are no less than an eighth of it: more samples than need be are asked of nobody."""
    failed, passed = spending.false_verdicts(share, looks=looks)

    assert 0.003 < failed <= spending.FALSE_VERDICT
    assert 0.003 < passed <= spending.FALSE_VERDICT


def test_the_exact_rates_are_those_of_a_simulation(promise: Callable[..., Budget]) -> None:
    """Two ways to the same figure."""
    draw = np.random.default_rng(SEED)
    budget = promise(limits={"p99_ms": LIMIT_MS})
    trials = 1_500

    found = [verdict(budget, draw, looks=1, cases=1) for _ in range(trials)]

    exact = spending.false_verdicts(0.99, looks=1)[0]
    assert abs(found.count("failed") / trials - exact) < 3 * math.sqrt(exact / trials), f"seed {SEED}"


@pytest.mark.parametrize("cases", [1, 3])
def test_all_looks_together_spend_the_error(cases: int) -> None:
    """Wherever the last one is; the error of failing is shared by the cases, that of passing is not."""
    for last in range(1, 6):
        spent = [spending.errors(look, cases, is_last=look == last) for look in range(1, last + 1)]

        assert sum(low for low, _ in spent) * cases == pytest.approx(spending.FALSE_VERDICT)
        assert sum(high for _, high in spent) == pytest.approx(spending.FALSE_VERDICT)


def test_each_look_has_twice_as_many_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """And its intervals hold what it may spend; the look that ends it says so as well."""
    monkeypatch.setattr(stopwatch, "tenant_scope", lambda *_: nullcontext())
    monkeypatch.setattr(stopwatch, "fetch", lambda *_: None)
    observer: Any = SimpleNamespace(as_application=nullcontext)
    seen: list[tuple[int, spending.Errors]] = []

    def is_enough(samples: Sequence[Sample]) -> bool:
        seen.append((len(samples[0]), samples[1].errors))
        return len(seen) == 3

    cases = [Case("list_queue", tenant, "big", {}) for tenant in (1, 2)]
    taken = sample_cases(observer, cases, samples=50, limit_s=60, is_enough=is_enough)
    [once] = sample_cases(observer, cases[:1], samples=50, limit_s=60)

    assert seen == [(count, spending.errors(look, 2)) for look, count in ((1, 50), (2, 100), (3, 200))]
    assert taken[0].errors == spending.errors(3, 2)
    assert once.errors == (spending.FALSE_VERDICT, spending.FALSE_VERDICT)


def test_the_last_look_spends_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the time is over."""
    monkeypatch.setattr(stopwatch, "tenant_scope", lambda *_: nullcontext())
    monkeypatch.setattr(stopwatch, "fetch", lambda *_: None)
    observer: Any = SimpleNamespace(as_application=nullcontext)

    [taken] = sample_cases(
        observer, [Case("list_queue", 1, "big", {})], samples=10, limit_s=0.0, is_enough=lambda _: False
    )

    assert taken.errors == spending.errors(1, 1, is_last=True)


def test_pooled_samples_are_one_case() -> None:
    """To which the errors belong whole that were divided."""
    errors = spending.errors(2, 3)

    pooled = Sample.pooled([Sample([1.0], errors), Sample([2.0, 3.0], errors)])

    assert pooled.durations_ms == [1.0, 2.0, 3.0]
    assert pooled.errors == spending.errors(2, 1)
