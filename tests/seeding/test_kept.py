"""Large datasets are kept and copied; nothing half made is ever taken for one."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.seeding.facts import SMALL, ask
from virtualq_core.database import clone
from virtualq_core.database.clone import fresh_database
from virtualq_core.database.layout import Layout
from virtualq_core.errors import GuardRefusal
from virtualq_core.seeding import kept, read_dataset, seed
from virtualq_core.seeding.kept import Recipe, drop_kept, find_kept, list_kept, obtain, seeded_copy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtualq_core.database.server import Database, Server

KEEPER = Path(__file__).with_name("keeper.py")
BOUND_S = 60.0
RECIPE = Recipe(SMALL)


@pytest.fixture
def keeping(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The server, with small datasets kept too, as if nothing else were; those of this test are dropped at its end."""
    everything = kept._list  # noqa: SLF001 -- what others keep there is theirs
    before = {one.database for one in list_kept(server)}
    monkeypatch.setattr(kept, "LEAST_TICKETS", 1)
    monkeypatch.setattr(
        kept, "_list", lambda connection: [one for one in everything(connection) if one.database not in before]
    )
    yield server
    drop_kept(server)


def own(server: Server) -> list[str]:
    """What is kept of the recipes here, by plan."""
    return [one.plan for one in list_kept(server) if one.plan.startswith(f"tickets={SMALL.tickets} ")]


@pytest.mark.parametrize(
    "other",
    [
        Recipe(dataclasses.replace(SMALL, tickets=SMALL.tickets + 1)),
        Recipe(dataclasses.replace(SMALL, seed=2)),
        Recipe(SMALL, indexes="lean"),
        Recipe(SMALL, layout=Layout.TENANT),
    ],
    ids=["tickets", "seed", "indexes", "layout"],
)
def test_whatever_decides_the_rows_decides_the_name(other: Recipe) -> None:
    """The same recipe has the same name, any other one another."""
    assert Recipe(SMALL).name == RECIPE.name
    assert other.name != RECIPE.name


def test_another_schema_and_another_seeder_have_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dataset of an older version is never copied."""
    name = RECIPE.name
    monkeypatch.setattr(kept, "schema_hash", lambda **_: "another")
    schema = RECIPE.name
    monkeypatch.undo()
    monkeypatch.setattr(kept, "_seeder_hash", lambda: "another")
    assert len({name, schema, RECIPE.name}) == 3


@pytest.mark.server
def test_a_dataset_is_seeded_once_and_copied_after(keeping: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The copy is the same, row for row, and the seeder is not asked again."""
    with seeded_copy(keeping, RECIPE, prefix="vq_test") as first:
        digest = ask(first, "digest_rows")
    monkeypatch.setattr(kept, "seed", lambda *_, **__: pytest.fail("seeded again"))
    with seeded_copy(keeping, RECIPE, prefix="vq_test") as second:
        assert ask(second, "digest_rows") == digest
    assert len(own(keeping)) == 1


@pytest.mark.server
def test_writing_into_a_copy_leaves_the_kept_one(keeping: Server) -> None:
    """The next copy has all tickets again."""
    with seeded_copy(keeping, RECIPE, prefix="vq_test") as first, first.connect() as connection:
        connection.execute("truncate virtualq.ticketitem")
    with seeded_copy(keeping, RECIPE, prefix="vq_test") as second:
        [counts] = ask(second, "count_rows")
    assert counts["items"] > 0


@pytest.mark.server
def test_an_empty_database_gets_the_copy_under_its_own_name(keeping: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `virtualq seed` asks for it; one that is installed already is seeded."""
    with seeded_copy(keeping, RECIPE, prefix="vq_test"):
        pass
    with fresh_database(keeping, prefix="vq_test") as database:
        with monkeypatch.context() as patched:
            patched.setattr(kept, "seed", lambda *_, **__: pytest.fail("seeded again"))
            assert obtain(database, RECIPE).tickets == SMALL.tickets
        with pytest.raises(GuardRefusal):
            obtain(database, RECIPE)
        with database.connect() as connection:
            assert read_dataset(connection) is not None


@pytest.mark.server
def test_only_an_empty_database_is_replaced(keeping: Server, template: Database) -> None:
    """Whatever is in another one stays."""
    with fresh_database(keeping, template=template.name, prefix="vq_test") as database:
        with pytest.raises(GuardRefusal):
            clone.replace_empty(database, template=template.name)
        assert ask(database, "count_rows")[0]["tickets"] == 0


@pytest.mark.server
@pytest.mark.parametrize("phase", ["ticketstatehistory", "check", "rename"])
def test_a_killed_run_keeps_nothing_and_the_next_one_does(keeping: Server, phase: str) -> None:
    """Killed in the middle of loading, of proving, and with a whole copy that has no name yet: never taken for kept."""
    with keeping.maintenance.connect() as connection:
        before = {name for (name,) in connection.execute("select datname from pg_database")}
    environment = {**os.environ, "PYTHONPATH": str(KEEPER.parents[2])}
    command = [sys.executable, str(KEEPER), keeping.dsn, phase]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == f"at {phase}"
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=BOUND_S)
    assert own(keeping) == []
    assert find_kept(keeping, RECIPE) is None
    with seeded_copy(keeping, RECIPE, prefix="vq_test") as database:
        assert ask(database, "count_rows")[0]["tickets"] == SMALL.tickets
    assert len(own(keeping)) == 1
    with keeping.maintenance.connect() as connection:
        left = {name for (name,) in connection.execute("select datname from pg_database")} - before
    assert left == {RECIPE.name}


@pytest.mark.server
def test_the_least_recently_used_makes_room(keeping: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kept ones have their share of the disk; one that would be beyond it alone is not kept."""
    if keeping.data_dir is None:
        pytest.skip("missing: a known data directory")
    other = Recipe(dataclasses.replace(SMALL, seed=5))
    with seeded_copy(keeping, RECIPE, prefix="vq_test"), seeded_copy(keeping, other, prefix="vq_test"):
        pass
    assert find_kept(keeping, RECIPE) == RECIPE.name  # used after the other one
    taken = list_kept(keeping)
    size_bytes = sum(one.size_bytes for one in taken)
    third = Recipe(dataclasses.replace(SMALL, seed=6))
    with fresh_database(keeping, prefix="vq_test") as database:
        obtain(database, third, is_kept=False)
        # Room for two and a bit, together with those that are there.
        monkeypatch.setattr(kept, "_free_bytes", lambda _: size_bytes * 1.2 / kept.SHARE - size_bytes)
        assert kept.keep(database, third)
        assert find_kept(keeping, third) == third.name
        assert {one.database for one in taken} - {one.database for one in list_kept(keeping)} == {other.name}
        monkeypatch.setattr(kept, "_free_bytes", lambda _: -size_bytes)
        assert not kept.keep(database, Recipe(dataclasses.replace(SMALL, seed=7)))


@pytest.mark.server
def test_what_is_kept_is_listed_and_dropped(keeping: Server) -> None:
    """With what it was made from."""
    with seeded_copy(keeping, Recipe(SMALL, indexes="lean"), prefix="vq_test"):
        pass
    [one] = [one for one in list_kept(keeping) if one.plan == SMALL.identity]
    assert (one.indexes, one.layout) == ("lean", "none")
    assert one.size_bytes > 0
    assert [found.database for found in drop_kept(keeping)] == [one.database]
    assert list_kept(keeping) == []


@pytest.mark.server
def test_a_small_one_and_one_on_a_foreign_server_are_not_kept(server: Server, database: Database) -> None:
    """The former is seeded as fast; the latter's disk is not ours to fill."""
    seed(database, SMALL)
    assert not kept.keep(database, RECIPE)
    large = Recipe(dataclasses.replace(SMALL, tickets=kept.LEAST_TICKETS))
    assert large.is_kept_on(server)
    assert not large.is_kept_on(dataclasses.replace(server, kind="url"))
