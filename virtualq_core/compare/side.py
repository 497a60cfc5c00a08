"""A side that is measured now: a server, a schema, its queries, a set of indexes and settings."""

from __future__ import annotations

import hashlib
import io
import tempfile
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from virtualq_core import content
from virtualq_core.compare.settings import read_settings, set_for_sessions
from virtualq_core.compare.spec import git
from virtualq_core.database.clone import fresh_database
from virtualq_core.database.install import index_file, install
from virtualq_core.database.layout import Layout
from virtualq_core.database.provider import embedded_server, provide
from virtualq_core.database.version import schema_hash
from virtualq_core.errors import UsageError
from virtualq_core.measure.observer import Observer
from virtualq_core.seeding import load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from virtualq_core.compare.spec import Spec
    from virtualq_core.content import Statement
    from virtualq_core.database.server import Database, Server
    from virtualq_core.seeding import SeedPlan

_NEEDED = ("schema",)
SEED = "seed"


@dataclass(frozen=True, kw_only=True)
class Side:
    """
    What one side is made of.

    `source` is the folder with its schema, None for the present one; `layout` is how its tables lie; `queries` are its
    own, where they are not the present ones.
    """

    name: str
    server: Server
    source: Path | None = None
    indexes: str = SEED
    layout: Layout = Layout.NONE
    settings: Mapping[str, str] = field(default_factory=dict)
    queries: Mapping[str, Statement] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """What tells apart what is in two sides' databases and what is asked of them."""
        queries = self.queries or content.statement_folder("schema/queries")
        indexes = index_file(self.indexes, self.source).read_text(encoding="utf-8")
        parts = [schema_hash(self.source, self.layout), indexes]
        parts += [f"{name}: {queries[name].sql}" for name in sorted(queries)]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def is_same_as(self, other: Side) -> bool:
        """Whether there is nothing that the two could differ in."""
        return (self.digest, self.server, self.settings) == (other.digest, other.server, other.settings)

    def shares_data_with(self, other: Side) -> bool:
        """Whether both can be copies of one seeded database: the same server, the same schema."""
        return (self.server, self.source, self.layout) == (other.server, other.source, other.layout)

    def observe(self, database: Database) -> Observer:
        """Whose eyes it is measured with; the harness made the database and may write, whatever revision it is of."""
        return replace(Observer.of(database), is_read_only=False)

    def configure(self, database: Database) -> None:
        """Bring the settings into force for sessions to come."""
        set_for_sessions(database, self.settings)

    @contextmanager
    def seeded(self, plan: SeedPlan, *, indexes: str | None = None) -> Iterator[Database]:
        """A fresh database with the side's schema and indexes and the plan's data."""
        with fresh_database(self.server, prefix="vq_side") as database:
            install(database, indexes=indexes or self.indexes, layout=self.layout, source=self.source)
            with database.connect() as connection:
                load(connection, plan)
            yield database

    @contextmanager
    def copy_of(self, database: Database) -> Iterator[Database]:
        """A copy of one of the side's databases; its settings are in force for sessions to come."""
        with fresh_database(self.server, template=database.name, prefix="vq_twin") as copy:
            self.configure(copy)
            yield copy


@contextmanager
def open_side(spec: Spec, server: Server | None) -> Iterator[Side]:
    """
    The side that a specification names; `server` is where it lies unless it names another, and is needed only then.

    Raises:
        UsageError: it cannot be measured, or its revision holds no schema.
    """
    if spec.kind == "postgres":
        with embedded_server() if spec.programs is None else provide(postgres_bin=spec.programs) as named:
            yield Side(name=str(spec), server=named)
        return
    if server is None:
        raise UsageError(
            f"{spec} names no server, and none is given",
            expected="a server, or a side that names one, such as postgres:17",
            next_step="give --database-url or --postgres-bin",
        )
    side = Side(name=str(spec), server=server)
    match spec.kind:
        case "indexes":
            yield replace(side, indexes=spec.value)
        case "partition":
            yield replace(side, layout=Layout.named(spec.value))
        case "settings":
            yield replace(side, settings=read_settings(Path(spec.value)))
        case "git":
            with _checked_out(spec) as folder:
                yield replace(side, source=folder / "schema", queries=_queries(folder / "schema" / "queries"))
        case "results":
            raise UsageError(
                f"{spec} was saved and cannot be measured again",
                expected="both sides saved, or both measured now",
                next_step="virtualq check --out DIR saves results.json for the other side",
            )


def _queries(folder: Path) -> dict[str, Statement]:
    return {name: one for path in sorted(folder.rglob("*.sql")) for name, one in content.statements(path).items()}


@contextmanager
def _checked_out(spec: Spec) -> Iterator[Path]:
    """The content of a revision, in a folder that goes at the end."""
    commit = spec.commit
    answer = None if commit is None else git("archive", "--format=zip", commit, *_NEEDED)
    if answer is None or answer.returncode != 0:
        said = "" if answer is None else answer.stderr.decode(errors="replace").strip()
        raise UsageError(
            f"{spec} has no schema to install",
            observed=said or None,
            expected="a folder schema/ in it",
            next_step="git log --oneline -- schema lists the revisions that changed one",
        )
    with tempfile.TemporaryDirectory(prefix="virtualq-") as folder:
        # Early versions of Python 3.11 have no filter against tar files that lead out of the folder; zip files cannot.
        with zipfile.ZipFile(io.BytesIO(answer.stdout)) as archive:
            archive.extractall(folder)
        yield Path(folder)
