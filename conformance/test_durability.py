"""
Durability: what a client was told holds, whatever becomes of its session and of the server.

The faults strike a private server with a copy of the schema under test; the server under test is not touched.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from psycopg import OperationalError

from virtualq_core import content
from virtualq_core.conformance.crash.campaign import ENOUGH, Campaign, run_campaign
from virtualq_core.conformance.crash.control import Control, run_control
from virtualq_core.conformance.crash.errand import Errand
from virtualq_core.conformance.crash.fault import FAULTS
from virtualq_core.conformance.crash.process import Watcher, backends, stopped
from virtualq_core.conformance.crash.proxy import Proxy
from virtualq_core.conformance.crash.replica import private_copy
from virtualq_core.conformance.expectation import Inconclusive, NotAsRequired
from virtualq_core.conformance.invariant import Invariant
from virtualq_core.conformance.world import Application, Tenant, World
from virtualq_core.database import capability
from virtualq_core.fix_crash import chosen_cycles
from virtualq_core.fix_subject import chosen_subjects
from virtualq_core.tenancy import APPLICATION_ROLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from virtualq_core.conformance.expectation import Expectation
    from virtualq_core.database.server import Database, Server
    from virtualq_core.subjects import Subject, SubjectSession

SQL = content.beside(__file__, "durability.sql")
OF_OPERATIONS = (Invariant.EXACTLY_ONCE, Invariant.ASKED_FOR)


@pytest.fixture(scope="session")
def copy(server: Server, database_under_test: Database) -> Iterator[Database]:
    """The schema under test on a server of its own."""
    for name in ("own_server", "pg_dump"):
        missing = capability.lacking(server, name)
        if missing is not None:
            pytest.skip(f"missing: {missing}")
    with private_copy(database_under_test) as made:
        yield made


@pytest.fixture(scope="session")
def control(copy: Database, request: pytest.FixtureRequest) -> Control:
    """Whether a loss is seen where there is one: tried once, with the first of the subjects."""
    return run_control(copy, chosen_subjects(request.config)[0])


@pytest.fixture(scope="session")
def campaign(copy: Database, subject: Subject, request: pytest.FixtureRequest) -> Campaign:
    """Every fault in turn while clients of the subject work, as often as `--cycles` says."""
    return run_campaign(copy, subject, cycles=chosen_cycles(request.config, FAULTS))


@dataclass(frozen=True)
class Site:
    """One tenant in the copy, for what is tried out step by step, and the application in its name."""

    world: World
    tenant: Tenant
    app: Application

    def steps(self, operation_id: UUID) -> list[Any]:
        """What is in the history of an operation."""
        return self.app.run(SQL["find_operation"], operation_id=operation_id)

    def states(self, ticket_id: int) -> list[str]:
        """Where a ticket has been."""
        return [row.to_state for row in self.app.history(ticket_id)]


@pytest.fixture
def site(copy: Database) -> Iterator[Site]:
    """A new one."""
    world = World(copy)
    try:
        tenant = world.open_tenant("North")
        with world.application(tenant) as app:
            yield Site(world, tenant, app)
    finally:
        world.close()


@pytest.mark.requirement("DUR-001")
def test_no_acknowledged_operation_is_lost_with_the_server(
    campaign: Campaign, control: Control, evidence: Callable[[str], None]
) -> None:
    """Whoever was told that it is done finds it done, after a crash and a restart."""
    crashes = campaign.ending_the_server()
    if crashes.tally.lost:
        [first, *_] = crashes.faults(Invariant.EXACTLY_ONCE)
        raise NotAsRequired(f"{crashes.tally.lost} of {crashes.tally.ok} acknowledged operations lost: {first}", "none")
    require_sight(control)
    require_enough(crashes)
    evidence(crashes.summary)
    evidence(control.summary)


@pytest.mark.requirement("DUR-002")
def test_an_operation_is_there_once_and_whole_or_not_at_all(
    campaign: Campaign, evidence: Callable[[str], None]
) -> None:
    """Also one whose client never heard of it; a ticket has its items, and no step is there that nobody asked for."""
    wrong = campaign.count(*OF_OPERATIONS) - campaign.tally.lost
    if wrong or campaign.torn:
        faults = [*campaign.faults(*OF_OPERATIONS), f"{campaign.torn} tickets without their items"]
        raise NotAsRequired("; ".join(faults[:2]), "each operation once and whole, or not at all")
    require_enough(campaign)
    evidence(campaign.summary)


@pytest.mark.requirement("DUR-003")
def test_sessions_that_end_under_load_leave_nothing_half_done(
    campaign: Campaign, control: Control, evidence: Callable[[str], None]
) -> None:
    """The server ends some, or all of them die with one backend."""
    require_sound(campaign.of("ended sessions", "killed backend"), evidence)
    require_sight(control)


@pytest.mark.requirement("DUR-003")
def test_an_operation_whose_session_ends_under_way_has_not_happened(
    subject: Subject, copy: Database, site: Site, expect: Expectation
) -> None:
    """It waits for a ticket when its session is ended: nothing of it is there, and it can be done later."""
    ticket_id, operation_id = site.app.create(), uuid4()

    def cancel(session: SubjectSession) -> int:
        return session.transition(site.tenant.id, ticket_id, "cancel", operation_id=operation_id).seq

    with Watcher(copy) as watcher, site.app.trial():
        site.app.take(ticket_id, "start")
        errand = Errand(subject, copy.dsn, cancel)
        watcher.end(errand.await_rivalry(watcher, site.app.connection.info.backend_pid))
    expect.equal(errand.told(), "unknown", "to the client whose session was ended, the outcome is")
    expect.equal(site.states(ticket_id), ["received"])
    expect.equal(Errand(subject, copy.dsn, cancel).result(), 2)


@pytest.mark.requirement("DUR-004")
def test_holders_that_stop_under_load_lose_and_corrupt_nothing(
    campaign: Campaign, evidence: Callable[[str], None]
) -> None:
    """A client holds what others wait for and is stopped; it goes on later, or is ended."""
    require_sound(campaign.of("stopped holder", "ended holder"), evidence)


@pytest.mark.requirement("DUR-004")
@pytest.mark.parametrize("is_ended", [False, True], ids=["continued", "ended"])
def test_others_go_on_when_a_stopped_holder_is_gone(
    subject: Subject, copy: Database, site: Site, expect: Expectation, *, is_ended: bool
) -> None:
    """Whoever waited acts upon what the holder did, where it could still do it, and else as if it had not been."""
    ticket_id = site.app.create()

    def cancel(session: SubjectSession) -> str:
        return session.transition(site.tenant.id, ticket_id, "cancel").from_state

    with Watcher(copy) as watcher, site.world.application(site.tenant) as holder:
        pid = holder.connection.info.backend_pid
        with contextlib.suppress(OperationalError), holder.transaction():
            holder.take(ticket_id, "start")
            [process] = backends(copy.server, [pid])
            with stopped(process):
                errand = Errand(subject, copy.dsn, cancel)
                errand.await_rivalry(watcher, pid)
                if is_ended:
                    watcher.end(pid)
        expect.equal(errand.result(), "received" if is_ended else "in_progress")
    before = ["received"] if is_ended else ["received", "in_progress"]
    expect.equal(site.states(ticket_id), [*before, "cancelled"])


@pytest.mark.requirement("DUR-005")
def test_answers_that_get_lost_under_load_are_told_by_their_id(
    campaign: Campaign, evidence: Callable[[str], None]
) -> None:
    """They are dropped after the commit, while others work on the same tickets."""
    part = campaign.of("lost answers")
    require_sound(part, evidence)
    if not part.tally.applied:
        raise Inconclusive(f"no operation that was applied and not answered ({part.summary})", "one at least")


@pytest.mark.requirement("DUR-005")
@pytest.mark.parametrize("kind", ["transition", "creation", "bulk"])
def test_an_operation_whose_answer_was_lost_is_done_once(
    subject: Subject, copy: Database, site: Site, expect: Expectation, kind: str
) -> None:
    """Committed, and the connection cut: sent again by its id, it is answered with what it did."""
    ticket_id, operation_id, tenant = site.app.create(), uuid4(), site.tenant

    def send(session: SubjectSession) -> Any:  # noqa: ANN401 -- each kind has its own answer
        match kind:
            case "transition":
                return session.transition(tenant.id, ticket_id, "start", operation_id=operation_id)
            case "creation":
                return session.create_ticket(tenant.id, tenant.queue_id, tenant.type_id, operation_id=operation_id)
            case _:
                [outcome] = session.transition_many(tenant.id, [ticket_id], "start", operation_ids=[operation_id])
                return outcome

    with Proxy(copy) as proxy, proxy.losing(lambda: bool(site.steps(operation_id))):
        told = Errand(subject, proxy.dsn, send).told()
        expect.equal(told, "unknown", "to the client whose answer was lost, the outcome is")
    [done] = site.steps(operation_id)
    again = Errand(subject, copy.dsn, send).result()

    match kind:
        case "transition":
            expect.equal((again.replayed, again.seq, again.to_state), (True, done.seq, done.to_state))
        case "creation":
            expect.equal((again.replayed, again.id, again.state), (True, done.ticket_id, done.to_state))
        case _:
            expect.equal((again.outcome, again.seq, again.to_state), ("replayed", done.seq, done.to_state))
    expect.equal(len(site.steps(operation_id)), 1, f"steps of a {kind} that was sent again:")
    expect.equal(len(site.states(done.ticket_id)), done.seq)


@pytest.mark.requirement("DUR-006")
def test_every_invariant_holds_after_a_restart(
    campaign: Campaign, control: Control, evidence: Callable[[str], None]
) -> None:
    """Of the tickets that clients worked on, and in the database's own audit."""
    require_sound(campaign.ending_the_server(), evidence)
    require_sight(control)


@pytest.mark.requirement("DUR-007")
def test_what_is_committed_is_flushed(
    database_under_test: Database, expect: Expectation, evidence: Callable[[str], None]
) -> None:
    """The page cache outlives a process that is killed: what a power cut would take, no fault here can show."""
    with database_under_test.connect(role=APPLICATION_ROLE) as connection:
        expect.equal([name for (name,) in connection.execute(SQL["list_settings_off"].sql)], [])
    evidence("none of fsync, full_page_writes and synchronous_commit is off; killing processes cannot show fsync = off")


def require_sight(control: Control) -> None:
    """A loss is seen where there is one; else none that was seen proves nothing."""
    if not control.is_flagged:
        raise Inconclusive(control.summary, "a loss that is seen where there is one")


def require_sound(part: Campaign, evidence: Callable[[str], None]) -> None:
    """Nothing is wrong in these cycles, and enough happened in them."""
    faults = part.faults()
    if faults:
        raise NotAsRequired("; ".join(faults[:2]), "nothing lost, nothing twice, nothing in part")
    require_enough(part)
    evidence(part.summary)


def require_enough(part: Campaign) -> None:
    """The faults hit somebody, and enough operations came to an end that is known."""
    if not part.hits:
        raise Inconclusive(f"no fault that hit anything ({part.summary})", "one at least")
    doubts = part.tally.doubts(ENOUGH)
    if doubts:
        observed = "; ".join(f"{doubt.what}: {doubt.observed}" for doubt in doubts)
        raise Inconclusive(observed, "; ".join(doubt.expected for doubt in doubts))
