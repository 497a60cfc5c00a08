"""Installing: everything or nothing, once."""

from __future__ import annotations

import json
import shutil
import threading
from typing import TYPE_CHECKING

import pytest

from virtualq_core import content
from virtualq_core.database import guard
from virtualq_core.database.clone import fresh_database
from virtualq_core.database.guard import Standing
from virtualq_core.database.install import InstallFailed, install
from virtualq_core.database.layout import Layout
from virtualq_core.database.provider import private_server, provide
from virtualq_core.database.version import schema_hash, type_files
from virtualq_core.errors import EnvironmentFault, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.database.conftest import Cache
    from virtualq_core.database.server import Database, Server

pytestmark = pytest.mark.server


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A copy of `schema/`, for a test to change."""
    for name in ("install", "indexes", "types"):
        shutil.copytree(content.folder("schema") / name, tmp_path / name)
    return tmp_path


@pytest.fixture
def empty(any_server: Server) -> Iterator[Database]:
    """A database with nothing in it."""
    with fresh_database(any_server, prefix="vq_install") as database:
        yield database


def test_an_installed_database_is_marked_with_the_version_of_its_schema(empty: Database) -> None:
    """What was installed can be told from the database itself."""
    made = install(empty)

    assert guard.examine(empty) is Standing.MARKED
    assert (made.schema_hash, made.indexes, made.harness_may_write) == (schema_hash(), "seed", True)


def test_the_system_defined_types_are_those_of_the_folder(database: Database) -> None:
    """Every JSON file becomes one type that every tenant sees."""
    with database.connect(role="virtualq_app") as connection:
        found = connection.execute("select type_code from virtualq.TypeDefinition where is_system_defined").fetchall()

    files = type_files(content.folder("schema"))
    assert {code for (code,) in found} == {json.loads(path.read_text())["type_code"] for path in files}


def test_the_same_schema_is_not_installed_twice(database: Database) -> None:
    """A second installation finds the first one and leaves it as it is."""
    first = guard.find(database).installation

    assert install(database) == first


def test_other_indexes_are_not_put_beside_those_that_are_there(database: Database, source: Path) -> None:
    """A figure belongs to one set of indexes; the record could not say which."""
    (source / "indexes" / "bare.sql").write_text("")

    with pytest.raises(
        EnvironmentFault, match=r"with other indexes; nothing was changed; observed seed; expected bare"
    ):
        install(database, indexes="bare", source=source)


def test_an_unknown_set_of_indexes_is_a_usage_error_that_names_the_known(empty: Database) -> None:
    """A typing error must not cost a look into the folder."""
    with pytest.raises(UsageError, match=r"no set of indexes named 'sed'; expected .*seed"):
        install(empty, indexes="sed")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "install/000_first.sql",
            "select 1;\nselect * from missing;",
            r"000_first.sql .*at line 2; nothing was changed",
        ),
        (
            "install/999_last.sql",
            "create table virtualq.queue ();",
            r"999_last.sql .*already exists \(SQLSTATE 42P07\)",
        ),
        ("install/999_last.sql", "commit;", "999_last.sql ends the transaction"),
        ("indexes/seed.sql", "create index on virtualq.nothing (id);", "seed.sql could not be applied"),
        ("types/zzz.json", "{}", r"zzz.json is not a type.*type_code"),
        ("types/zzz.json", "{", r"zzz.json is not a type.*JSONDecodeError"),
        (
            "types/zzz.json",
            '{"type_code": "z", "type_name": "z", "fsm_schema": [], "custom_fields_schema": {}}',
            "zzz.json could not be applied",
        ),
    ],
)
def test_a_file_that_fails_leaves_nothing_behind(
    empty: Database, source: Path, name: str, text: str, message: str
) -> None:
    """First file or last, SQL or type: the error names it, and the database is as it was."""
    (source / name).write_text(text)

    with pytest.raises(InstallFailed, match=message):
        install(empty, source=source)

    if text != "commit;":
        assert guard.examine(empty) is Standing.EMPTY


def test_two_installers_of_one_database_take_turns(empty: Database) -> None:
    """One installs, the other finds it done."""
    outcomes = run_together([empty, empty])

    assert outcomes == ["installed", "installed"]
    assert guard.examine(empty) is Standing.MARKED


@pytest.mark.slow
def test_the_first_installers_of_two_databases_do_not_disturb_each_other() -> None:
    """Both make the roles, which they share; on a server where neither was ever installed."""
    with (
        private_server() as server,
        fresh_database(server) as first,
        fresh_database(server) as second,
        fresh_database(server) as third,
    ):
        assert run_together([first, second, third]) == ["installed"] * 3


def run_together(databases: list[Database]) -> list[str]:
    """Install into all of them at the same moment; what became of each."""
    together = threading.Barrier(len(databases))
    outcomes: list[str] = []

    def one(database: Database) -> None:
        together.wait()
        try:
            install(database)
            outcomes.append("installed")
        except Exception as error:  # noqa: BLE001 -- shown by the assertion
            outcomes.append(repr(error))

    threads = [threading.Thread(target=one, args=(database,)) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


@pytest.mark.slow
def test_a_process_killed_while_it_installs_leaves_no_half_installed_schema(cache: Cache, source: Path) -> None:
    """The server rolls back; the database is empty again, or gone with its run."""
    (source / "install" / "999_wait.sql").write_text("select pg_sleep(60);")
    harness = cache.harness("install", "", source)
    database_name = harness.await_line("database")
    with provide() as server, server.maintenance.connect() as connection:
        waiting = "select count(*) from pg_stat_activity where wait_event = 'PgSleep'"
        cache.eventually(lambda: connection.execute(waiting).fetchone() == (1,), "the installation is at its last file")

        harness.kill()

        cache.eventually(lambda: connection.execute(waiting).fetchone() == (0,), "the server notices")
        assert guard.examine(server.named(database_name)) is Standing.EMPTY
        with fresh_database(server) as database:
            assert install(database).harness_may_write
        there = "select 1 from pg_database where datname = %s"
        assert connection.execute(there, [database_name]).fetchone() is None


def test_an_owner_without_superuser_installs(owned_server: Server) -> None:
    """CREATEROLE is enough, and on the second database of a server not even that is used."""
    for _ in range(2):
        with fresh_database(owned_server) as database:
            install(database)

            assert guard.examine(database) is Standing.MARKED


def test_an_owner_who_may_not_make_roles_hears_what_is_missing(poor_server: Server) -> None:
    """Not a bare SQLSTATE 42501 without a hint."""
    with pytest.raises(InstallFailed, match="CREATEROLE") as refusal:
        install(poor_server.maintenance)

    assert "42501" in str(refusal.value.observed)
    assert guard.examine(poor_server.maintenance) is Standing.EMPTY


def test_the_hash_changes_with_any_file_and_not_with_line_ends(source: Path) -> None:
    """A checkout on another system has the same schema."""
    before = schema_hash(source)
    path = source / "install" / "010_schema.sql"
    text = path.read_text(encoding="utf-8")
    path.write_bytes(text.replace("\n", "\r\n").encode())
    schema_hash.cache_clear()
    assert schema_hash(source) == before

    path.write_text(text + "-- changed\n", encoding="utf-8")
    schema_hash.cache_clear()

    assert schema_hash(source) != before


@pytest.fixture
def overlaid(source: Path) -> Path:
    """A copy of `schema/` with an overlay that replaces one file and puts another between two."""
    overlay = source / "partition" / "month"
    overlay.mkdir(parents=True)
    check = (source / "install" / "140_check.sql").read_text(encoding="utf-8")
    (overlay / "140_check.sql").write_text(check + "\ncreate table virtualq.Replaced ();\n", encoding="utf-8")
    (overlay / "085_between.sql").write_text(
        "create table virtualq.Between as select to_regproc('virtualq.start_ticket') is null as is_before,"
        " to_regclass('virtualq.ticketstatehistory') is not null as is_after;\n",
        encoding="utf-8",
    )
    return source


def test_an_overlay_is_sorted_in_among_the_installed_files_and_replaces_those_of_its_names(
    empty: Database, overlaid: Path
) -> None:
    """What a layout changes stands in its own folder, at its place in the order."""
    made = install(empty, layout=Layout.MONTH, source=overlaid)

    with empty.connect() as connection:
        between = connection.execute("select is_before, is_after from virtualq.Between").fetchone()
        replaced = connection.execute("select to_regclass('virtualq.replaced') is not null").fetchone()
    assert (made.layout, made.schema_hash) == ("month", schema_hash(overlaid, Layout.MONTH))
    assert between == (True, True)
    assert replaced == (True,)
    assert guard.find(empty, source=overlaid).standing is Standing.MARKED


def test_an_overlay_changes_the_hash_of_its_own_layout_only(overlaid: Path) -> None:
    """A database without partitions stays the same version when a file about partitions changes."""
    before = {layout: schema_hash(overlaid, layout) for layout in (Layout.NONE, Layout.MONTH)}
    with (overlaid / "partition" / "month" / "085_between.sql").open("a", encoding="utf-8") as file:
        file.write("-- changed\n")
    schema_hash.cache_clear()

    assert schema_hash(overlaid) == before[Layout.NONE]
    assert schema_hash(overlaid, Layout.MONTH) != before[Layout.MONTH]


def test_another_layout_is_not_put_over_the_one_that_is_there(database: Database, source: Path) -> None:
    """Tables are not rebuilt under somebody's data."""
    (source / "partition" / "month").mkdir(parents=True)
    (source / "partition" / "month" / "999_last.sql").write_text("")

    with pytest.raises(
        EnvironmentFault, match=r"in another layout; nothing was changed; observed none; expected month"
    ):
        install(database, layout=Layout.MONTH, source=source)


def test_a_folder_without_the_layout_is_a_usage_error(empty: Database, source: Path) -> None:
    """An earlier revision has no partitions to offer, and still installs as it is."""
    shutil.rmtree(source / "partition", ignore_errors=True)

    with pytest.raises(UsageError, match="the schema has no layout 'tenant'"):
        install(empty, layout=Layout.TENANT, source=source)
    assert install(empty, source=source).layout == "none"


def test_a_revision_that_knew_no_layouts_is_installed_and_found(empty: Database, source: Path) -> None:
    """Its record has no column for one."""
    path = source / "install" / "010_schema.sql"
    text = path.read_text(encoding="utf-8")
    kept = [line for line in text.splitlines(keepends=True) if "layout" not in line]
    assert len(kept) < len(text.splitlines())
    path.write_text("".join(kept), encoding="utf-8")
    schema_hash.cache_clear()

    assert install(empty, source=source).layout == "none"
    assert guard.find(empty, source=source).standing is Standing.MARKED
