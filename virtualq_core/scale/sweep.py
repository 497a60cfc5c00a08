"""One database after another, from ten thousand tickets up, seeded alike; each is read and dropped before the next."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from virtualq_core.database.clone import require_copies
from virtualq_core.database.fingerprint import fingerprint
from virtualq_core.errors import UsageError
from virtualq_core.scale.power import LEAST_SIZES
from virtualq_core.scale.reading import read_size
from virtualq_core.scale.result import Sweep
from virtualq_core.seeding import SeedPlan
from virtualq_core.seeding.kept import Recipe, find_kept, seeded_copy

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtualq_core.database.server import Server
    from virtualq_core.scale.reading import Size

SMALLEST = 10_000
TENANTS = 200


def sizes_up_to(tickets: int) -> list[int]:
    """
    1, 3, 10 times ten thousand and so on, evenly spaced by ratio to the eye, and at last `tickets` itself.

    Raises:
        UsageError: there would be fewer than three.
    """
    steps = [SMALLEST * 10**decade * step for decade in range(10) for step in (1, 3)]
    sizes = [size for size in steps if size < tickets / 2] + [tickets]
    if len(sizes) < LEAST_SIZES:
        raise UsageError(
            "too few tickets for growth to be seen", observed=f"{tickets:,}", expected=f"at least {SMALLEST * 10:,}"
        )
    return sizes


def sweep(
    server: Server,
    *,
    tickets: int,
    tenants: int = TENANTS,
    seed: int = 1,
    indexes: str = "seed",
    tell: Callable[[str], None] = lambda _: None,
) -> Sweep:
    """
    Read databases of every size up to `tickets`.

    Raises:
        UsageError: there are too few tickets for three sizes.
        EnvironmentFault: no room, or databases cannot be made on this server.
    """
    sizes = sizes_up_to(tickets)
    require_copies(server)
    with server.maintenance.connect() as connection:
        environment = fingerprint(connection, server)
    return Sweep(
        environment=environment,
        indexes=indexes,
        tenants=tenants,
        seed=seed,
        sizes=tuple(_read(server, Recipe(SeedPlan(size, tenants, seed=seed), indexes), tell) for size in sizes),
    )


def _read(server: Server, recipe: Recipe, tell: Callable[[str], None]) -> Size:
    is_kept = find_kept(server, recipe) is not None
    tell(f"{recipe.plan.tickets:,} tickets: {'copying' if is_kept else 'seeding'}")
    began = time.monotonic()
    with seeded_copy(server, recipe, prefix="vq_growth") as database:
        seed_s = None if is_kept else round(time.monotonic() - began, 3)
        return read_size(database, seed_s=seed_s, tell=tell)
