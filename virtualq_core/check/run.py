"""
One check: seven stages, each with a conclusion.

Without a url the database is a fresh one that is dropped at the end. A database that is given by url is used as it is:
an empty one is installed into, a marked one is judged with what is in it, so that what its team changed counts, and one
that holds the schema without the mark is only read.
"""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import virtualq_core
from virtualq_core.check import conclusion
from virtualq_core.check.ledger import CannotRun, Ledger, Silence
from virtualq_core.check.profile import Profile, find_profile
from virtualq_core.conformance.requirement import load as load_requirements
from virtualq_core.conformance.run import run_conformance
from virtualq_core.database import guard
from virtualq_core.database.clone import fresh_database, rights
from virtualq_core.database.fingerprint import fingerprint, machine
from virtualq_core.database.guard import Standing
from virtualq_core.database.install import index_file, install
from virtualq_core.database.layout import Layout
from virtualq_core.database.provider import provide
from virtualq_core.errors import EnvironmentFault, UsageError
from virtualq_core.load.runner import run_load
from virtualq_core.load.saturation import compare_pools
from virtualq_core.measure.budget import load_budgets
from virtualq_core.measure.calibration import fitting_calibration
from virtualq_core.measure.comparison import compare_subjects
from virtualq_core.measure.guarantee.run import TICKETS, measure_guarantees
from virtualq_core.measure.observer import Observer
from virtualq_core.measure.policy import ComparePolicy
from virtualq_core.measure.stage import measure_budgets, measure_plans
from virtualq_core.report.results import Results
from virtualq_core.seeding import SeedPlan, read_dataset, seed, verify
from virtualq_core.seeding.kept import LEAST_TICKETS, Recipe, find_kept, keep, seeded_copy
from virtualq_core.seeding.room import estimate_room, require_room
from virtualq_core.subjects import find_subject, subject_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from virtualq_core.check.ledger import OpenStage, Progress
    from virtualq_core.database.server import Database, Server
    from virtualq_core.load.saturation import PoolComparison
    from virtualq_core.measure.budget import Budget
    from virtualq_core.measure.growth import SizedDatabase
    from virtualq_core.report.results import StageName
    from virtualq_core.seeding import Dataset

_POOL_SIZES = (1, 2, 4, 8, 16)


@dataclass(frozen=True, kw_only=True)
class CheckOptions:
    """
    What to check, and on what.

    `tickets` overrides the profile's number; `budgets` is the team's own file over the shipped one; `apply` is SQL that
    is run after seeding, the change that is to be judged; `indexes` is the set to install and `layout` how its tables
    lie, None what is there, or the document's; no `subjects` means the registered ones. At most one of `database_url`,
    `postgres_bin` and `image` is given; none means the embedded server.
    """

    profile: str = "smoke"
    tickets: int | None = None
    seed: int = 1
    budgets: Path | None = None
    apply: Path | None = None
    indexes: str | None = None
    layout: Layout | None = None
    subjects: tuple[str, ...] = ()
    database_url: str | None = None
    postgres_bin: Path | None = None
    image: str | None = None
    command: tuple[str, ...] = ()


def run_check(options: CheckOptions, progress: Progress | None = None) -> Results:
    """
    Run every stage that can run, and return what they found.

    Raises:
        UsageError: an option names something that does not exist; nothing has been started then.
    """
    subjects = options.subjects or tuple(subject_names())
    for name in subjects:
        find_subject(name)
    if options.indexes is not None:
        index_file(options.indexes)
    began = time.perf_counter()
    results = Results(
        virtualq_version=virtualq_core.__version__,
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        duration_s=0.0,
        command=options.command,
        environment=machine(),
        profile=options.profile,
        seed=options.seed,
    )
    ledger = Ledger(progress or Silence())
    with ExitStack() as held:
        _Check(
            options=options,
            profile=find_profile(options.profile).sized(options.tickets),
            budgets=load_budgets(options.budgets),
            change=_read_change(options.apply),
            subjects=subjects,
            results=results,
            ledger=ledger,
            held=held,
        ).run()
    results.stages = tuple(ledger.stages)
    results.duration_s = round(time.perf_counter() - began, 3)
    return results


def _read_change(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}", observed=str(error), expected="a file of SQL") from error


@dataclass(kw_only=True)
class _Check:
    """The state that the stages share."""

    options: CheckOptions
    profile: Profile
    budgets: Mapping[str, Budget]
    change: str | None
    subjects: tuple[str, ...]
    results: Results
    ledger: Ledger
    held: ExitStack
    server: Server | None = None
    database: Database | None = None
    standing: Standing = Standing.EMPTY
    dataset: Dataset | None = None

    def run(self) -> None:
        stages = {
            "environment": self._environment,
            "install": self._install,
            "seed": self._seed,
            "conformance": self._conformance,
            "plans": self._plans,
            "budgets": self._budgets,
            "load": self._load,
        }
        name: StageName
        for name, work in stages.items():  # type: ignore[assignment]
            with self.ledger.stage(name) as stage:
                work(stage)

    def _environment(self, stage: OpenStage) -> None:
        """A server, and on it a database that the guard lets us use."""
        options = self.options
        server = self.held.enter_context(
            provide(database_url=options.database_url, postgres_bin=options.postgres_bin, image=options.image)
        )
        room = ""
        if server.kind == "url":
            database = server.maintenance
            found = guard.find(database)
            if found.standing in {Standing.FOREIGN, Standing.OTHER_VERSION}:
                raise guard.refusal(database, found)
            self.standing = found.standing
        else:
            kept = find_kept(server, self._recipe())
            room = self._require_room(server, is_kept=kept is not None)
            database = self.held.enter_context(fresh_database(server, template=kept, prefix="vq_check"))
            self.standing = Standing.EMPTY if kept is None else Standing.MARKED
        with database.connect() as connection:
            self.results.environment = fingerprint(connection, server)
        self.server, self.database = server, database
        version = self.results.environment.get("postgres_version", server.major)
        is_copy = server.kind != "url" and self.standing is Standing.MARKED
        what = "a copy of a kept dataset" if is_copy else self.standing.value
        stage.conclude("passed", f"PostgreSQL {version}, {server.kind}; database {what}{room}")

    def _require_room(self, server: Server, *, is_kept: bool) -> str:
        """Make sure, before anything is made, that there is room for all of it; a large check says how much."""
        recipe = self._recipe()
        copies = 2 if recipe.is_kept_on(server) and not is_kept else 1
        # Growth is measured in databases of a tenth and less, which are kept as well.
        room = estimate_room(server, recipe.plan.tickets + recipe.plan.tickets // 5, copies=copies)
        free_bytes = require_room(server, room)
        if free_bytes is None or recipe.plan.tickets < LEAST_TICKETS:
            return ""
        return f"; takes {room}; {free_bytes / 2**30:.1f} GiB are free"

    def _install(self, stage: OpenStage) -> None:
        database = self._require_database()
        if self.standing is Standing.UNMARKED:
            stage.conclude("passed", "the schema is there without the mark: the database is only read")
            return
        installed = install(database, indexes=self._indexes(), layout=self._layout())
        what = "found" if self.standing is Standing.MARKED else "installed"
        how = f", indexes '{installed.indexes}'" + (
            "" if installed.layout == "none" else f", layout '{installed.layout}'"
        )
        stage.conclude("passed", f"schema version {installed.schema_version} {what}{how}")
        self.standing = Standing.MARKED

    def _seed(self, stage: OpenStage) -> None:
        database = self._require_schema()
        with database.connect() as connection:
            self.dataset = read_dataset(connection)
        if self.dataset is None:
            if self.standing is Standing.UNMARKED:
                raise CannotRun("the database is only read; its own data are measured")
            recipe = self._recipe()
            self.dataset = seed(database, recipe.plan, progress=self.ledger.tell)
            how = "seeded and kept" if keep(database, recipe) else "seeded"
            is_proved = True
        else:
            how = "found"
            is_proved = database.server.kind != "url"  # a copy of what was proved
        if self.standing is Standing.MARKED:
            self._apply(database)
        self.results.dataset = conclusion.dataset(self.dataset)
        rows = f"{self.dataset.tickets:,} tickets, {self.dataset.history:,} history rows"
        changed = "; change applied" if self.change is not None else ""
        stage.conclude("passed", f"{rows}, {self.dataset.tenants} tenants {how}{changed}")
        if self.change is not None or not is_proved:
            stage.fail(*conclusion.unsound(verify(database)))

    def _conformance(self, stage: OpenStage) -> None:
        database = self._require_writable()
        unasked = self.profile.unasked
        asked = [letters for letters in load_requirements().families if letters not in unasked]
        sized = self._sized() if self.profile.conforms_apart else None
        with nullcontext(database) if sized is None else sized(TICKETS) as place:
            outcome = run_conformance(place, subjects=self.subjects, only=asked if unasked else None)
        # Its tenants are gone again, but autovacuum may have looked at the tables while they were there.
        Observer.of(database).renew_statistics()
        self.results.requirements = conclusion.requirements(outcome) + conclusion.unasked(self.profile)
        conclusion.conclude_conformance(stage, outcome)
        if sized is not None:
            stage.summary += f"; in a database of its own with {TICKETS:,} tickets"

    def _plans(self, stage: OpenStage) -> None:
        plans = measure_plans(self._require_data(), self.budgets)
        self.results.plans = tuple(plans)
        conclusion.conclude_plans(stage, plans)

    def _budgets(self, stage: OpenStage) -> None:
        report = measure_budgets(self._require_data(), self.budgets, sized=self._sized())
        self.results.budgets = report.budgets
        self.results.latencies = report.latencies
        asked = {budget.query for budget in self.budgets.values() if budget.query is not None}
        tickets = self.profile.tickets if self.dataset is None else self.dataset.tickets
        kept = fitting_calibration(self.results.environment, tickets=tickets, queries=asked)
        tolerance = ComparePolicy.load(self.options.budgets).largest_read_loss
        self.results.calibration = conclusion.calibration(kept, tolerance)
        conclusion.conclude_budgets(stage, report, kept, tolerance)

    def _load(self, stage: OpenStage) -> None:
        """Clients move tickets at once; the history that they leave is checked. The last, because it writes most."""
        database = self._require_writable()
        self._require_data()
        compared = compare_subjects(database, [find_subject(name) for name in self.subjects])
        self.results.subjects = tuple(compared)
        self._guarantees()
        pooled = self._pools()
        found = run_load(
            database,
            subject=self.subjects[0],
            clients=self.profile.clients,
            duration_s=self.profile.load_s,
            seed=self.options.seed,
        )
        Observer.of(database).renew_statistics()
        self.results.load, latencies = conclusion.load(found)
        self.results.latencies += latencies
        conclusion.conclude_load(stage, found)
        if pooled is not None:
            conclusion.conclude_pools(stage, pooled)

    def _guarantees(self) -> None:
        """Measured in a small database of its own, whatever the profile's size, where the server lets us make one."""
        sized = self._sized()
        if not self.profile.guarantees_s or sized is None:
            return
        with sized(TICKETS) as database:
            found = measure_guarantees(database, limit_s=self.profile.guarantees_s, seed=self.options.seed)
        self.results.guarantees = tuple(found)

    def _pools(self) -> PoolComparison | None:
        """Compared in a small database of their own as well, where that can be made and connected to."""
        sized = self._sized()
        if not self.profile.pools_s or sized is None:
            return None
        subject, seed = self.subjects[0], self.options.seed
        try:
            with sized(TICKETS) as database:
                found = compare_pools(
                    database,
                    subject=subject,
                    sizes=_POOL_SIZES,
                    limit_s=self.profile.pools_s,
                    seed=seed,
                    tell=self.ledger.tell,
                )
        except EnvironmentFault as error:
            self.results.pools = conclusion.unpooled(subject, error)
            return None
        self.results.pools = conclusion.pools(found)
        return found

    def _sized(self) -> SizedDatabase | None:
        """Databases of other sizes for growth, where this server lets us make them."""
        server = self.server
        if server is None or (server.kind == "url" and not rights(server).may_create_database):
            return None

        @contextmanager
        def sized(tickets: int) -> Iterator[Database]:
            with seeded_copy(server, self._recipe(tickets), prefix="vq_size") as database:
                self._apply(database)
                yield database

        return sized

    def _recipe(self, tickets: int | None = None) -> Recipe:
        """What the database under test is to hold, or one of another size."""
        plan = SeedPlan(tickets or self.profile.tickets, self.profile.tenants, seed=self.options.seed)
        return Recipe(plan, self._indexes(), self._layout())

    def _indexes(self) -> str:
        """The set of indexes that is asked for, else the one that is there, else the document's."""
        present = None if self.database is None else guard.find(self.database).installation
        return self.options.indexes or (present.indexes if present is not None else "seed")

    def _layout(self) -> Layout:
        """The same for how the tables lie."""
        present = None if self.database is None else guard.find(self.database).installation
        return self.options.layout or Layout.named(present.layout if present is not None else "none")

    def _apply(self, database: Database) -> None:
        if self.change is None:
            return
        with database.connect() as connection:
            connection.execute(self.change.encode())

    def _require_database(self) -> Database:
        if self.database is None:
            raise CannotRun("there is no server to work on")
        return self.database

    def _require_schema(self) -> Database:
        if self.ledger.verdict("install") != "passed":
            raise CannotRun("the schema is not installed")
        return self._require_database()

    def _require_writable(self) -> Database:
        database = self._require_schema()
        if self.standing is not Standing.MARKED:
            raise CannotRun("it writes, and the database does not carry the harness's mark")
        return database

    def _require_data(self) -> Database:
        database = self._require_schema()
        if self.ledger.verdict("seed") == "error":
            raise CannotRun("there are no data")
        return database
