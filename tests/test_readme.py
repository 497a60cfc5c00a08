"""Every command and every line of code in the README works as it stands there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from psycopg.conninfo import conninfo_to_dict

from virtualq_core import content
from virtualq_core.database.clone import fresh_database
from virtualq_core.tenancy import APPLICATION_ROLE, MAINTAINER_ROLE

if TYPE_CHECKING:
    from virtualq_core.database.server import Database, Server

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SHELL = [block.strip() for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)]
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
TIMEOUT_S = 300

SQL = content.statements(ROOT / "tests" / "core" / "shop.sql")


def _commands(*, of_make: bool) -> list[str]:
    """The shell blocks, those of make apart: they would start this very test again, and CI runs them itself."""
    return [block for block in SHELL if block.startswith("make ") == of_make]


TARGETS = [line.split()[1] for block in _commands(of_make=True) for line in block.splitlines()]


@pytest.mark.parametrize("target", TARGETS)
def test_a_make_target_of_the_readme_exists(target: str) -> None:
    """The targets are there, and the CI script runs them."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    assert re.search(rf"^{target}:", makefile, re.MULTILINE)
    assert f"make {target}" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.parametrize("block", _commands(of_make=False))
def test_a_command_of_the_readme_passes(block: str, server: Server, tmp_path: Path) -> None:
    """It ends with exit code 0 for a newcomer who copies it."""
    with fresh_database(server, prefix="vq_readme") as database:
        environment = {
            **os.environ,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "DATABASE_URL": _url(database),
        }
        ended = subprocess.run(
            ["/bin/bash", "-euc", block],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    assert ended.returncode == 0, f"{block}\n{ended.stdout}\n{ended.stderr}"


@pytest.mark.server
def test_the_library_of_the_readme_works(database: Database) -> None:
    """The five lines create a ticket and move it."""
    with database.connect(role=MAINTAINER_ROLE) as connection:

        def one(statement: str, **parameters: object) -> int:
            row = connection.execute(SQL[statement].sql, parameters).fetchone()
            assert row is not None
            return int(row[0])

        tenant_id = one("add_tenant", account_id=one("add_account"), name="North")
        queue_id = one("add_queue", tenant_id=tenant_id)
        order_type = one("find_order_type")
    names = {
        "dsn": f"{database.dsn} options='-c role={APPLICATION_ROLE}'",
        "tenant_id": tenant_id,
        "queue_id": queue_id,
        "type_definition_id": order_type,
    }
    for block in PYTHON:
        exec(compile(block, "README.md", "exec"), names)  # noqa: S102 (the README's own code is under test)

    with database.connect(role=MAINTAINER_ROLE) as connection:
        row = connection.execute(SQL["find_ticket"].sql, {"id": 1}).fetchone()
    assert row is not None
    assert row[0] == "in_progress"


def _url(database: Database) -> str:
    """The database as a URL, the form in which people have it."""
    parts = conninfo_to_dict(database.dsn)
    return f"postgresql://{parts['user']}@/{parts['dbname']}?host={parts['host']}&port={parts['port']}"
