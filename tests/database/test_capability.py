"""What tests may require, and what a fingerprint tells."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from virtualq_core import content
from virtualq_core.database import capability
from virtualq_core.database.fingerprint import SETTINGS, fingerprint
from virtualq_core.errors import UsageError

if TYPE_CHECKING:
    from virtualq_core.database.server import Database, Server

pytestmark = pytest.mark.server

SQL = content.beside(__file__, "test_capability.sql")


def test_a_capability_that_nobody_knows_is_an_error_and_no_skip(server: Server) -> None:
    """A typing error would otherwise skip its test for ever."""
    with pytest.raises(UsageError, match="no capability named 'pg_stat_statement'"):
        capability.lacking(server, "pg_stat_statement")


def test_an_owner_lacks_what_a_superuser_has(owned_server: Server) -> None:
    """Rights are judged by the connecting role."""
    assert capability.lacking(owned_server, "superuser") == "a superuser"
    assert capability.lacking(owned_server, "createdb") is None
    assert capability.lacking(owned_server, "pageinspect") == "the extension pageinspect"


def test_what_the_schema_grants_is_judged_in_its_database(database: Database) -> None:
    """Whether the application may move a ticket by an UPDATE is the tested schema's choice, not the server's."""
    assert capability.lacking_in_database(database, "plain_update") is None
    with database.connect() as connection:
        connection.execute(SQL["revoke_plain_update"].sql)

    assert capability.lacking_in_database(database, "plain_update") == capability.IN_DATABASE["plain_update"][0]


@pytest.mark.requires("own_server")
def test_the_embedded_server_counts_statements(server: Server) -> None:
    """It is preloaded, without which the extension is there and counts nothing."""
    assert capability.lacking(server, "pg_stat_statements") is None


def test_a_fingerprint_names_machine_server_and_settings(any_server: Server) -> None:
    """Enough to refuse a comparison of unlike environments; as JSON."""
    with any_server.maintenance.connect() as connection:
        found = fingerprint(connection, any_server)

    assert json.loads(json.dumps(found)) == found
    assert {"cpu", "cores", "memory_bytes", "kernel", "os", "python", "postgres_version", "provider"} <= found.keys()
    settings = found["settings"]
    assert isinstance(settings, dict)
    assert settings.keys() <= set(SETTINGS)
    assert {"fsync", "synchronous_commit", "shared_buffers", "jit"} <= settings.keys()


def test_a_fingerprint_needs_no_superuser_and_tells_no_address(owned_server: Server) -> None:
    """It is published with the results."""
    with owned_server.maintenance.connect() as connection:
        found, host = fingerprint(connection, owned_server), connection.info.host

    assert found["provider"] == "url"
    assert host not in json.dumps(found)
