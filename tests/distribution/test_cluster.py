"""The layout on a real cluster of Citus: a coordinator and two workers in containers, where an engine is."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.core.conftest import SQL as SHOP
from tests.core.conftest import Shop, one, open_shop
from tests.database.conftest import eventually
from tests.distribution.test_overlay import TWO_STEPS, WITHOUT_DOING
from virtualq_core import content
from virtualq_core.database import capability, guard, remote
from virtualq_core.database.guard import Standing
from virtualq_core.database.install import install
from virtualq_core.database.layout import Layout
from virtualq_core.errors import IllegalTransition
from virtualq_core.measure.plan import Plan
from virtualq_core.tenancy import APPLICATION_ROLE, MAINTAINER_ROLE, tenant_scope
from virtualq_core.tickets import Tickets
from virtualq_core.types import Types

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtualq_core.database.server import Database

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.requires("docker")]

SQL = content.beside(__file__, "cluster.sql")
IMAGE = "citusdata/citus:14.0"
_PORT = 5432
_PATIENCE_S = 120.0
_COMMAND = "postgres -c shared_preload_libraries=citus -c wal_level=logical -c citus.enable_unsafe_triggers=on"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Database]:
    """The coordinator's database, with two workers, before anything is installed."""
    # A fixture of the module is made before the marker above is looked at.
    missing = capability.lacking_without_server("docker")
    if missing is not None:
        pytest.skip(f"missing: {missing}")
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415 -- needed where an engine is
    from testcontainers.core.network import Network  # noqa: PLC0415

    with ExitStack() as stack:
        network = stack.enter_context(Network())
        dsns = {}
        for name in ("coordinator", "worker1", "worker2"):
            container = DockerContainer(IMAGE).with_network(network).with_network_aliases(name)
            container.with_env("POSTGRES_HOST_AUTH_METHOD", "trust").with_exposed_ports(_PORT).with_command(_COMMAND)
            stack.enter_context(container)
            dsns[name] = make_conninfo(
                host=container.get_container_host_ip(),
                port=str(container.get_exposed_port(_PORT)),
                user="postgres",
                dbname="postgres",
            )
        for name, dsn in dsns.items():
            eventually(partial(_answers, dsn), f"{name} answers", bound_s=_PATIENCE_S)
        coordinator = remote.server(dsns["coordinator"])
        with coordinator.maintenance.connect() as connection:
            connection.execute(SQL["name_coordinator"].sql, {"host": "coordinator", "port": _PORT})
            for name in ("worker1", "worker2"):
                connection.execute(SQL["add_worker"].sql, {"host": name, "port": _PORT})
        yield coordinator.maintenance


@pytest.fixture(scope="module")
def installed(cluster: Database) -> Database:
    """The same in the layout."""
    install(cluster, layout=Layout.DISTRIBUTED)
    return cluster


@pytest.fixture
def shops(installed: Database) -> tuple[Shop, Shop]:
    """Two tenants."""
    with installed.connect(role=MAINTAINER_ROLE) as connection:
        account_id = one(connection, "add_account")
        return open_shop(connection, account_id, "North"), open_shop(connection, account_id, "South")


def _answers(dsn: str) -> bool:
    try:
        psycopg.connect(dsn, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def test_the_layout_is_installed_whole(installed: Database) -> None:
    """The same order of statements that the stand-ins accept."""
    assert guard.examine(installed) is Standing.MARKED


def test_an_operation_runs_within_and_without_a_transaction(installed: Database, shops: tuple[Shop, Shop]) -> None:
    """Handed to the tenant's node whole, or a statement at a time; a refusal keeps its code and constraint."""
    shop, _ = shops
    with installed.connect(role=APPLICATION_ROLE) as connection:
        tickets = Tickets(connection, shop.tenant_id)
        created = tickets.create(shop.queue_id, shop.order_type, custom_data={"channel": "web"})
        tickets.transition(created.id, "start")
        with tenant_scope(connection, shop.tenant_id):
            moved = tickets.transition(created.id, "complete")
        with pytest.raises(IllegalTransition):
            tickets.transition(created.id, "start")

    assert (moved.seq, moved.to_state) == (3, "ready")


def test_a_tenant_sees_its_own_rows_alone(installed: Database, shops: tuple[Shop, Shop]) -> None:
    """The setting reaches the nodes by `set local`, and no setting shows nothing."""
    shop, other = shops
    with installed.connect(role=APPLICATION_ROLE) as connection:
        created = Tickets(connection, shop.tenant_id).create(
            shop.queue_id, shop.order_type, custom_data={"channel": "web"}
        )
        visible = []
        for tenant_id in (shop.tenant_id, other.tenant_id):
            with tenant_scope(connection, tenant_id):
                visible.append(one(connection, "count_visible_tickets"))
        nobody = one(connection, "count_visible_tickets")

    assert created.id
    assert (visible, nobody) == ([1, 0], 0)


def test_a_publication_moves_tickets_on_every_node(installed: Database, shops: tuple[Shop, Shop]) -> None:
    """In one transaction with the revision."""
    shop, _ = shops
    with installed.connect(role=APPLICATION_ROLE) as connection:
        types, tickets = Types(connection, shop.tenant_id), Tickets(connection, shop.tenant_id)
        errand = types.define("errand", "Errand", TWO_STEPS)
        ticket = tickets.create(shop.queue_id, errand.id)
        tickets.transition(ticket.id, "take")
        published = types.publish(errand.id, fsm_schema=WITHOUT_DOING, state_mapping={"doing": "asked"})
        history = [step.to_state for step in tickets.history(ticket.id)]

    assert (published.revision, history) == (2, ["asked", "doing", "asked"])


def test_a_query_of_a_tenant_is_asked_of_one_node(installed: Database, shops: tuple[Shop, Shop]) -> None:
    """As the coordinator's own plan says."""
    shop, _ = shops
    with installed.connect(role=APPLICATION_ROLE) as connection, tenant_scope(connection, shop.tenant_id):
        given = {"tenant_id": shop.tenant_id, "queue_id": shop.queue_id, "states": ["received"]}
        explained = SQL["explain"].sql + " " + content.query("list_queue").sql
        row = connection.execute(explained.encode(), given).fetchone()

    assert row is not None
    plan = Plan.parse(row[0])
    assert plan.task_count == 1
    assert plan.root.kind != "Custom Scan"


def test_nothing_breaks_a_rule_in_the_end(installed: Database) -> None:
    """The owner's question about the whole database."""
    with installed.connect() as connection:
        assert connection.execute(SHOP["find_violations"].sql).fetchall() == []
