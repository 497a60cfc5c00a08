"""
pgbench as a stopwatch: many clients, one script, and the log of every transaction.

A rate counts only while all clients are at work: from where the last of them has warmed up to where the first has
finished. So neither connecting nor planning nor the thinning out at the end is in it.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from virtualq_core.database import client
from virtualq_core.errors import EnvironmentFault, VirtualQError
from virtualq_core.measure.sample import WARM_UP
from virtualq_core.tenancy import dsn_as

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from virtualq_core.database.server import Database

PROGRAM = "pgbench"
_MOST_S = 60.0
_MICRO = 1_000_000
_FIELDS = 6


class BenchmarkBroke(VirtualQError):
    """pgbench did not do all of its transactions; their time is worth nothing."""

    code = "pgbench-broke"


class TooShort(BenchmarkBroke):
    """At no time did all clients work at once; a longer run will do."""


@dataclass(frozen=True)
class Log:
    """Every transaction of a run: whose it was, when it ended (µs since an epoch), and how long it took (µs)."""

    clients: NDArray[np.int64]
    ends_us: NDArray[np.int64]
    latencies_us: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ends_us)

    @property
    def rate(self) -> float:
        """
        Transactions a second while all clients were at work and warm.

        Raises:
            TooShort: there was no such time.
        """
        numbers = np.unique(self.clients)
        warm_us = max(self.ends_us[self.clients == number][WARM_UP] for number in numbers)
        last_us = min(self.ends_us[self.clients == number][-1] for number in numbers)
        if last_us <= warm_us:
            raise TooShort(
                "its clients never worked all at once",
                observed=f"{len(self)} transactions of {len(numbers)} clients",
                expected="a longer run",
            )
        counted = np.count_nonzero((self.ends_us > warm_us) & (self.ends_us <= last_us))
        return float(counted * _MICRO / (last_us - warm_us))

    @property
    def warm_ms(self) -> NDArray[np.float64]:
        """The latencies in ms, without each client's first transactions."""
        kept = [self.latencies_us[self.clients == number][WARM_UP:] for number in np.unique(self.clients)]
        return np.concatenate(kept) / 1000


def find_program(database: Database) -> str | None:
    """Where pgbench is, for this database's server; none where it is missing."""
    try:
        path = client.program(database.server, PROGRAM)
    except EnvironmentFault:
        return None
    return shutil.which(path)


def run_script(
    database: Database,
    script: Path,
    *,
    clients: int,
    transactions: int,
    variables: Mapping[str, object],
    role: str | None = None,
    settings: Mapping[str, str] | None = None,
    rate_per_s: float | None = None,
) -> Log:
    """
    Let each of the clients run the script so many times, with its statements prepared.

    The clients work as `role`, with `settings` from their first statement on. With a rate the transactions are due at
    instants of a Poisson process, and their latencies run from there. pgbench is ended where it takes more than
    a minute, or where the caller is interrupted.

    Raises:
        EnvironmentFault: pgbench is missing, or did not end in time.
        BenchmarkBroke: a transaction failed.
    """
    program = find_program(database)
    if program is None:
        raise EnvironmentFault("pgbench is not there", next_step="install PostgreSQL's contributed programs")
    target = database.through(_with_settings(dsn_as(database.dsn, role), settings or {}))
    with tempfile.TemporaryDirectory(prefix="virtualq-pgbench-") as folder:
        command = [
            program,
            "--no-vacuum",
            "--protocol=prepared",
            f"--client={clients}",
            f"--transactions={transactions}",
            f"--file={script}",
            "--log",
            "--log-prefix=run",
            *([] if rate_per_s is None else [f"--rate={rate_per_s}"]),
            *(f"--define={name}={value}" for name, value in variables.items()),
            client.conninfo(target),
        ]
        try:
            done = subprocess.run(
                command,
                env=client.environment(target),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=_MOST_S,
            )
        except subprocess.TimeoutExpired as error:
            raise EnvironmentFault(f"pgbench did not end within {_MOST_S:.0f} s") from error
        log = _read(Path(folder))
    if done.returncode != 0 or len(log) != clients * transactions:
        raise BenchmarkBroke(
            f"pgbench did not get through {script.name}",
            observed=" ".join(done.stderr.split())[-500:] or f"{len(log)} transactions",
            expected=f"{clients * transactions} transactions",
        )
    return log


def _with_settings(dsn: str, settings: Mapping[str, str]) -> str:
    present = conninfo_to_dict(dsn).get("options") or ""
    added = " ".join(f"-c {name}={value}" for name, value in settings.items())
    return make_conninfo(dsn, options=f"{present} {added}".strip())


def _read(folder: Path) -> Log:
    """The log: a line a transaction, with client, number, latency, script, and the end's seconds and microseconds."""
    lines = [line.split()[:_FIELDS] for path in sorted(folder.glob("run.*")) for line in path.read_text().splitlines()]
    held = np.array([line for line in lines if line[2].isdigit()], dtype=np.int64).reshape(-1, _FIELDS)
    return Log(clients=held[:, 0], ends_us=held[:, 4] * _MICRO + held[:, 5], latencies_us=held[:, 2])
