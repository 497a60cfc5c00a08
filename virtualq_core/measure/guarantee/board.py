"""Listing a queue as Python's application gets it, against pgbench, which decodes nothing."""

from __future__ import annotations

import re
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from virtualq_core.listing import fetch_queue
from virtualq_core.measure import catalogue
from virtualq_core.measure.guarantee.pgbench import run_script
from virtualq_core.measure.sample import WARM_UP, settled_heap

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

    import psycopg

    from virtualq_core.measure.catalogue import Case
    from virtualq_core.measure.observer import Observer

QUERY = "list_queue"
LISTED, DECODED, PGBENCH = "list_queue", "list_queue_decoded", "pgbench"
LEAST_BLOCKS = 8
_TIMES = 30


def measure_listing(observer: Observer, case: Case, *, limit_s: float, draw: random.Random) -> dict[str, list[float]]:
    """
    The median time in ms of the query of one case, block by block.

    `list_queue` is the library's (custom data decoded on access), `list_queue_decoded` psycopg's default, in which
    every field is a Python object. All ask the same statement, prepared, on a connection that is the tenant's from the
    start.

    Raises:
        WrongAnswer: the rows are not those of the independent counterpart, or the library's are not psycopg's.
    """
    settings = {"virtualq.tenant_id": str(case.tenant_id)}
    times: dict[str, list[float]] = {LISTED: [], DECODED: [], PGBENCH: []}
    with ExitStack() as stack:
        stack.enter_context(settled_heap())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="virtualq-listing-")))
        script = folder / f"{QUERY}.sql"
        script.write_text(_as_script(case.statement.sql), encoding="utf-8")
        variables = {name: _literal(value) for name, value in case.parameters.items()}
        ways: dict[str, Callable[[], float]] = {
            PGBENCH: lambda: float(
                np.median(
                    run_script(
                        observer.database,
                        script,
                        clients=1,
                        transactions=WARM_UP + _TIMES,
                        variables=variables,
                        role=observer.application,
                        settings=settings,
                    ).warm_ms
                )
            )
        }
        for name, fetch in ((LISTED, _listed), (DECODED, catalogue.fetch)):
            options = " ".join(f"-c {setting}={value}" for setting, value in settings.items())
            connection = stack.enter_context(observer.database.connect(role=observer.application, options=options))
            ways[name] = _timed(fetch, connection, case)
        _require_same(observer, case)
        for way in ways.values():
            way()
        deadline = time.monotonic() + limit_s
        while len(times[LISTED]) < LEAST_BLOCKS or time.monotonic() < deadline:
            for name in draw.sample(tuple(ways), len(ways)):
                times[name].append(ways[name]())
    return times


def _listed(connection: psycopg.Connection[Any], case: Case) -> Sequence[object]:
    return fetch_queue(connection, case.parameters)


def _timed(
    fetch: Callable[[psycopg.Connection[Any], Case], Sequence[object]], connection: psycopg.Connection[Any], case: Case
) -> Callable[[], float]:
    def run() -> float:
        durations_ms = []
        for _ in range(_TIMES):
            begin = time.perf_counter_ns()
            fetch(connection, case)
            durations_ms.append((time.perf_counter_ns() - begin) / 1e6)
        return median(durations_ms)

    return run


def _require_same(observer: Observer, case: Case) -> None:
    catalogue.check_answer(observer, case)
    options = f"-c virtualq.tenant_id={case.tenant_id}"
    with observer.database.connect(role=observer.application, options=options) as connection:
        plain = catalogue.fetch(connection, case)
        listed = [(*row[:-1], row.custom_data) for row in fetch_queue(connection, case.parameters)]
    if listed != plain:
        raise catalogue.WrongAnswer(
            "the library lists a queue otherwise than psycopg",
            observed=f"{len(listed):,} rows",
            expected=f"the same {len(plain):,} rows",
        )


def _as_script(text: str) -> str:
    """The statement with pgbench's variables for psycopg's; an array is given as its text."""
    return re.sub(r"any \((:\w+)\)", r"any (\1::text[])", re.sub(r"%\((\w+)\)s", r":\1", text)) + ";\n"


def _literal(value: object) -> object:
    return "{" + ",".join(f'"{one}"' for one in value) + "}" if isinstance(value, list) else value
