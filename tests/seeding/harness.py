"""A process that seeds and can be stopped on the way: it says how far it is, and waits for a line before it goes on."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from virtualq_core.database.remote import server as remote_server
from virtualq_core.seeding import SeedPlan, seed


def main(dsn: str, tickets: str, stop_at: str) -> None:
    """Seed so many tickets, wait when the phase `stop_at` is first reported, and say the peak of memory at the end."""
    waited = False

    def tell(phase: str, _done: int, _total: int) -> None:
        nonlocal waited
        if phase == stop_at and not waited:
            waited = True
            print(f"at {phase}", flush=True)  # noqa: T201 -- the tests read it
            sys.stdin.readline()

    try:
        dataset = seed(remote_server(dsn).maintenance, SeedPlan(int(tickets), 8), progress=tell)
    except KeyboardInterrupt:
        print("interrupted", flush=True)  # noqa: T201 -- the same
        sys.exit(130)
    print(f"seeded {dataset.hash} {peak_mib()}", flush=True)  # noqa: T201 -- the same


def peak_mib() -> int:
    """Of this program alone: `getrusage` counts what the process held before it became this program."""
    [peak_kib] = re.findall(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(encoding="ascii"), re.MULTILINE)
    return int(peak_kib) // 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
