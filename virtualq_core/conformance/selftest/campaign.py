"""All mutants and controls, several at a time."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from difflib import get_close_matches
from itertools import zip_longest
from random import Random
from typing import TYPE_CHECKING, Any

from virtualq_core.conformance.requirement import family_of
from virtualq_core.conformance.selftest.trial import PREFIX, SLOW_FAMILIES, Bench
from virtualq_core.conformance.selftest.verdict import ControlResult, MutantResult, SelfTestResult
from virtualq_core.database.clone import fresh_database
from virtualq_core.database.install import install
from virtualq_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from virtualq_core.conformance.selftest.specimen import Specimen
    from virtualq_core.database.server import Server

WORKERS = 2


def run_selftest(
    server: Server,
    mutants: Sequence[Specimen],
    controls: Sequence[Specimen] = (),
    *,
    control_only: Collection[str] = (),
    has_collateral: bool = False,
    postgres_bin: Path | None = None,
    suite: Path | None = None,
    workers: int = WORKERS,
    tell: Callable[[MutantResult | ControlResult], object] = lambda _: None,
) -> SelfTestResult:
    """
    Try every mutant and every control on copies of a good database; `tell` hears of each when it is done.

    The controls are held to the whole suite, or to the requirements of `control_only`. The slow ones begin first, so
    that none of them is left over at the end.
    """
    began = time.monotonic()
    with fresh_database(server, prefix=PREFIX) as template:
        install(template)
        bench = Bench(server, template.name, postgres_bin, has_collateral, suite)
        with ThreadPoolExecutor(workers) as pool:
            tried = [pool.submit(bench.try_control, control, control_only) for control in controls]
            hunted = {each.name: pool.submit(bench.try_mutant, each) for each in sorted(mutants, key=_haste)}
            begun: list[Future[Any]] = [*tried, *hunted.values()]
            try:
                for done in as_completed(begun):
                    tell(done.result())
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    return SelfTestResult(
        tuple(hunted[mutant.name].result() for mutant in mutants),
        tuple(future.result() for future in tried),
        round(time.monotonic() - began, 3),
    )


def draw(mutants: Sequence[Specimen], size: int, seed: int) -> list[Specimen]:
    """A sample of so many mutants, from as many groups as there are; the same seed draws the same."""
    random = Random(seed)
    by_group: dict[str, list[Specimen]] = {}
    for mutant in mutants:
        by_group.setdefault(mutant.group, []).append(mutant)
    groups = [random.sample(members, len(members)) for members in by_group.values()]
    random.shuffle(groups)
    in_turn = [each for row in zip_longest(*groups) for each in row if each is not None]
    drawn = set(in_turn[:size])
    return [mutant for mutant in mutants if mutant in drawn]


def choose(specimens: Sequence[Specimen], names: Collection[str]) -> list[Specimen]:
    """
    Those that are named.

    Raises:
        UsageError: a name is nobody's.
    """
    known = {each.name for each in specimens}
    for name in names:
        if name not in known:
            near = get_close_matches(name, sorted(known), n=3, cutoff=0.4)
            raise UsageError(f"no mutant or control named '{name}'", expected=" or ".join(near) or None)
    return [each for each in specimens if each.name in names]


def _haste(mutant: Specimen) -> int:
    """Where a mutant stands in line, by the slowest family that it breaks a rule of."""
    families = set(map(family_of, mutant.breaks))
    return next((place for place, family in enumerate(SLOW_FAMILIES) if family in families), len(SLOW_FAMILIES))
