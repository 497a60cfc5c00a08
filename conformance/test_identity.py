"""Identity: what the outside world calls a thing by is unique, never changes and is the database's to choose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from virtualq_core import content

if TYPE_CHECKING:
    from conformance.conftest import Audit
    from virtualq_core.conformance.expectation import Expectation
    from virtualq_core.conformance.world import Actor, Application
    from virtualq_core.subjects import SubjectSession

SQL = content.beside(__file__, "identity.sql")
CHOICES = [name for name in SQL if name.startswith("choose_")]
VERSION_7 = 7


@pytest.mark.requirement("IDN-001")
def test_everything_has_an_extid(maintainer: Actor, expect: Expectation) -> None:
    """Every table of things has one: a uuid, mandatory, drawn by default, unique."""
    found = maintainer.run(SQL["list_identifiers"])

    expect.equal([row.table for row in found if not row.is_identified], [])
    expect.holds(len(found) >= 8, [row.table for row in found], "at least the document's eight tables of things")


@pytest.mark.requirement("IDN-002")
def test_no_two_tickets_share_an_extid(
    client: SubjectSession, app: Application, owner: Actor, expect: Expectation
) -> None:
    """Created in a row they all differ, and even the owner cannot use one again."""
    tenant = app.tenant
    created = [client.create_ticket(tenant.id, tenant.queue_id, tenant.type_id) for _ in range(20)]

    expect.equal(len({ticket.extid for ticket in created}), 20, "different extids:")
    with owner.trial(), expect.refused("23505"):
        owner.change(SQL["plant_own_extid"], ticket_id=created[0].id)


@pytest.mark.requirement("IDN-003")
def test_an_extid_that_occurs_in_two_tables_is_found(audit: Audit, expect: Expectation) -> None:
    """No constraint spans tables; the audit does, and finds the twin in another table, and no other."""
    found = [row.detail for row in audit.violations if row.rule == "extid-occurs-once"]

    expect.equal(found, [f"{audit.twin} occurs 2 times"])


@pytest.mark.requirement("IDN-004")
def test_extids_are_ordered_by_time(maintainer: Actor, expect: Expectation) -> None:
    """They are of version 7: the first 48 bits are the millisecond in which they were drawn."""
    for row in maintainer.run(SQL["draw_extids"], count=200):
        drawn_ms = row.extid.int >> 80
        expect.equal((row.extid.version, row.extid.variant), (VERSION_7, "specified in RFC 4122"))
        expect.holds(
            row.before_ms <= drawn_ms <= row.after_ms,
            f"{drawn_ms} ms",
            f"between {row.before_ms} and {row.after_ms} ms",
        )


@pytest.mark.requirement("IDN-005")
def test_the_ids_of_what_grows_do_not_run_out(maintainer: Actor, expect: Expectation) -> None:
    """Tickets, items and history rows are counted in 64 bits."""
    for row in maintainer.run(SQL["find_id_types"]):
        expect.equal((row.table, row.type, row.is_always_drawn), (row.table, "bigint", True))


@pytest.mark.requirement("IDN-006")
@pytest.mark.parametrize("choice", CHOICES)
def test_the_application_chooses_nothing_that_is_derived(app: Application, expect: Expectation, choice: str) -> None:
    """Identifiers, versions and times are the database's; a chosen one would tell whether another tenant has it."""
    given = {"queue_id": app.tenant.queue_id, "type_id": app.tenant.type_id, "ticket_id": app.create()}

    with app.trial(), expect.refused("42501"):
        app.change(SQL[choice], **given)
