"""Reading the files of `conformance/interleavings/`."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from virtualq_core import content
from virtualq_core.conformance.interleaving.combination import read_combinations
from virtualq_core.conformance.interleaving.form import Form, InterleavingFault
from virtualq_core.conformance.interleaving.permutation import count_orders
from virtualq_core.conformance.interleaving.script import Interleaving, Setting, TicketPlan
from virtualq_core.conformance.interleaving.step import read_sessions
from virtualq_core.conformance.interleaving.vocabulary import Names
from virtualq_core.conformance.world import WORK
from virtualq_core.errors import InvalidMachine
from virtualq_core.machine import Machine

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FOLDER = "interleavings"
MOST_ORDERS = 200
"""More orders than these take too long, and show nothing that a smaller file would not."""
_OWN_MACHINE = "work"


def shipped() -> list[Interleaving]:
    """The interleavings of the suite, by name."""
    return [read(path) for path in sorted((content.folder("conformance") / FOLDER).glob("*.toml"))]


def read(path: Path) -> Interleaving:
    """
    One file.

    Raises:
        InterleavingFault: it says something that cannot be meant; the error names the place and the nearest word.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise InterleavingFault(f"{path.name} is not TOML", observed=error) from error
    return interleaving_from(table, path.stem)


def interleaving_from(table: Mapping[str, Any], name: str) -> Interleaving:
    """The interleaving of a table, as read from TOML; `name` is the file's, for errors."""
    form = Form(table, f"{name}.toml")
    about, requirements = form.text("about"), form.texts("requirements")
    machines = _read_machines(form.form("machines"))
    stories = form.form("sessions")
    created = _creations(stories)
    setting = _read_setting(form.form("world"), machines, created)
    names = _gather_names(setting, created)
    sessions = read_sessions(stories, names)
    by_name = {session.name: session for session in sessions}
    found = Interleaving(
        name=name,
        about=about,
        requirements=requirements,
        requires=form.texts("requires", ()),
        setting=setting,
        sessions=sessions,
        allowed=read_combinations(form.forms("allowed"), by_name, names),
        never_waits=tuple(form.one_of(each, by_name, "session") for each in form.texts("never_waits", ())),
        may_deadlock=tuple(form.one_of(each, by_name, "session") for each in form.texts("may_deadlock", ())),
    )
    form.close()
    orders = count_orders(found.lengths.values())
    if orders > MOST_ORDERS:
        form.refuse("the steps of its sessions come in too many orders", orders, f"at most {MOST_ORDERS}")
    return found


def _read_machines(form: Form) -> dict[str, Mapping[str, Any]]:
    """The file's machines, the first of which is the tickets' unless they say otherwise, and the suite's own."""
    found: dict[str, Mapping[str, Any]] = {}
    for name in form.table:
        document = form.form(name).table
        try:
            Machine.parse(dict(document))
        except InvalidMachine as error:
            raise InterleavingFault(f"{form.place}: '{name}' is no machine", observed=error) from error
        found[name] = document
    return {**found, _OWN_MACHINE: WORK}


def _creations(form: Form) -> dict[str, str | None]:
    """The tickets that steps create, with their types: other steps may come earlier in the file and name them."""
    found: dict[str, str | None] = {}
    for name in form.table:
        for step in form.form(name).table.get("steps", ()):
            if isinstance(step, dict) and isinstance(step.get("create"), str):
                found[step["create"]] = step.get("type")
    return found


def _read_setting(form: Form, machines: Mapping[str, Mapping[str, Any]], created: Mapping[str, str | None]) -> Setting:
    usual = next(iter(machines))
    queues = form.texts("queues", ("counter",))
    employees = form.texts("employees", ("Ada",))
    customers = form.texts("customers", ())
    tickets = []
    for name, details in form.form("tickets").table.items():
        # A list is short for the transitions that the ticket took.
        ticket = Form({"took": details} if isinstance(details, list) else details, f"{form.place} '{name}'")
        kind = ticket.chosen("type", machines, usual)
        edges = Machine.parse(dict(machines[kind])).names
        tickets.append(
            TicketPlan(
                name=name,
                type=kind,
                queue=ticket.chosen("queue", queues, queues[0]),
                took=tuple(ticket.one_of(each, edges, "transition") for each in ticket.texts("took", ())),
                customer=ticket.chosen("customer", customers, None),
                employee=ticket.chosen("employee", employees, None),
                ttl_minutes=ticket.number("ttl_minutes") if ticket.has("ttl_minutes") else None,
            )
        )
        ticket.close()
    form.close()
    types = [usual, *(ticket.type for ticket in tickets), *(kind for kind in created.values() if kind)]
    return Setting(
        queues=queues,
        customers=customers,
        employees=employees,
        machines=machines,
        types=tuple(form.one_of(kind, machines, "machine") for kind in dict.fromkeys(types)),
        tickets=tuple(tickets),
    )


def _gather_names(setting: Setting, created: Mapping[str, str | None]) -> Names:
    """All that steps can name; everything has one name of its own."""
    tickets = (*(ticket.name for ticket in setting.tickets), *created)
    named = [*tickets, *setting.queues, *setting.customers, *setting.employees]
    for name in named:
        if named.count(name) > 1:
            raise InterleavingFault(f"two things are named '{name}'", expected="a name for each")
    machines = [Machine.parse(dict(document)) for document in setting.machines.values()]
    return Names(
        tickets=tickets,
        queues=setting.queues,
        customers=setting.customers,
        employees=setting.employees,
        types=setting.types,
        machines=tuple(setting.machines),
        states=tuple(dict.fromkeys(state for machine in machines for state in machine.states)),
        transitions=tuple(dict.fromkeys(name for machine in machines for name in machine.names)),
    )
