"""
What must be true of every statement that can run where the tables are spread over nodes, read by PostgreSQL's parser.

The functions are taken from the catalogue of a database in that layout, so that they are judged as they were amended;
the queries from `schema/queries`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias

import postgast
from google.protobuf.message import Message

from virtualq_core.content import statements

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

# The view is on the history, and gone in this layout.
SPREAD = frozenset({"queue", "customer", "employee", "ticket", "ticketitem", "ticketstatehistory", "ticketstep"})
COPIED = frozenset({"account", "tenant", "typedefinition", "typedefinitionrevision"})
KEY = "tenant_id"

ACROSS_TENANTS = {
    "find_violations": "it is a question about the whole database, which the owner asks on the coordinator",
    "settle_type": "a system-defined type has tickets of all tenants; it runs on the coordinator, in sequence",
}
"""Functions whose statements concern more than one tenant on purpose, and why that is no harm."""

_PLACEHOLDER = re.compile(r"%\(\w+\)s")
_EXPRESSION, _ASSIGNMENT = 2, 3
_PREFIX = "virtualq."
Nodes: TypeAlias = dict[str, list[Any]]


@dataclass(frozen=True)
class Fault:
    """One statement that breaks one rule."""

    rule: str
    file: str
    object: str
    detail: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.file}: {self.object}: {self.detail}"


@dataclass(frozen=True)
class Function:
    """
    A function as it is installed.

    `runs_on_nodes` says that a node runs it: as a trigger of a spread or copied table, or as an operation that is
    handed to the tenant's node.
    """

    name: str
    definition: str
    runs_on_nodes: bool


def query_faults(schema: Path) -> list[Fault]:
    """What the operational queries break."""
    found = []
    for file in sorted((schema / "queries").glob("*.sql")):
        for name, statement in statements(file).items():
            for rule, detail in _judge(_PLACEHOLDER.sub("$1", statement.sql)):
                found.append(Fault(rule, file.relative_to(schema).as_posix(), name, detail))
    return found


def function_faults(schema: Path, functions: Iterable[Function], narrow: frozenset[str]) -> list[Fault]:
    """What the functions break; `narrow` are the tables whose identity column is narrower than bigint."""
    found = []
    for function in functions:
        file = _file_of(schema, function.name)
        for text in _texts(function.definition):
            for rule, detail in _judge(text, narrow=narrow, on_node=function.runs_on_nodes):
                if rule == "query-names-tenant" and function.name in ACROSS_TENANTS:
                    continue
                found.append(Fault(rule, file, f"virtualq.{function.name}", detail))
    return found


def file_faults(schema: Path) -> list[Fault]:
    """
    What the overlay's own statements break.

    Citus may send a command to the nodes as the text that it came in, which is the whole file's. So those that change
    spread tables stand alone, inside a block (citusdata/citus, issue 6608).
    """
    found = []
    for file in sorted((schema / "distributed").glob("9[2-9]*.sql")):
        for entry in postgast.parse(file.read_text(encoding="utf-8")).stmts:
            kind = entry.stmt.WhichOneof("node")
            if kind not in {"do_stmt", "select_stmt"}:
                place = file.relative_to(schema).as_posix()
                found.append(Fault("commands-stand-alone", place, str(kind), "it is not in a block"))
    return found


def _file_of(schema: Path, function: str) -> str:
    made = re.compile(rf"function virtualq\.{function}\(", re.IGNORECASE)
    for folder in ("distributed", "install"):
        for file in sorted((schema / folder).glob("*.sql")):
            if made.search(file.read_text(encoding="utf-8")):
                return file.relative_to(schema).as_posix()
    return "schema"


def _texts(definition: str) -> Iterator[str]:
    """The statements of a function's body, each as text that parses by itself."""
    if "LANGUAGE plpgsql" not in definition:
        yield definition
        return
    waiting: list[Any] = [postgast.parse_plpgsql(_plain(definition))]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, dict):
            expression = part.get("PLpgSQL_expr")
            if expression is not None:
                text, mode = str(expression["query"]), int(expression.get("parseMode", 0))
                if mode >= _ASSIGNMENT:
                    text = "select " + text.partition(":=")[2]
                yield f"select {text}" if mode == _EXPRESSION else text
            waiting += part.values()


def _plain(definition: str) -> str:
    """
    A function as the parser of its language takes it, which knows neither trigger functions nor our types.

    The rows and the settings of a trigger become arguments.
    """
    untyped = re.sub(r"(?i)\b((?:old|new|before|after|made)\s+)virtualq\.typedefinition\b", r"\1record", definition)
    return re.sub(
        r"\(\)\s+RETURNS trigger",
        "(new record, old record, tg_op text, tg_name text, tg_relid oid, tg_table_name text, tg_table_schema text, "
        "tg_argv text[]) RETURNS record",
        untyped,
    )


def _judge(text: str, *, narrow: frozenset[str] = frozenset(), on_node: bool = False) -> Iterator[tuple[str, str]]:
    nodes: Nodes = {}
    _collect(postgast.parse(text), nodes)
    yield from _judge_names(nodes)
    yield from _judge_tenants(nodes, text)
    yield from _judge_settings(nodes)
    if on_node:
        yield from _judge_on_node(nodes, narrow)


def _judge_names(nodes: Nodes) -> Iterator[tuple[str, str]]:
    named = {str(node.ctename) for node in nodes.get("CommonTableExpr", ())}
    for node in nodes.get("RangeVar", ()):
        if not node.schemaname and node.relname in SPREAD | COPIED and node.relname not in named:
            yield "table-has-its-schema", f"{node.relname} is named without"


def _judge_tenants(nodes: Nodes, text: str) -> Iterator[tuple[str, str]]:
    for node in chain.from_iterable(nodes.get(kind, ()) for kind in ("SelectStmt", "UpdateStmt", "DeleteStmt")):
        for alias in _Level.of(node).unbound():
            yield "query-names-tenant", f"no {KEY} for {alias} in: {' '.join(text.split())[:120]}"
    for node in nodes.get("InsertStmt", ()):
        if str(node.relation.relname) in SPREAD and KEY not in {str(one.res_target.name) for one in node.cols}:
            yield "insert-names-tenant", f"{node.relation.relname} is given none"


def _judge_settings(nodes: Nodes) -> Iterator[tuple[str, str]]:
    for node in nodes.get("FuncCall", ()):
        if node.funcname[-1].string.sval == "set_config":
            setting = node.args[0].a_const.sval.sval
            if setting.startswith(_PREFIX):
                yield "set-local-reaches-nodes", f"{setting} is set by set_config()"


def _judge_on_node(nodes: Nodes, narrow: frozenset[str]) -> Iterator[tuple[str, str]]:
    for node in nodes.get("InsertStmt", ()):
        table = str(node.relation.relname)
        if table in narrow and table in SPREAD:
            yield "narrow-identity-on-coordinator", f"{table} has an integer identity, which is used up on nodes"
    for node in chain.from_iterable(nodes.get(kind, ()) for kind in ("InsertStmt", "UpdateStmt", "DeleteStmt")):
        if str(node.relation.relname) in COPIED:
            yield "copies-written-on-coordinator", f"{node.relation.relname} is written on a node"
    for node in nodes.get("LockStmt", ()):
        yield "no-table-lock-on-a-node", f"{node.relations[0].range_var.relname} is locked"


def _collect(message: Message, nodes: Nodes) -> None:
    """Every message of a tree under the name of its kind."""
    nodes.setdefault(message.DESCRIPTOR.name, []).append(message)
    for descriptor, value in message.ListFields():
        if descriptor.message_type is not None:
            for part in [value] if isinstance(value, Message) else value:
                _collect(part, nodes)


@dataclass
class _Level:
    """One level of a query: its own tables by alias, and the conditions that bind them."""

    tables: dict[str, str] = field(default_factory=dict)
    conditions: list[Any] = field(default_factory=list)
    bound: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, statement: Any) -> _Level:  # noqa: ANN401 -- a protobuf message of one of three kinds
        level = cls()
        kind = statement.DESCRIPTOR.name
        if kind != "SelectStmt":
            level._add(statement.relation)
        sources = {"SelectStmt": "from_clause", "UpdateStmt": "from_clause", "DeleteStmt": "using_clause"}[kind]
        for source in getattr(statement, sources):
            level._enter(source)
        if statement.HasField("where_clause"):
            level._conjoin(statement.where_clause)
        return level

    def unbound(self) -> list[str]:
        """The aliases of spread tables whose tenant is not said."""
        pairs = list(self._equalities())
        bound = self.bound | {alias for alias, other in pairs if other is None}
        while True:
            more = {alias for alias, other in pairs if other in bound and alias not in bound}
            if not more:
                break
            bound |= more
        return [alias for alias, table in self.tables.items() if table in SPREAD and alias not in bound]

    def _enter(self, source: Any) -> None:  # noqa: ANN401 -- as above
        kind = source.WhichOneof("node")
        if kind == "range_var":
            self._add(source.range_var)
        elif kind == "join_expr":
            self._enter(source.join_expr.larg)
            self._enter(source.join_expr.rarg)
            if source.join_expr.HasField("quals"):
                self._conjoin(source.join_expr.quals)
        elif kind == "range_subselect":
            alias = source.range_subselect.alias.aliasname
            within = _Level.of(source.range_subselect.subquery.select_stmt)
            self.tables[alias] = ""
            if SPREAD & set(within.tables.values()) and not within.unbound():
                self.bound.add(alias)

    def _add(self, relation: Any) -> None:  # noqa: ANN401 -- as above
        alias = relation.alias.aliasname if relation.HasField("alias") else relation.relname
        self.tables[str(alias)] = str(relation.relname) if relation.schemaname else ""

    def _conjoin(self, condition: Any) -> None:  # noqa: ANN401 -- as above
        if condition.WhichOneof("node") == "bool_expr" and condition.bool_expr.boolop == 1:
            for part in condition.bool_expr.args:
                self._conjoin(part)
        else:
            self.conditions.append(condition)

    def _equalities(self) -> Iterator[tuple[str, str | None]]:
        """(alias, alias) where two tenants are the same; (alias, None) where one is said from outside."""
        for condition in self.conditions:
            if condition.WhichOneof("node") != "a_expr" or condition.a_expr.name[-1].string.sval != "=":
                continue
            sides = [condition.a_expr.lexpr, condition.a_expr.rexpr]
            for side, other in (sides, sides[::-1]):
                alias = self._tenant_of(side)
                if alias is not None:
                    yield alias, self._tenant_of(other)

    def _tenant_of(self, side: Any) -> str | None:  # noqa: ANN401 -- as above
        """The alias whose tenant an operand is, if it is one of this level's."""
        if side.WhichOneof("node") != "column_ref":
            return None
        names = [part.string.sval for part in side.column_ref.fields]
        if len(names) == 2 and names[1] == KEY and names[0] in self.tables:
            return str(names[0])
        return None


def by_rule(faults: Iterable[Fault]) -> Mapping[str, list[Fault]]:
    """The faults under the rule that they break."""
    found: dict[str, list[Fault]] = {}
    for fault in faults:
        found.setdefault(fault.rule, []).append(fault)
    return found
