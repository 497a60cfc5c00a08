"""History: every change of state is recorded once, in order, and for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from virtualq_core import content
from virtualq_core.conformance.expectation import KEPT, NO_RIGHT
from virtualq_core.conformance.race import begin_blocked

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtualq_core.conformance.expectation import Expectation
    from virtualq_core.conformance.world import Actor, Application, Tenant, World
    from virtualq_core.subjects import SubjectSession

SQL = content.beside(__file__, "history.sql")
LIES = [name for name in SQL if name.startswith("falsify_by_")]
LIES_OF_THE_OWNER = [name for name in LIES if name != "falsify_by_insert"]


@pytest.mark.requirement("HIS-001")
def test_a_change_of_state_and_its_record_are_one(app: Application, expect: Expectation) -> None:
    """Within the transaction the row is there with the change, and a rollback takes both back."""
    ticket_id = app.create()

    with app.trial():
        app.take(ticket_id, "start")
        expect.equal((app.ticket(ticket_id).version, len(app.history(ticket_id))), (2, 2))
    expect.equal((app.ticket(ticket_id).version, len(app.history(ticket_id))), (1, 1))


@pytest.mark.requirement("HIS-001")
@pytest.mark.requires("plain_update")
def test_a_plain_change_of_state_and_its_record_are_one(app: Application, expect: Expectation) -> None:
    """The same for an UPDATE that moves the ticket and names nothing else."""
    ticket_id = app.create()

    with app.trial():
        app.change(SQL["write_state"], ticket_id=ticket_id, state="in_progress")
        expect.equal((app.ticket(ticket_id).version, len(app.history(ticket_id))), (2, 2))
    expect.equal((app.ticket(ticket_id).version, len(app.history(ticket_id))), (1, 1))


@pytest.mark.requirement("HIS-001")
def test_no_ticket_is_ahead_of_its_history(
    client: SubjectSession, client_pid: int, north: Tenant, app: Application, owner: Actor, expect: Expectation
) -> None:
    """While the history cannot be written, the ticket has not moved for anybody else; then both are there."""
    ticket_id = app.create()

    with owner.trial():
        owner.change(SQL["hold_history"])
        step = begin_blocked(app, client_pid, lambda: client.transition(north.id, ticket_id, "start"))
        seen = app.ticket(ticket_id).version, len(app.history(ticket_id))
    expect.equal((step.result(30).seq, seen), (2, (1, 1)))
    expect.equal((app.ticket(ticket_id).version, len(app.history(ticket_id))), (2, 2))


@pytest.mark.requirement("HIS-002")
def test_a_history_is_an_unbroken_path(
    client: SubjectSession, north: Tenant, app: Application, expect: Expectation
) -> None:
    """It counts from 1 without gaps, each step leaves where the last one arrived, and the last is the ticket's."""
    created = client.create_ticket(north.id, north.queue_id, north.type_id)
    for name in ("start", "complete", "remind", "remind", "pickup"):
        client.transition(north.id, created.id, name)

    history, ticket = client.history(north.id, created.id), app.ticket(created.id)
    expect.equal([step.seq for step in history], [1, 2, 3, 4, 5, 6])
    expect.equal([step.from_state for step in history[1:]], [step.to_state for step in history[:-1]])
    expect.equal((ticket.current_state, ticket.version), (history[-1].to_state, history[-1].seq))


@pytest.mark.requirement("HIS-003")
def test_a_history_begins_with_the_start(client: SubjectSession, north: Tenant, expect: Expectation) -> None:
    """The first row leads into the initial state, by the transition that init names."""
    created = client.create_ticket(north.id, north.queue_id, north.type_id, actor="ada", metadata={"via": "kiosk"})

    [first] = client.history(north.id, created.id)
    expect.equal((first.seq, first.from_state, first.transition_name, first.to_state), (1, "none", "init", "received"))
    expect.equal((first.actor, first.metadata), ("ada", {"via": "kiosk"}))


@pytest.mark.requirement("HIS-004")
def test_a_step_says_who_did_what_and_why(client: SubjectSession, north: Tenant, expect: Expectation) -> None:
    """The row has the transition, the actor, the metadata, the operation id and the revision as they were given."""
    created = client.create_ticket(north.id, north.queue_id, north.type_id)
    operation_id, metadata = uuid4(), {"reason": "ünïcode \u2028", "tries": [1, 2.5, None]}

    client.transition(north.id, created.id, "start", actor="ada", metadata=metadata, operation_id=operation_id)
    last = client.history(north.id, created.id)[-1]
    expect.equal((last.transition_name, last.actor, last.revision), ("start", "ada", 1))
    expect.equal((last.metadata, last.operation_id), (metadata, operation_id))


@pytest.mark.requirement("HIS-004")
def test_a_step_of_a_bulk_call_says_so_too(client: SubjectSession, north: Tenant, expect: Expectation) -> None:
    """Each ticket's row has the transition, the actor and the metadata of the call, and its own operation id."""
    created = [client.create_ticket(north.id, north.queue_id, north.type_id).id for _ in range(2)]
    operation_ids, metadata = [uuid4(), uuid4()], {"reason": "closing time"}

    client.transition_many(north.id, created, "cancel", actor="ada", metadata=metadata, operation_ids=operation_ids)
    for ticket_id, operation_id in zip(created, operation_ids, strict=True):
        last = client.history(north.id, ticket_id)[-1]
        expect.equal((last.transition_name, last.actor, last.revision), ("cancel", "ada", 1))
        expect.equal((last.metadata, last.operation_id), (metadata, operation_id))


@pytest.mark.requirement("HIS-004")
@pytest.mark.requires("plain_update")
def test_plain_sql_may_say_so_too(app: Application, expect: Expectation) -> None:
    """An UPDATE that names transition, actor, metadata and operation id is recorded with them."""
    ticket_id, operation_id = app.create(), uuid4()
    given = {"transition": "start", "actor": "ada", "metadata": Jsonb({"via": "sql"}), "operation_id": operation_id}

    app.change(SQL["name_transition"], ticket_id=ticket_id, **given)
    last = app.history(ticket_id)[-1]
    told = (last.transition_name, last.actor, last.metadata, last.operation_id)
    expect.equal(told, ("start", "ada", {"via": "sql"}, operation_id))


@pytest.mark.requirement("HIS-005")
def test_a_self_edge_is_recorded(client: SubjectSession, north: Tenant, app: Application, expect: Expectation) -> None:
    """An auditor asks who pressed the button, not whether the label changed."""
    ticket_id = app.create("start", "complete")

    step = client.transition(north.id, ticket_id, "remind", actor="ada")
    last = client.history(north.id, ticket_id)[-1]
    expect.equal((step.seq, step.from_state, step.to_state), (4, "ready", "ready"))
    expect.equal((last.seq, last.transition_name, last.actor), (4, "remind", "ada"))


@pytest.mark.requirement("HIS-006")
@pytest.mark.parametrize("lie", LIES)
def test_the_application_cannot_falsify_history(app: Application, expect: Expectation, lie: str) -> None:
    """It has no right to write, change or delete a row, nor to empty the table."""
    ticket_id = app.create()

    with app.trial(), expect.refused(NO_RIGHT):
        app.change(SQL[lie], ticket_id=ticket_id)


@pytest.mark.requirement("HIS-006", "HIS-007")
def test_no_column_of_history_is_changed(
    app: Application, owner: Actor, maintainer: Actor, expect: Expectation, evidence: Callable[[str], None]
) -> None:
    """Not one of them, neither by the application nor by the owner or the maintainer."""
    ticket_id = app.create()

    columns = maintainer.run(SQL["list_columns"])
    for row in columns:
        names = {"column": sql.Identifier(row.column), "value": sql.SQL(row.value)}
        statement = sql.SQL(SQL["falsify_column"].sql).format(**names)
        with app.trial(), expect.refused(NO_RIGHT):
            app.change(statement, ticket_id=ticket_id)
        for actor in (owner, maintainer):
            with actor.trial(), expect.refused(KEPT):
                actor.change(statement, ticket_id=ticket_id)
    evidence(f"{len(columns)} columns: {', '.join(row.column for row in columns)}")


@pytest.mark.requirement("HIS-007")
@pytest.mark.parametrize("lie", LIES_OF_THE_OWNER)
def test_the_owner_cannot_falsify_history(app: Application, owner: Actor, expect: Expectation, lie: str) -> None:
    """Rows are changed, deleted or truncated by nobody, the owner included; only a purge deletes, on purpose."""
    ticket_id = app.create()

    with owner.trial(), expect.refused(KEPT):
        owner.change(SQL[lie], ticket_id=ticket_id)


@pytest.mark.requirement("HIS-007")
@pytest.mark.parametrize("lie", [lie for lie in LIES_OF_THE_OWNER if "by_update" in lie or "by_delete" in lie])
def test_the_maintainer_cannot_falsify_history(
    app: Application, maintainer: Actor, expect: Expectation, lie: str
) -> None:
    """The role that the purge runs as is not enough without the purge."""
    ticket_id = app.create()

    with maintainer.trial(), expect.refused(KEPT):
        maintainer.change(SQL[lie], ticket_id=ticket_id)


@pytest.mark.requirement("HIS-008")
def test_a_ticket_with_a_history_is_not_deleted(app: Application, owner: Actor, expect: Expectation) -> None:
    """Neither by the application nor by the owner: no history is lost with its ticket."""
    ticket_id = app.create()

    for actor in (app, owner):
        with actor.trial(), expect.refused(KEPT):
            actor.change(SQL["delete_ticket"], ticket_id=ticket_id)
            actor.settle()


@pytest.mark.requirement("HIS-009")
def test_a_purge_takes_old_closed_tickets_and_nothing_else(
    world: World, owner: Actor, neighbour: Application, expect: Expectation
) -> None:
    """Closed before the given time: gone with items and history. Open, closed later, or another tenant's: untouched."""
    elsewhere = neighbour.create("cancel")
    with world.application(world.open_tenant("Archive")) as archive:
        old, still_open = archive.create("cancel"), archive.create("start")
        archive.change(SQL["add_item"], ticket_id=old)
        young = archive.create("start", "complete", "pickup")

        before = archive.ticket(young).closed_at
        purged = owner.value(SQL["purge"], tenant_id=archive.tenant_id, before=before)
        left = [archive.run(SQL["count_rows"], ticket_id=each)[0] for each in (old, still_open, young)]
    expect.equal(purged, 1)
    expect.equal(left, [(0, 0, 0), (1, 0, 2), (1, 0, 4)])
    expect.equal(neighbour.run(SQL["count_rows"], ticket_id=elsewhere), [(1, 0, 2)])


@pytest.mark.requirement("HIS-009")
def test_the_application_cannot_purge(app: Application, expect: Expectation) -> None:
    """Deleting an audit trail is not the application's to decide."""
    with expect.refused(NO_RIGHT):
        app.run(SQL["purge"], before="infinity")


@pytest.mark.requirement("HIS-010")
def test_steps_of_one_transaction_have_an_order(app: Application, expect: Expectation) -> None:
    """Several steps within one transaction, where the time stands still, are told apart by their number."""
    with app.transaction():
        ticket_id = app.create("start", "complete", "pickup")

    history = app.history(ticket_id)
    expect.equal([step.transition_name for step in history], ["init", "start", "complete", "pickup"])
    times = [step.occurred_at for step in history]
    expect.equal(times, sorted(times))


@pytest.mark.requirement("HIS-012")
def test_no_step_is_older_than_the_one_before_it(
    world: World, north: Tenant, app: Application, expect: Expectation
) -> None:
    """A transaction that began long ago records what it does with the time at which it does it."""
    ticket_id = app.create()

    with world.application(north) as late, late.transaction():
        late.ticket(ticket_id)
        app.take(ticket_id, "start")
        late.take(ticket_id, "complete")
    times = [step.occurred_at for step in app.history(ticket_id)]
    expect.equal(times, sorted(times))


@pytest.mark.requirement("HIS-011")
def test_a_step_without_an_actor_names_the_login(app: Application, expect: Expectation) -> None:
    """Somebody is always to be found."""
    ticket_id = app.create("start")

    login = app.value(SQL["name_session_user"])
    expect.equal({step.actor for step in app.history(ticket_id)}, {login})
