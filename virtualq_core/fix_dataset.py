"""Seeded data and the measurements on it: the option that says how much, and the fixtures of `benchmarks/`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pytest_benchmark.fixture import BenchmarkFixture

    from virtualq_core.database.layout import Layout
    from virtualq_core.database.server import Database, Server
    from virtualq_core.measure.budget import Budget
    from virtualq_core.measure.catalogue import Case
    from virtualq_core.measure.observer import Observer
    from virtualq_core.measure.result import BudgetResult, PlanResult
    from virtualq_core.measure.sample import Sample

TICKETS = 20_000
TENANTS = 12


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the caller choose how much data is seeded."""
    group = parser.getgroup("virtualq")
    group.addoption(
        "--tickets", metavar="N", type=int, default=TICKETS, help="how many tickets `dataset` is seeded with"
    )
    group.addoption("--tenants", metavar="N", type=int, default=TENANTS, help="among how many tenants")
    group.addoption("--seed", metavar="S", type=int, default=1, help="the same seed gives the same data")


@pytest.fixture(scope="session")
def dataset(request: pytest.FixtureRequest, server: Server, layout: Layout) -> Iterator[Database]:
    """A seeded database for the whole session; to be read, and to be cloned by `dataset_copy`."""
    from virtualq_core.database.clone import fresh_database
    from virtualq_core.database.install import install
    from virtualq_core.seeding import SeedPlan, read_dataset, seed

    chosen = request.config.getoption
    with fresh_database(server, prefix="vq_dataset") as database:
        install(database, layout=layout)
        with database.connect() as connection:
            present = read_dataset(connection)
        if present is None:
            seed(database, SeedPlan(chosen("--tickets"), chosen("--tenants"), seed=chosen("--seed")))
        yield database


@pytest.fixture
def dataset_copy(server: Server, dataset: Database) -> Iterator[Database]:
    """A copy of the seeded database, for one test to write into."""
    from virtualq_core.database.clone import fresh_database

    with fresh_database(server, template=dataset.name, prefix="vq_copy") as copy:
        yield copy


@pytest.fixture(scope="session")
def observer(dataset: Database) -> Observer:
    """Whose eyes the seeded database is measured with."""
    from virtualq_core.measure.observer import Observer

    return Observer.of(dataset)


@pytest.fixture(scope="session")
def budgets() -> Mapping[str, Budget]:
    """The shipped budgets, by name."""
    from virtualq_core.measure.budget import load_budgets

    return load_budgets()


@dataclass(frozen=True)
class Benchmarked:
    """What a benchmark of one case found; `results` are its budget's verdicts on the percentiles."""

    case: Case
    rows: int
    plan: PlanResult
    results: tuple[BudgetResult, ...]

    @property
    def failed(self) -> list[str]:
        """The limits that are not kept, in words."""
        return [
            f"{one.name} {one.metric}: {one.observed} {one.unit}, at most {one.limit} allowed"
            for one in self.results
            if one.verdict == "failed"
        ]


@pytest.fixture
def benchmark_query(
    benchmark: BenchmarkFixture, observer: Observer, budgets: Mapping[str, Budget]
) -> Callable[..., Benchmarked]:
    """
    Time one budget's query for one class of tenant: `benchmark_query("employee_dashboard", tenant_class="big")`.

    The answer is checked first. Percentiles, the plan's facts and the verdicts go into `extra_info`.
    """

    def run(name: str, *, tenant_class: str | None = None) -> Benchmarked:
        from virtualq_core.measure.budget import METRICS
        from virtualq_core.measure.catalogue import cases_of, check_answer, fetch
        from virtualq_core.measure.judgement import judge_latency
        from virtualq_core.measure.quantile import samples_needed
        from virtualq_core.measure.sample import WARM_UP, settled_heap
        from virtualq_core.measure.stage import plan_case
        from virtualq_core.tenancy import tenant_scope

        budget = budgets[name]
        cases = cases_of(observer, budget)
        case = next((case for case in cases if tenant_class in (None, case.tenant_class)), None)
        if case is None:
            pytest.skip(f"the data have no {tenant_class} tenant")
        rows = check_answer(observer, case)
        plan = plan_case(observer, case, budget)
        rounds = samples_needed(budget.share or 0.5)
        with settled_heap(), observer.as_application() as connection, tenant_scope(connection, case.tenant_id):
            timed: Any = benchmark  # pytest-benchmark has no types
            timed.pedantic(fetch, args=(connection, case), rounds=rounds, warmup_rounds=WARM_UP)
        sample = sample_of(benchmark)
        results = tuple(
            judge_latency(budget, metric, [(case, sample)])
            for metric in budget.limits
            if METRICS[metric].share is not None and len(sample)
        )
        benchmark.extra_info |= percentiles(sample) | {
            "tenant_class": case.tenant_class,
            "rows": rows,
            "served_by": list(plan.served_by),
            "buffers": plan.buffers,
            "fingerprint": plan.fingerprint,
            "q_error": plan.q_error,
            "verdicts": {one.metric: one.verdict for one in results},
        }
        return Benchmarked(case, rows, plan, results)

    return run


def sample_of(benchmark: BenchmarkFixture) -> Sample:
    """The latencies that pytest-benchmark took; none where it is disabled."""
    from virtualq_core.measure.sample import Sample

    stats = benchmark.stats
    return Sample([] if stats is None else [1000 * duration_s for duration_s in stats.stats.data])


@pytest.fixture
def note_percentiles(benchmark: BenchmarkFixture) -> Callable[[], None]:
    """Put the percentiles of what was timed into `extra_info`, which pytest-benchmark itself does not."""
    return lambda: benchmark.extra_info.update(percentiles(sample_of(benchmark)))


def percentiles(sample: Sample) -> dict[str, Any]:
    """The percentiles in ms, p99.9 only where there are enough samples for it."""
    from virtualq_core.measure.quantile import samples_needed

    if not len(sample):
        return {}
    result = asdict(sample.result("percentiles"))
    names = ["p50", "p90", "p95", "p99", *(["p999"] if len(sample) >= samples_needed(0.999) else []), "max"]
    return {f"{name}_ms": result[name] for name in names} | {"samples": len(sample)}
