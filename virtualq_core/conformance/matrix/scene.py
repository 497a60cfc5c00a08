"""Two tenants with a row of every kind, a third with none, and what those know of them who see all."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID, uuid4

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from virtualq_core import content
from virtualq_core.conformance.matrix import row
from virtualq_core.conformance.matrix.call import own
from virtualq_core.conformance.matrix.catalogue import read
from virtualq_core.conformance.matrix.probe import Answer, Probe
from virtualq_core.conformance.world import FIELDS, WORK
from virtualq_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from psycopg.sql import Composable, Composed

    from virtualq_core.conformance.matrix.catalogue import Catalogue, Function, Reference, Relation
    from virtualq_core.conformance.world import Actor, Tenant, World

_SQL = content.beside(__file__, "scene.sql")


@dataclass
class Side:
    """
    One tenant with its rows.

    `rows` has one row of each table by the table's name, `values` all of a column by table and column, and `secrets`
    what stands in these rows and in no other tenant's.
    """

    tenant: Tenant
    mark: str
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    values: dict[tuple[str, str], set[object]] = field(default_factory=dict)
    secrets: frozenset[str] = frozenset()

    @property
    def id(self) -> int:
        """The tenant's id."""
        return self.tenant.id

    def told_by(self, text: str, given: Iterable[object] = ()) -> str | None:
        """A secret that a text tells, other than those that were given to whoever wrote it; none if there is none."""
        known = {str(each) for each in given}
        return next((secret for secret in self.secrets if secret not in known and secret in text), None)

    @property
    def pattern(self) -> str:
        """A regular expression that finds each secret."""
        return "|".join(map(re.escape, sorted(self.secrets)))


class Look(NamedTuple):
    """What somebody sees of a relation: rows, others' rows, rows that tell a secret, and all of them as one figure."""

    answer: Answer
    rows: int = 0
    foreign: int = 0
    telling: int = 0
    figure: str | None = None

    @property
    def brief(self) -> str:
        """In a few words."""
        if self.answer.error:
            return self.answer.brief
        return f"{self.rows} rows, {self.foreign} of them another's, {self.telling} with another's secrets"


class Scene:
    """
    `ours` is the tenant that looks for a way to `theirs`; `vacant_id` is one that owns nothing but itself.

    `functions` are those that the application may call, `uncalled` those of which an argument is not known, and
    `unfurnished` the tables for which no row could be made up, each with what was in the way.
    """

    def __init__(self, world: World, maintainer: Actor) -> None:
        self._world = world
        self._eyes = Probe(maintainer.connection, None)
        self.catalogue: Catalogue = read(maintainer)
        self.unfurnished: dict[str, str] = {}
        self._made_up: set[str] = set()
        self._sides: list[Side] = []
        self.vacant_id = int(maintainer.value(_SQL["add_tenant"], account_id=world.account_id))
        self.ours = self.open_side("Ours")
        self.theirs = self.open_side("Theirs")
        self.functions: list[Function] = []
        self.uncalled: dict[str, str] = {}
        for function in self.catalogue.functions:
            try:
                own(function, self, self.ours)
            except UsageError as error:
                self.uncalled[function.signature] = str(error).splitlines()[0]
            else:
                self.functions.append(function)

    def open_side(self, name: str) -> Side:
        """A new tenant with a row in every table that tenants own rows of, but for the `unfurnished` ones."""
        side = Side(self._world.open_tenant(name), f"{name}-{uuid4().hex}")
        self._sides.append(side)
        with self._world.application(side.tenant) as app:
            for statement in ("mark_tenant", "mark_queues", "mark_customers", "mark_employees"):
                app.change(_SQL[statement], mark=side.mark)
            app.publish(side.tenant.type_id, WORK, {**FIELDS, "title": side.mark})
            people = {"customer_id": side.tenant.customer_id, "employee_id": side.tenant.employee_id}
            ticket_id = app.create(**people, custom_data=Jsonb({"channel": "web"}))
            app.change(_SQL["add_item"], ticket_id=ticket_id, mark=side.mark)
            app.create("start", "complete", custom_data=Jsonb({"channel": "web"}))
        for table in self.catalogue.tables:
            rows = self.rows_of(table, side.id)
            if not rows:
                try:
                    self.add(table, side)
                except (UsageError, psycopg.Error) as error:
                    self.unfurnished[table.name] = str(error).splitlines()[0]
                    continue
                self._made_up.add(table.name)
                rows = self.rows_of(table, side.id)
            side.rows[table.name] = rows[0]
        self.look_again(side)
        return side

    @property
    def tables(self) -> list[Relation]:
        """The tables that tenants own rows of and that have a row of each."""
        return [table for table in self.catalogue.tables if table.name not in self.unfurnished]

    @property
    def references(self) -> list[Reference]:
        """The foreign keys between them."""
        names = {table.name for table in self.tables}
        return [each for each in self.catalogue.references if {each.relation, each.referred} <= names]

    def look_again(self, side: Side) -> None:
        """Read what the tenant has by now."""
        secrets = {side.mark}
        for table in self.tables:
            rows = self.rows_of(table, side.id)
            side.rows[table.name] = rows[0]
            for name in table.columns:
                values = [each[name] for each in rows]
                side.values[table.name, name] = {each for each in values if isinstance(each, int | str | UUID)}
                secrets |= {str(each) for each in values if isinstance(each, UUID)}
        side.secrets = frozenset(secrets)

    def close(self) -> None:
        """Delete the rows that were made up for tables which the off-boarding of a tenant need not know of."""
        for table in reversed(self.tables):
            if table.name in self._made_up:
                for side in self._sides:
                    with self._eyes.within(side.id, table.overseer) as connection:
                        connection.execute(row.delete(table, {str(table.owner): side.id}))

    def rows_of(self, table: Relation, tenant_id: int) -> list[dict[str, Any]]:
        """A tenant's rows of a table by their key, as those see them who see all."""
        key = sql.SQL(", ").join(map(sql.Identifier, table.key)) if table.key else sql.Literal(1)
        statement = sql.SQL(_SQL["list_rows"].sql).format(
            table=sql.Identifier(table.name), condition=row.condition({str(table.owner): tenant_id}), key=key
        )
        with self._eyes.within(tenant_id, table.overseer) as connection:
            return connection.cursor(row_factory=dict_row).execute(statement).fetchall()

    @staticmethod
    def key_of(table: Relation, side: Side) -> dict[str, Any]:
        """The key of a tenant's row of a table."""
        return {name: side.rows[table.name][name] for name in table.key}

    def add(self, table: Relation, side: Side) -> None:
        """
        One more row of a tenant's, written by somebody who may write anything.

        Raises:
            UsageError: nothing is known that would fit into a column.
            psycopg.Error: the row that was made up is refused.
        """
        rows = {table.name: {str(table.owner): side.id}, **side.rows}
        with self._eyes.within(side.id, table.overseer) as connection:
            connection.execute(row.insert(table, row.new_row(table, rows)))

    def stir(self, side: Side) -> None:
        """
        Change something of a tenant's in every table.

        Raises:
            UsageError, psycopg.Error: as `add` does.
        """
        before = self.digest(side)
        for table in self.tables:
            if "insert" in table.granted:
                self.add(table, side)
        with self._world.application(side.tenant) as app:
            app.change(_SQL["mark_tenant"], mark=f"{side.mark} stirred")
            app.take(self.rows_of(self.catalogue.relations["ticket"], side.id)[1]["id"], "remind")
        for table in self.tables:
            if self.digest(side)[table.name] == before[table.name]:
                self.add(table, side)
        self.look_again(side)

    def renew(self, side: Side) -> None:
        """Let the tenant's ticket be a new one, that waits."""
        with self._world.application(side.tenant) as app:
            ticket_id = app.create(custom_data=Jsonb({"channel": "web"}))
        rows = self.rows_of(self.catalogue.relations["ticket"], side.id)
        side.rows["ticket"] = next(each for each in rows if each["id"] == ticket_id)

    def oversee(self, table: Relation, statement: Composed) -> Answer:
        """What somebody is answered who sees all tenants and may write into each; it is undone."""
        return self._eyes.ask(statement, role=table.overseer)

    def look(self, probe: Probe, relation: Relation, side: Side | None = None) -> Look:
        """
        What a relation shows to a probe that asks in the name of `side`, or in nobody's.

        Of rows that say whose they are, all but the system's and those of `side` are foreign.
        """
        shown = relation.granted_columns("select")
        is_foreign: Composable = sql.Literal(False)  # noqa: FBT003 -- a value of SQL
        if relation.owner in shown:
            is_foreign = sql.SQL(_SQL["is_foreign"].sql).format(
                owner=sql.Identifier(str(relation.owner)), owned_by=sql.Literal([0] if side is None else [0, side.id])
            )
        statement = sql.SQL(_SQL["look_at"].sql).format(
            table=sql.Identifier(relation.name),
            columns=row.names(shown or relation.columns),
            is_foreign=is_foreign,
            secrets=sql.Literal("|".join(each.pattern for each in (self.ours, self.theirs) if each is not side)),
        )
        answer = probe.ask(statement)
        return Look(answer, *answer.rows[0]) if answer.rows else Look(answer)

    def digest(self, side: Side, probe: Probe | None = None) -> dict[str, str]:
        """A figure of each table's rows of one tenant, as things stand within a probe's transaction if one is given."""
        if probe is None:
            with self._eyes.trial():
                return self.digest(side, self._eyes)
        figures: dict[str, str] = {}
        for overseer in {table.overseer for table in self.catalogue.tables}:
            each = sql.SQL(_SQL["digest_table"].sql)
            statements = [
                each.format(
                    name=sql.Literal(table.name),
                    table=sql.Identifier(table.name),
                    condition=row.condition({str(table.owner): side.id}),
                )
                for table in self.catalogue.tables
                if table.overseer == overseer
            ]
            probe.enter(overseer)
            figures |= dict(probe.connection.execute(sql.SQL("\nunion all\n").join(statements)).fetchall())
        return figures
