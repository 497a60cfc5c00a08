"""A load is all or nothing, the same for the same plan, and leaves the schema as it was."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from tests.seeding.facts import GOLDEN_HASH, SMALL, SQL, Seeded, ask, generate
from virtualq_core.database.clone import fresh_database
from virtualq_core.database.layout import Layout
from virtualq_core.database.retention import detach_history
from virtualq_core.errors import EnvironmentFault, GuardRefusal, UsageError
from virtualq_core.seeding import SeedPlan, UnsoundData, seed, verify
from virtualq_core.seeding import story as story_module
from virtualq_core.seeding.load import read_dataset
from virtualq_core.tickets import Tickets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from virtualq_core.database.server import Database, Server

pytestmark = pytest.mark.server

HARNESS = Path(__file__).with_name("harness.py")
PHASES = ("ticket", "ticketitem", "ticketstatehistory", "indexes", "check")
BOUND_S = 60.0


class Stop(Exception):
    """Somebody gave up on the way."""


def stop_at(wanted: str) -> Callable[[str, int, int], None]:
    """A progress that gives up in a phase."""

    def tell(phase: str, _done: int, _total: int) -> None:
        if phase == wanted:
            raise Stop

    return tell


def state_of(database: Database) -> dict[str, Any]:
    """All that a load could leave behind."""
    with database.connect() as connection:
        dataset = read_dataset(connection)
    return {"rows": ask(database, "count_rows"), "catalogue": ask(database, "list_catalogue"), "dataset": dataset}


def eventually(condition: Callable[[], bool], what: str) -> None:
    """Wait for a condition, and fail when it does not come true within the bound."""
    deadline, pause = time.monotonic() + BOUND_S, threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"not within {BOUND_S:.0f} s: {what}"
        pause.wait(0.02)


def start(database: Database, tickets: int = SMALL.tickets, phase: str = "never") -> subprocess.Popen[str]:
    """A process that seeds, and waits in a phase."""
    command = [sys.executable, str(HARNESS), database.dsn, str(tickets), phase]
    environment = {**os.environ, "PYTHONPATH": str(HARNESS.parents[2])}
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)


def await_line(process: subprocess.Popen[str], expected: str) -> None:
    """Read what the process says next."""
    assert process.stdout is not None
    assert process.stdout.readline().strip() == expected


def close(process: subprocess.Popen[str]) -> int:
    """Wait for the end of the process."""
    output, _ = process.communicate(timeout=BOUND_S)
    assert "Traceback" not in output
    return process.returncode


def test_the_same_plan_gives_the_same_data(database: Database, server: Server, template: Database) -> None:
    """Byte for byte: the rows agree, and so do the hashes; the hash is the same on every machine."""
    first = seed(database, SMALL)
    with fresh_database(server, template=template.name, prefix="vq_test") as other:
        second = seed(other, SMALL)
        assert ask(database, "digest_rows") == ask(other, "digest_rows")
    assert dataclasses.replace(first, size_bytes=0) == dataclasses.replace(second, size_bytes=0)
    assert first.hash == generate(SMALL).hash == GOLDEN_HASH


@pytest.mark.parametrize("phase", PHASES)
def test_an_error_on_the_way_leaves_nothing_behind(database: Database, phase: str) -> None:
    """Rows, keys, indexes, triggers, row security, mark: all as before."""
    before = state_of(database)
    with pytest.raises(Stop):
        seed(database, SMALL, progress=stop_at(phase))
    assert state_of(database) == before
    assert not [thread for thread in threading.enumerate() if thread.name == "prepare-ahead"]


@pytest.mark.parametrize("phase", ["ticketitem", "indexes", "check"])
@pytest.mark.parametrize("kill", [signal.SIGINT, signal.SIGKILL], ids=["ctrl-c", "kill"])
def test_a_load_that_is_stopped_leaves_nothing_behind(database: Database, phase: str, kill: signal.Signals) -> None:
    """Ctrl-C and SIGKILL at any moment: the tables are empty, the schema whole, and the next load works."""
    before = state_of(database)
    process = start(database, phase=phase)
    await_line(process, f"at {phase}")
    process.send_signal(kill)
    assert close(process) == (130 if kill == signal.SIGINT else -kill)
    eventually(lambda: ask(database, "count_sessions") == [{"sessions": 0}], "the server gives the load up")
    assert state_of(database) == before
    assert seed(database, SMALL).tickets == SMALL.tickets


def test_nothing_is_seen_before_all_is_there(database: Database) -> None:
    """While a load is at work the marker names no dataset, and a second seeder is turned away."""
    process = start(database, phase="check")
    await_line(process, "at check")
    with database.connect() as connection:
        assert read_dataset(connection) is None
    with pytest.raises(EnvironmentFault, match="another process"):
        seed(database, SMALL)
    assert process.stdin is not None
    process.stdin.write("\n")
    assert close(process) == 0
    with database.connect() as connection:
        assert read_dataset(connection) is not None


def test_a_database_with_rows_is_refused_and_kept(database: Database) -> None:
    """Seeding is for fresh databases; what is there stays as it is."""
    seed(database, SMALL)
    before = state_of(database) | {"digest": ask(database, "digest_rows")}
    with pytest.raises(GuardRefusal, match="not empty") as refusal:
        seed(database, SeedPlan(10, 1))
    assert refusal.value.exit_code == 4
    assert state_of(database) | {"digest": ask(database, "digest_rows")} == before


def test_an_empty_database_is_installed_first(server: Server) -> None:
    """Without a schema there is nothing that a load could hurt."""
    with fresh_database(server, prefix="vq_test") as database:
        assert seed(database, SMALL).hash == GOLDEN_HASH


def test_row_security_is_forced_again(seeded: Seeded) -> None:
    """On every table but the marker, which belongs to no tenant; the application sees one tenant's rows only."""
    assert seeded.ask("list_unforced") == [{"relname": "installation"}]
    tenant_id = seeded.dataset.largest_tenant_id
    with seeded.database.connect(role="virtualq_app", autocommit=False) as connection:
        connection.execute(SQL["enter_tenant"].sql, {"tenant_id": str(tenant_id)})
        others, visible = connection.execute(SQL["list_foreign_tenants"].sql, {"tenant_id": tenant_id}).fetchone() or (
            None,
            None,
        )
    assert others == 0
    assert visible > 5000


def test_keys_indexes_and_triggers_come_back_as_they_were(database: Database) -> None:
    """Also those that a team has added, dropped, disabled or commented on."""
    with database.connect() as connection:
        connection.execute(SQL["alter_by_hand"].sql)
    before = ask(database, "list_catalogue")
    seed(database, SMALL)
    assert ask(database, "list_catalogue") == before
    assert verify(database) == []


def test_what_depends_on_a_key_is_named(database: Database) -> None:
    """A key that cannot be rebuilt is one clear error, and nothing has changed."""
    with database.connect() as connection:
        connection.execute(SQL["depend_on_key"].sql)
    before = state_of(database)
    with pytest.raises(EnvironmentFault, match=r"depends on (a key|constraint)"):
        seed(database, SMALL)
    assert state_of(database) == before


def test_life_goes_on_after_a_load(database: Database) -> None:
    """New rows get new ids, the machines hold, and the audit stays clean."""
    dataset = seed(database, SMALL)
    with database.connect() as connection:
        rows = connection.execute(SQL["list_identities"].sql).fetchall()
        assert all(goes_on for _, goes_on in rows), rows
    with database.connect(role="virtualq_app") as connection:
        tickets = Tickets(connection, dataset.listed_tenant_id)
        made = tickets.create(dataset.listed_queue_id, dataset.listed_type_id, custom_data={"channel": "web"})
        assert tickets.transition(made.id, "start").seq == 2
    assert verify(database) == []


@pytest.mark.parametrize(
    "rule",
    [
        "history-starts-at-initial-state",
        "history-is-gapless",
        "history-is-a-path",
        "transition-is-legal",
        "ticket-agrees-with-history",
        "ticket-state-is-in-machine",
        "ticket-closes-in-terminal-state",
        "extid-occurs-once",
        "custom-data-is-valid",
    ],
)
def test_the_check_finds_planted_faults(server: Server, seeded_small: Seeded, rule: str) -> None:
    """Each rule is broken on purpose once, and the check names it."""
    with fresh_database(server, template=seeded_small.database.name, prefix="vq_test") as broken:
        with broken.connect() as connection:
            connection.execute(SQL["disable_triggers"].sql)
            planted = connection.execute(
                SQL[f"plant_{rule.replace('-', '_')}"].sql, {"queue_id": seeded_small.dataset.listed_queue_id}
            ).rowcount
        assert planted > 0
        found = verify(broken, sample=100_000)
    assert rule in {violation.rule for violation in found}


def test_unsound_rows_are_never_committed(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof is part of the load: a seeder that closed the wrong tickets would leave nothing behind."""
    tell = story_module.Teller.story

    def lie(self: story_module.Teller, chunk: Any) -> story_module.Story:  # noqa: ANN401 - passed on
        truth = tell(self, chunk)
        return dataclasses.replace(truth, closed=~truth.closed)

    before = state_of(database)
    monkeypatch.setattr(story_module.Teller, "story", lie)
    with pytest.raises(UnsoundData, match="ticket-closes-in-terminal-state"):
        seed(database, SMALL)
    assert state_of(database) == before


def test_references_into_other_tenants_are_never_committed(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The foreign keys are checked against every row when they come back."""
    tell = story_module.Teller.story

    def lie(self: story_module.Teller, chunk: Any) -> story_module.Story:  # noqa: ANN401 - passed on
        truth = tell(self, chunk)
        return dataclasses.replace(truth, employee=truth.employee % 3 + 1)

    before = state_of(database)
    monkeypatch.setattr(story_module.Teller, "story", lie)
    with pytest.raises(EnvironmentFault, match="ticket_employee_fkey"):
        seed(database, SMALL)
    assert state_of(database) == before


@pytest.mark.parametrize(
    ("tickets", "tenants"), [(1, 1), (3, 5), (50, 1), (200, 2), (500, 400)], ids=lambda value: f"{value:g}"
)
def test_small_and_odd_plans_work(database: Database, tickets: int, tenants: int) -> None:
    """Fewer tickets than tenants, one tenant, hundreds of them: the figures are exact and no rule is broken."""
    dataset = seed(database, SeedPlan(tickets, tenants, locales=("de_DE", "ja_JP")))
    (counts,) = ask(database, "count_rows")
    assert (counts["tickets"], counts["tenants"]) == (tickets, tenants)
    open_tickets = sum(row["tickets"] for row in ask(database, "list_open_of_queue", queue_id=dataset.listed_queue_id))
    assert open_tickets == dataset.listed_open == tickets // 4
    assert verify(database) == []


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"tickets": 0}, "tickets"),
        ({"tenants": 0}, "tenants"),
        ({"tenants": 10_001}, "tenants"),
        ({"seed": -1}, "seed"),
        ({"locales": ()}, "locale"),
        ({"now": SMALL.now.replace(tzinfo=None)}, "time zone"),
    ],
)
def test_an_impossible_plan_is_refused(fault: dict[str, Any], message: str) -> None:
    """Before anything is touched, with what is wrong."""
    with pytest.raises(UsageError, match=message):
        dataclasses.replace(SMALL, **fault)


def test_an_unknown_locale_is_refused(database: Database) -> None:
    """With one of the same language that is known."""
    with pytest.raises(UsageError, match=r"such as de_[A-Z]{2}"):
        seed(database, dataclasses.replace(SMALL, locales=("de_XX",)))


def test_too_little_room_is_refused_before_the_load(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the data directory is known, the disk is looked at first."""
    if database.server.data_dir is None:
        pytest.skip("missing: a known data directory")
    monkeypatch.setattr("virtualq_core.database.cache.shutil.disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(EnvironmentFault, match="MiB free") as refusal:
        seed(database, SMALL)
    assert refusal.value.exit_code == 4


@pytest.mark.slow
def test_memory_is_flat(server: Server, template: Database) -> None:
    """
    Twice the tickets take no more memory than chance adds, and far less than 400 MiB.

    Fewer would tell nothing: below some ten chunks the seeder never holds as many at once as it may.
    """
    if not Path("/proc/self/status").exists():
        pytest.skip("missing: a kernel that tells a program's peak of memory")
    peaks_mib = []
    for tickets in (120_000, 240_000):
        with fresh_database(server, template=template.name, prefix="vq_test") as database:
            process = start(database, tickets)
            output, _ = process.communicate(timeout=10 * BOUND_S)
            assert process.returncode == 0
            peaks_mib.append(int(output.split()[-1]))
    assert peaks_mib[1] < peaks_mib[0] + 60, peaks_mib
    assert peaks_mib[1] < 300, peaks_mib


@pytest.fixture(scope="module", params=["embedded", "installed"])
def owned_database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database as a managed service gives it: its owner may make databases and roles, and no more."""
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415

    from virtualq_core.database import remote  # noqa: PLC0415
    from virtualq_core.database.capability import installed_postgres  # noqa: PLC0415
    from virtualq_core.database.provider import private_server  # noqa: PLC0415

    programs = installed_postgres()
    if request.param == "installed" and not programs:
        pytest.skip("missing: a PostgreSQL that the system has installed")
    with private_server(postgres_bin=programs[0] if request.param == "installed" else None) as server:
        with server.maintenance.connect() as connection:
            connection.execute("create role keeper login createdb createrole")
            connection.execute("create database given owner keeper")
        yield remote.server(make_conninfo(server.dsn, user="keeper", dbname="given")).maintenance


def test_an_ordinary_owner_can_seed(owned_database: Database) -> None:
    """Without a superuser, on the oldest and the newest PostgreSQL: the same bytes."""
    dataset = seed(owned_database, SMALL)
    assert dataset.hash == GOLDEN_HASH
    assert verify(owned_database) == []
    assert ask(owned_database, "list_unforced") == [{"relname": "installation"}]
    with owned_database.connect() as connection:
        assert connection.execute(SQL["count_visible"].sql).fetchone() == (0,)


@pytest.mark.parametrize("layout", [Layout.TENANT, Layout.MONTH], ids=str)
def test_an_ordinary_owner_can_seed_and_keep_partitions(owned_database: Database, layout: Layout) -> None:
    """Row security binds the owner, and yet months are detached with all that they hold, and come back."""
    with fresh_database(owned_database.server, prefix="vq_owned") as database:
        assert seed(database, SMALL, layout=layout).hash == GOLDEN_HASH
        assert verify(database) == []
        if layout is Layout.MONTH:
            first, _ = detach_history(database, before=datetime(2025, 10, 1, tzinfo=UTC))
            with database.connect() as connection:
                assert connection.execute(SQL["count_first_month"].sql).fetchone() == (first.steps,)
                for _ in range(2):
                    assert verify(database) == []
                    connection.execute(SQL["attach_month"].sql)
                assert connection.execute(SQL["count_first_month"].sql).fetchone() == (0,)
            assert verify(database) == []
