"""What is to be seeded: the few figures that, with the code, decide every byte of the data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from virtualq_core.errors import UsageError

# A Wednesday at the busiest hour in Europe, with both hemispheres' clock changes in the 90 days before it. It is a
# constant so that the same plan is the same data on every day; it lies in the past so that whatever is done to the
# data afterwards is younger than everything in it.
DEFAULT_NOW = datetime(2025, 11, 12, 14, 0, tzinfo=UTC)
DEFAULT_LOCALES = ("en_US", "de_DE", "fr_FR", "ja_JP")
MAX_TENANTS = 10_000


@dataclass(frozen=True)
class SeedPlan:
    """
    The same plan gives the same rows, byte for byte, on any machine and any PostgreSQL version.

    `now` is the moment at which the data was "recorded": arrivals fill the 90 days before it, tickets are open, waits
    estimated and times to live running as of it. Whatever asks about time (expiry, waits) is given this moment.

    Raises:
        UsageError: a figure is out of range, or `now` has no time zone.
    """

    tickets: int
    tenants: int
    seed: int = 1
    locales: tuple[str, ...] = DEFAULT_LOCALES
    now: datetime = DEFAULT_NOW

    def __post_init__(self) -> None:
        if self.tickets < 1:
            raise UsageError("too few tickets", observed=self.tickets, expected="at least 1")
        if not 1 <= self.tenants <= MAX_TENANTS:
            raise UsageError("no such number of tenants", observed=self.tenants, expected=f"1 to {MAX_TENANTS:,}")
        if self.seed < 0:
            raise UsageError("a seed is not negative", observed=self.seed, expected="0 or more")
        if not self.locales:
            raise UsageError("no locale", expected="at least one, such as en_US")
        if self.now.tzinfo is None:
            raise UsageError("'now' has no time zone", observed=self.now.isoformat())

    @property
    def identity(self) -> str:
        """The plan in one line; the first thing that goes into the dataset's hash."""
        moment = self.now.astimezone(UTC).isoformat()
        locales = ",".join(self.locales)
        return f"tickets={self.tickets} tenants={self.tenants} seed={self.seed} locales={locales} now={moment}"
