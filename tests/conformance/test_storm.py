"""A storm: clients in threads whose recording is what happened, in the tenants that it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from virtualq_core import content
from virtualq_core.conformance.contention import Thresholds
from virtualq_core.conformance.traffic.demand import Mix
from virtualq_core.conformance.traffic.storm import Stalled, Storm
from virtualq_core.conformance.traffic.target import NothingToDo
from virtualq_core.conformance.world import World
from virtualq_core.subjects import ProceduralSubject
from virtualq_core.tenancy import APPLICATION_ROLE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from virtualq_core.database.server import Database
    from virtualq_core.subjects import SubjectSession
    from virtualq_core.subjects.procedural import ProceduralSession

pytestmark = [pytest.mark.server, pytest.mark.slow]

SQL = content.beside(__file__, "storm.sql")
LITTLE = Thresholds(min_operations=100, min_contended=1, min_races=0, max_unknown_share=0.2)
PATIENCE_S = 60.0


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    """The suite's account in a fresh database."""
    opened = World(database)
    yield opened
    opened.close()


def test_what_a_storm_records_is_what_happened(world: World) -> None:
    """The history of its tenants has a row for every acknowledged write, and none for any other."""
    tenants = [world.open_tenant("North"), world.open_tenant("South")]
    with Storm(world.database, ProceduralSubject(), tenant_ids=[one.id for one in tenants], clients=4) as storm:
        storm.wait_for(300, PATIENCE_S)
        judgement = storm.judge(thresholds=LITTLE)
    assert judgement.verdict == "passed", judgement
    assert judgement.tally.operations == storm.written >= 300
    with world.maintainer() as maintainer:
        rows = [maintainer.value(SQL["count_history"], tenant_id=one.id) for one in tenants]
    assert sum(rows) == judgement.tally.ok
    assert storm.failures == {}


def test_what_others_do_in_their_tenants_is_their_own_business(world: World) -> None:
    """Neither their tickets nor their types are touched, or looked at."""
    mine, other = world.open_tenant("Mine"), world.open_tenant("Other")
    with (
        world.application(other) as neighbour,
        Storm(world.database, ProceduralSubject(), tenant_ids=[mine.id], clients=2) as storm,
    ):
        ticket_id = neighbour.create("start")
        storm.wait_for(120, PATIENCE_S)
        judgement = storm.judge(thresholds=LITTLE)
        assert neighbour.ticket(ticket_id).version == 2
        assert neighbour.value(SQL["count_history"]) == 2
    assert judgement.verdict == "passed", judgement


def test_a_stranger_who_writes_to_its_tenants_is_found(world: World) -> None:
    """What nobody recorded, nobody asked for."""
    tenant = world.open_tenant("Mine")
    with (
        world.application(tenant) as stranger,
        Storm(world.database, ProceduralSubject(), tenant_ids=[tenant.id], clients=2) as storm,
    ):
        ticket_id = stranger.create()
        storm.wait_for(120, PATIENCE_S)
        [violation] = storm.judge(thresholds=LITTLE).violations
    assert (violation.invariant.value, violation.ticket_id) == ("steps-were-asked-for", ticket_id)


def test_clients_survive_a_lost_connection(world: World) -> None:
    """They connect again; what was under way is unknown, and settled by the history."""
    tenant = world.open_tenant("Mine")
    subject, one_by_one = ProceduralSubject(), Mix(transition=8, create=2)
    with (
        world.owner() as owner,
        Storm(world.database, subject, tenant_ids=[tenant.id], clients=4, mix=one_by_one) as storm,
    ):
        storm.wait_for(100, PATIENCE_S)
        assert owner.value(SQL["end_clients"]) == 4
        storm.wait_for(200, PATIENCE_S)
        judgement = storm.judge(thresholds=LITTLE, was_restarted=True)
    assert judgement.verdict == "passed", judgement
    assert judgement.tally.unknown <= 4
    assert set(storm.failures) & {"57P01", "connection-lost"}


class Hidden:
    """A session that keeps its connection to itself."""

    connection = None

    def __init__(self, session: SubjectSession) -> None:
        self._session = session

    def __exit__(self, *error: object) -> None:
        self._session.__exit__(None, None, None)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 -- whatever the session has
        return getattr(self._session, name)


class HiddenSubject(ProceduralSubject):
    """A subject that speaks to the database out of our sight."""

    def open(self, dsn: str, *, role: str | None = APPLICATION_ROLE) -> ProceduralSession:
        """Connect one client."""
        return cast("ProceduralSession", Hidden(super().open(dsn, role=role)))


def test_a_subject_out_of_sight_is_watched_by_a_connection_of_the_clients_own(world: World) -> None:
    """Lists and reads go that way."""
    tenant = world.open_tenant("Mine")
    with Storm(world.database, HiddenSubject(), tenant_ids=[tenant.id], clients=2) as storm:
        storm.wait_for(120, PATIENCE_S)
        judgement = storm.judge(thresholds=LITTLE)
    assert judgement.verdict == "passed", judgement
    assert judgement.tally.reads > 0


def test_who_waits_for_too_much_is_told_what_there_was(world: World) -> None:
    """With both figures."""
    tenant = world.open_tenant("Mine")
    storm = Storm(world.database, ProceduralSubject(), tenant_ids=[tenant.id], clients=1)
    with storm, pytest.raises(Stalled, match=r"too little done; observed \d+ in 0.2 s; expected 1000000"):
        storm.wait_for(1_000_000, 0.2)


def test_nothing_of_a_storm_is_left_on_disk(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it could not begin."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    tenant = world.open_tenant("Mine")
    with Storm(world.database, ProceduralSubject(), tenant_ids=[tenant.id], clients=1) as storm:
        assert len(list(tmp_path.iterdir())) == 1
        storm.wait_for(1, PATIENCE_S)
    with pytest.raises(NothingToDo), Storm(world.database, ProceduralSubject(), tenant_ids=[0], clients=1):
        pass
    assert list(tmp_path.iterdir()) == []
