"""The rules of spread tables: the schema keeps each, and each refuses a schema that breaks it."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.distribution.conftest import STAND_IN
from tests.distribution.rule import Fault, Function, file_faults, function_faults, query_faults
from virtualq_core.database import guard
from virtualq_core.database.guard import Standing
from virtualq_core.database.install import InstallFailed, install
from virtualq_core.database.layout import Layout

if TYPE_CHECKING:
    from virtualq_core.database.server import Database

pytestmark = pytest.mark.server


@dataclass(frozen=True)
class Planted:
    """One place of the schema broken, and what must be said of it."""

    rule: str
    when: str
    file: str
    present: str
    broken: str
    message: str

    def plant(self, schema: Path) -> None:
        """Break a copy of the schema."""
        text = (schema / self.file).read_text(encoding="utf-8")
        assert self.present in text, f"{self.file} no longer says: {self.present}"
        (schema / self.file).write_text(text.replace(self.present, self.broken, 1), encoding="utf-8")


_PLANTED = [
    Planted(**entry)
    for entry in tomllib.loads(Path(__file__).with_name("faults.toml").read_text(encoding="utf-8"))["fault"]
]


def _planted(when: str) -> list[object]:
    return [pytest.param(planted, id=f"{planted.rule}-{planted.file}") for planted in _PLANTED if planted.when == when]


def _faults(database: Database, schema: Path) -> list[Fault]:
    with database.connect(options="-c search_path=pg_catalog") as connection:
        functions = [
            Function(name, definition, runs_on_nodes=is_delegated or is_trigger)
            for name, definition, is_delegated, is_trigger in connection.execute(STAND_IN["list_functions"].sql)
        ]
        narrow = frozenset(name for (name,) in connection.execute(STAND_IN["list_identities"].sql))
    return [*query_faults(schema), *file_faults(schema), *function_faults(schema, functions, narrow)]


def test_the_schema_keeps_every_rule(spread: Database, schema: Path) -> None:
    """Every query and every function: nothing is looked up across tenants where one node would have to ask others."""
    assert not _faults(spread, schema)


@pytest.mark.parametrize("planted", _planted("installing"))
def test_what_citus_refuses_is_refused_with_file_object_and_rule(
    pretended: Database, schema: Path, planted: Planted
) -> None:
    """While it is installed; and nothing of the schema stays."""
    planted.plant(schema)

    with pytest.raises(InstallFailed, match=planted.message) as error:
        install(pretended, layout=Layout.DISTRIBUTED, source=schema)

    assert planted.rule in str(error.value)
    assert guard.examine(pretended) is Standing.EMPTY


@pytest.mark.parametrize("planted", _planted("reading"))
def test_what_a_node_cannot_run_is_told_with_file_object_and_rule(
    pretended: Database, schema: Path, planted: Planted
) -> None:
    """One planted fault, findings of one rule, and one of them names the place."""
    planted.plant(schema)
    install(pretended, layout=Layout.DISTRIBUTED, source=schema)

    found = _faults(pretended, schema)

    assert {fault.rule for fault in found} == {planted.rule}
    assert any(str(fault).startswith(planted.message) for fault in found), found


def test_every_rule_has_been_seen_to_refuse() -> None:
    """A rule that no planted fault breaks may hold nothing."""
    here = Path(__file__).parent
    written = set(re.findall(r'yield "([a-z-]+)"|Fault\("([a-z-]+)"', (here / "rule.py").read_text(encoding="utf-8")))
    called = re.findall(r"refuse\('([a-z-]+)'", (here / "stand_in.sql").read_text(encoding="utf-8"))

    rules = {name for pair in written for name in pair if name} | set(called)

    assert rules <= {planted.rule for planted in _PLANTED}
