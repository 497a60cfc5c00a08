"""Profiles: how much data and how much load a check takes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from virtualq_core.errors import UsageError


@dataclass(frozen=True)
class Profile:
    """
    The size of one check.

    `load_s` is how long clients move tickets, `clients` how many of them there are. `guarantees_s` is how long the cost
    of guarantees is measured, and `pools_s` how long connection pools are compared; 0 is not at all. `unasked` are
    families of requirements that take longer than the profile has time for. `conforms_apart` has the requirements asked
    in a small database of their own: they are about rules, which do not depend on how many tickets there are, and some
    ask the whole database, several times.
    """

    name: str
    tickets: int
    tenants: int
    load_s: float
    clients: int
    guarantees_s: float = 0.0
    pools_s: float = 0.0
    unasked: tuple[str, ...] = ()
    conforms_apart: bool = False

    def sized(self, tickets: int | None) -> Profile:
        """The same with another number of tickets; its own where none is given."""
        return self if tickets is None else replace(self, tickets=tickets)


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("smoke", 20_000, 12, 6.0, 8, unasked=("DUR",)),
        Profile("standard", 1_000_000, 60, 30.0, 16, guarantees_s=25.0, pools_s=30.0),
        Profile("large", 10_000_000, 200, 60.0, 16, guarantees_s=25.0, pools_s=30.0, conforms_apart=True),
    )
}


def find_profile(name: str) -> Profile:
    """
    The profile of that name.

    Raises:
        UsageError: there is none.
    """
    if name not in PROFILES:
        raise UsageError(f"no profile named '{name}'", expected=", ".join(PROFILES))
    return PROFILES[name]
