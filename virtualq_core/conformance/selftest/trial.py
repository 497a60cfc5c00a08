"""One implementation on trial: a copy of a good database is made into it, and the suite is run there."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from psycopg.pq import TransactionStatus

from virtualq_core import content
from virtualq_core.conformance.expectation import describe
from virtualq_core.conformance.requirement import family_of
from virtualq_core.conformance.run import run_conformance
from virtualq_core.conformance.selftest.verdict import ControlResult, MutantResult
from virtualq_core.database.clone import fresh_database
from virtualq_core.database.install import install
from virtualq_core.database.provider import private_server
from virtualq_core.errors import VirtualQError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

    from virtualq_core.conformance.result import ConformanceResult, RequirementResult
    from virtualq_core.conformance.selftest.specimen import Specimen
    from virtualq_core.database.server import Database, Server

PREFIX = "vq_selftest"
SLOW_FAMILIES = ("DUR", "CON")
"""Those whose tests take seconds each, the slowest first."""

_SQL = content.beside(__file__, "trial.sql")
_PRELUDE = content.beside(__file__, "prelude.sql")["prelude"]
_TIMEOUT_S = 600.0
_ATTEMPTS = 2  # at a run that decides nothing
_CRASHES = 3  # runs for a mutant that only crashes can catch: whether one finds anything to lose is chance
_LONGEST = 300


class NotApplied(VirtualQError):
    """A mutant or a control could not be tried, which says nothing about the suite."""

    code = "not-applied"


class ChangesServer(NotApplied):
    """It changes what all databases of its server share; it was taken back."""


@dataclass(frozen=True)
class Bench:
    """
    Where implementations are tried: copies of the good database `template` on `server`.

    One that changes what all databases of a server share, such as a role, is tried on a server of its own, which
    `postgres_bin` starts where it is given. `has_collateral` runs the families of the rules that a mutant breaks, but
    for the slow ones, so that it is seen what else catches it. `suite` is another folder with a suite.
    """

    server: Server
    template: str
    postgres_bin: Path | None = None
    has_collateral: bool = False
    suite: Path | None = None

    def try_mutant(self, mutant: Specimen) -> MutantResult:
        """
        Run the tests of the rules that a mutant breaks, and the whole suite if none of these catches it.

        What only other rules catch has survived: the rule that is published for it has to.
        """
        began = time.monotonic()
        caught: tuple[str, ...] = ()
        try:
            with self._made(mutant) as database:
                verdict, detail, caught = self._hunt(database, mutant)
        except VirtualQError as error:
            verdict, detail = "not applied", _short(str(error))
        duration_s = round(time.monotonic() - began, 3)
        return MutantResult(
            mutant.name, mutant.group, mutant.sentence, mutant.breaks, verdict, caught, duration_s, detail
        )

    def try_control(self, control: Specimen, only: Collection[str] = ()) -> ControlResult:
        """Hold a right design to the requirements, or to those that are named."""
        began = time.monotonic()
        requirements: tuple[RequirementResult, ...] = ()
        try:
            with self._made(control) as database:
                result = self._run(database, control, only)
                verdict, requirements = result.verdict, result.requirements
                detail = "; ".join(map(_told, (*result.broken, *result.undecided)))
        except VirtualQError as error:
            verdict, detail = "not applied", _short(str(error))
        return ControlResult(
            control.name,
            control.sentence,
            control.subjects,
            verdict,
            len(requirements),
            tuple(each.id for each in requirements if each.is_broken),
            tuple(each.id for each in requirements if each.verdict == "skipped"),
            round(time.monotonic() - began, 3),
            detail,
        )

    def _hunt(self, database: Database, mutant: Specimen) -> tuple[str, str, tuple[str, ...]]:
        """The verdict, what there is to say about it, and the rules that caught it."""
        selected: Iterable[str] = mutant.breaks
        if self.has_collateral:
            families = dict.fromkeys(map(family_of, mutant.breaks))
            selected = (*mutant.breaks, *(each for each in families if each not in SLOW_FAMILIES))
        for _ in range(_CRASHES if {family_of(rule) for rule in mutant.breaks} == {"DUR"} else 1):
            result = self._run(database, mutant, tuple(selected))
            caught = _caught(result)
            if not set(caught).isdisjoint(mutant.breaks):
                return "killed", "", caught
        own = [each for each in result.requirements if each.id in mutant.breaks]
        if not any(each.verdict == "passed" for each in own):
            raise NotApplied(f"no test could judge {mutant.name}", observed="; ".join(map(_told, own)))
        try:
            whole = self._run(database, mutant, ())
        except NotApplied as error:
            return "survived", _short(str(error)), caught
        return "survived", "", _caught(whole)

    def _run(self, database: Database, specimen: Specimen, only: Collection[str]) -> ConformanceResult:
        for _ in range(_ATTEMPTS):
            result = run_conformance(
                database, subjects=specimen.subjects, only=tuple(only), folder=self.suite, timeout_s=_TIMEOUT_S
            )
            if result.verdict != "inconclusive":
                break
        if result.verdict == "error":
            raise NotApplied(f"the suite could not be run on {specimen.name}", observed=result.fault)
        return result

    @contextmanager
    def _made(self, specimen: Specimen) -> Iterator[Database]:
        """A database that is the specimen's design, and gone afterwards."""
        with ExitStack() as stack:
            database = stack.enter_context(fresh_database(self.server, template=self.template, prefix=PREFIX))
            try:
                _apply(database, specimen)
            except ChangesServer:
                server = stack.enter_context(private_server(postgres_bin=self.postgres_bin))
                database = stack.enter_context(fresh_database(server, prefix=PREFIX))
                install(database)
                _apply(database, specimen, is_alone=True)
            yield database


def _apply(database: Database, specimen: Specimen, *, is_alone: bool = False) -> None:
    """Run a specimen's SQL as the owner, in one transaction."""
    if specimen.sql is None:
        return
    try:
        with database.connect(autocommit=False) as connection:
            before = connection.execute(_SQL["read_shared"].sql).fetchone()
            connection.execute(_PRELUDE.sql)
            connection.execute(specimen.sql)
            if connection.info.transaction_status != TransactionStatus.INTRANS:
                raise NotApplied(f"{specimen.path.name} ends the transaction that it is applied in")
            if not is_alone and connection.execute(_SQL["read_shared"].sql).fetchone() != before:
                raise ChangesServer(f"{specimen.path.name} changes what all databases of the server share")
    except psycopg.Error as error:
        raise NotApplied(f"{specimen.path.name} cannot be applied", observed=describe(error)) from error


def _caught(result: ConformanceResult) -> tuple[str, ...]:
    return tuple(each.id for each in result.requirements if each.failures)


def _told(result: RequirementResult) -> str:
    return _short(f"{result.id} {result.verdict}: {result.observed}")


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
