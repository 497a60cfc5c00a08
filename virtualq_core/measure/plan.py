"""
A query plan as `EXPLAIN (ANALYZE, VERBOSE, BUFFERS, FORMAT JSON)` tells it: parsed, measured, reduced to a fingerprint.

The fingerprint is what makes two plans the same plan: no cost, no count and no constant is in it, so it repeats on any
machine that plans alike. Relations are told apart by their alias, and a predicate's columns stand under the place where
the predicate is evaluated, so that one that slides from the index condition into the filter is a change.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

from virtualq_core.measure.remote import task_count, with_remote_plans

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

Fingerprint: TypeAlias = tuple[Any, ...]
"""(node, relation and alias, index, columns of Index Cond, of Filter, join type, strategy, partial mode, children)."""

# PostgreSQL numbers the aliases of a table's partitions.
_NUMBERED = re.compile(r"_\d+$")
_PARAMETER = re.compile(r"\$[1-9]")
_LITERAL = re.compile(r"'(?:[^']|'')*'")
_CAST = re.compile(r"::(?:timestamp|time) with(?:out)? time zone|::[a-z ]*varying|::\"?[\w.]+\"?(?:\[\])?")
_NAME = r'(?:"(?:[^"]|"")+"|[a-z_][\w$]*)'
_QUALIFIED = re.compile(rf"(?<![\w$.])(?P<alias>{_NAME})\.(?P<column>{_NAME})(?![\w$.\"]|\s*\()")
_BARE = re.compile(rf"(?<![\w$.\"])(?P<column>{_NAME})(?![\w$.\"]|\s*\()")
_COMPARISON = r"(?:=|<=|>=|<|>|@>)"
_FETCHING = frozenset({"Index Scan", "Bitmap Heap Scan"})
_APPENDING = frozenset({"Append", "Merge Append"})
# Their own row counts are always zero: they hand over a bitmap.
_COUNTLESS = frozenset({"BitmapAnd", "BitmapOr"})


def columns_of(condition: str | None, alias: str | None = None) -> tuple[str, ...]:
    """
    The columns that a deparsed condition mentions, sorted: those of `alias` bare, those of others with theirs.

    `EXPLAIN (VERBOSE)` writes each as `alias.column`. Without VERBOSE it may write the bare name, which is told from
    functions and types by what stands beside it.
    """
    if not condition:
        return ()
    text = _CAST.sub("", _LITERAL.sub("''", condition))
    found = {
        _plain(match["column"])
        if alias in (None, _plain(match["alias"]))
        else f"{_plain(match['alias'])}.{_plain(match['column'])}"
        for match in _QUALIFIED.finditer(text)
    }
    return tuple(sorted(found or {_plain(match["column"]) for match in _BARE.finditer(text)}))


def wrapped_columns(condition: str | None, alias: str | None, texts: Collection[str] = ()) -> tuple[str, ...]:
    """
    The columns of `alias` that a condition mentions within expressions only, never bare beside a comparison.

    No index on the bare column can answer for those. The columns in `texts` count as bare under a cast to text as well,
    which is how `varchar` columns are written.
    """
    text = _LITERAL.sub("''", condition or "")
    wrapped = []
    for column in columns_of(condition, alias):
        if "." in column:
            continue
        name = rf'(?:{_NAME}\.)?"?{re.escape(column)}"?'
        operand = rf"(?:{name}|\({name}\)::text)" if column in texts else name
        if not re.search(rf"(?<!\w)\({operand} {_COMPARISON} |{_COMPARISON} {operand}\)", text):
            wrapped.append(column)
    return tuple(wrapped)


def _plain(name: str) -> str:
    return name.strip('"').replace('""', '"')


@dataclass(frozen=True)
class Node:
    """
    One node of a plan.

    `details` is EXPLAIN's own object, with the children in it; `alias` is the name of the relation that it scans, which
    the index scans below a bitmap heap scan have from it.
    """

    details: Mapping[str, Any]
    alias: str | None
    children: tuple[Node, ...]

    @classmethod
    def parse(cls, details: Mapping[str, Any], inherited: str | None = None) -> Node:
        """The node of one of EXPLAIN's JSON objects."""
        alias = details.get("Alias", inherited if str(details["Node Type"]).startswith("Bitmap") else None)
        return cls(details, alias, tuple(cls.parse(child, alias) for child in details.get("Plans", ())))

    def walk(self) -> Iterator[Node]:
        """The node and all nodes below it, from the top."""
        yield self
        for child in self.children:
            yield from child.walk()

    @property
    def kind(self) -> str:
        """The node's type, such as `Index Scan`."""
        return str(self.details["Node Type"])

    @property
    def relation(self) -> str | None:
        """The table that it scans, without its schema."""
        return self.details.get("Relation Name")

    @property
    def index(self) -> str | None:
        """The index that it reads."""
        return self.details.get("Index Name")

    @property
    def index_columns(self) -> tuple[str, ...]:
        """The columns that the index answers for."""
        return columns_of(self.details.get("Index Cond"), self.alias)

    @property
    def filter_columns(self) -> tuple[str, ...]:
        """The columns that are tested row by row."""
        return columns_of(self.details.get("Filter"), self.alias)

    @property
    def is_executed(self) -> bool:
        """Whether it ran at all; true of every node of a plan that was not analysed."""
        return int(self.details.get("Actual Loops", 1)) > 0

    @property
    def is_partition(self) -> bool:
        """Whether it scans a part of a table (`virtualq_core.measure.partition` has put the table's name there)."""
        return "Partition" in self.details

    @property
    def is_trifle(self) -> bool:
        """Whether it reads a whole partition that is empty or fits into a block: nothing serves that better."""
        return self.is_partition and self.kind == "Seq Scan" and self.buffers <= 1

    @property
    def rows_removed(self) -> float:
        """The rows that were read and thrown away here, over all loops."""
        removed = sum(
            self.details.get(f"Rows Removed by {what}", 0) for what in ("Filter", "Index Recheck", "Join Filter")
        )
        return float(removed * self.details.get("Actual Loops", 1))

    @property
    def scattered_blocks(self) -> float:
        """
        The blocks that this node alone touches, with each row that it fetches from a table counted as one at least.

        Without the difference that packing makes: in a small table many of the rows asked for share a block.
        """
        own = self.buffers - sum(child.buffers for child in self.children)
        if self.kind not in _FETCHING:
            return own
        fetched = float(self.details.get("Actual Rows", 0)) * int(self.details.get("Actual Loops", 1))
        return max(own, fetched + self.rows_removed)

    @property
    def fingerprint(self) -> Fingerprint:
        """The node's part of the plan's fingerprint, its children's too; of partitions that are read alike, one."""
        alias = self.details.get("Alias")
        if self.is_partition and alias is not None:
            alias = _NUMBERED.sub("", alias)
        return (
            self.kind,
            self.relation if alias in (None, self.relation) else f"{self.relation or ''} {alias}".strip(),
            self.index,
            self.index_columns,
            self.filter_columns,
            self.details.get("Join Type"),
            self.details.get("Strategy"),
            self.details.get("Partial Mode"),
            self._children_told,
        )

    @property
    def _children_told(self) -> tuple[Fingerprint, ...]:
        told = tuple(child.fingerprint for child in self.children if not child.is_trifle)
        return tuple(dict.fromkeys(told)) if self.kind in _APPENDING else told

    def _blocks(self, *names: str) -> int:
        return sum(int(self.details.get(f"{name} Blocks", 0)) for name in names)

    @property
    def buffers(self) -> int:
        """Blocks touched here and below, hit and read: of tables and indexes, not of temporary files."""
        return self._blocks("Shared Hit", "Shared Read", "Local Hit", "Local Read")

    @property
    def spilled_blocks(self) -> int:
        """Blocks of temporary files written here and below: a sort or a hash that did not fit into `work_mem`."""
        return self._blocks("Temp Written")


@dataclass(frozen=True)
class Plan:
    """An executed plan. `document` is EXPLAIN's JSON object for the statement."""

    document: Mapping[str, Any]

    @classmethod
    def parse(cls, answer: Any) -> Plan:  # noqa: ANN401 -- what psycopg's or json's decoder yields
        """
        The plan in EXPLAIN's answer: its one-element list, the object within, or either as JSON text.

        Raises:
            ValueError: there is no plan in it.
        """
        document = json.loads(answer) if isinstance(answer, str | bytes) else answer
        if isinstance(document, list) and len(document) == 1:
            document = document[0]
        if not isinstance(document, dict) or not isinstance(document.get("Plan"), dict):
            raise ValueError("not the answer of EXPLAIN (FORMAT JSON)")  # noqa: TRY004 -- it is the document that is wrong
        return cls(document)

    @cached_property
    def root(self) -> Node:
        """The topmost node; of a query that one node of several answers, the topmost of that node's plan."""
        return Node.parse(with_remote_plans(self.document["Plan"]))

    @cached_property
    def task_count(self) -> int | None:
        """The parts of spread tables that are asked, each by a query of its own; None where no table is spread."""
        return task_count(self.document["Plan"])

    @cached_property
    def fingerprint(self) -> Fingerprint:
        """The nested tuple; equal where two plans are the same plan."""
        return self.root.fingerprint

    @property
    def digest(self) -> str:
        """The fingerprint's first 16 hexadecimal digits of SHA-256."""
        return hashlib.sha256(json.dumps(self.fingerprint).encode()).hexdigest()[:16]

    @property
    def executed(self) -> list[Node]:
        """The nodes that ran, from the top."""
        return [node for node in self.root.walk() if node.is_executed]

    @property
    def served_by(self) -> tuple[str, ...]:
        """The indexes that were read, each once, from the top; one that was never executed serves nothing."""
        return tuple(dict.fromkeys(node.index for node in self.executed if node.index is not None))

    def lost_conditions(self, index: str, columns: Collection[str], texts: Collection[str] = ()) -> dict[str, str]:
        """
        The filters of the scans by this index that test its columns in a form that no index can answer.

        By column; `texts` are those columns whose type is written with a cast to text.
        """
        found: dict[str, str] = {}
        waiting: list[tuple[Node, tuple[Node, ...]]] = [(self.root, ())]
        while waiting:
            node, above = waiting.pop()
            above = (*above, node) if node.kind.startswith("Bitmap") else (node,)
            if node.index == index and node.is_executed:
                for scan in above:
                    condition = scan.details.get("Filter")
                    for column in wrapped_columns(condition, scan.alias, texts):
                        if column in columns and column not in node.index_columns:
                            found[column] = str(condition)
            waiting += [(child, above) for child in node.children]
        return found

    @property
    def is_generic(self) -> bool:
        """Whether it was made for any parameters: its conditions compare with $1 instead of with a value."""
        conditions = (node.details.get(name, "") for node in self.root.walk() for name in ("Index Cond", "Filter"))
        return any(_PARAMETER.search(_LITERAL.sub("''", str(condition))) for condition in conditions)

    @property
    def settings(self) -> Mapping[str, str]:
        """The planner's settings that are not the default ones (EXPLAIN's option SETTINGS)."""
        return dict(self.document.get("Settings", {}))

    @property
    def sequential_scans(self) -> tuple[str, ...]:
        """The tables that were read from end to end."""
        scans = [node for node in self.executed if node.kind == "Seq Scan" and not node.is_trifle]
        return tuple(dict.fromkeys(node.relation for node in scans if node.relation is not None))

    @property
    def rows(self) -> int:
        """The rows that came out at the top."""
        return round(float(self.root.details.get("Actual Rows", 0)) * int(self.root.details.get("Actual Loops", 1)))

    @property
    def buffers(self) -> int:
        """Blocks that the execution touched, hit and read."""
        return self.root.buffers

    @property
    def scattered_blocks(self) -> int:
        """Blocks that the execution would touch if no two of the rows that it fetches shared one."""
        return round(sum(node.scattered_blocks for node in self.executed))

    @property
    def planning_buffers(self) -> int:
        """Blocks that planning touched; on a new connection most of them are catalogue."""
        planning = self.document.get("Planning", {})
        return int(planning.get("Shared Hit Blocks", 0)) + int(planning.get("Shared Read Blocks", 0))

    @property
    def execution_ms(self) -> float | None:
        """As EXPLAIN ANALYZE says, which is no stopwatch: its own clock readings are in it."""
        return self.document.get("Execution Time")

    @property
    def cost(self) -> float:
        """The planner's estimate of the total cost, in its own units."""
        return float(self.root.details.get("Total Cost", 0.0))

    @property
    def rows_removed(self) -> int:
        """The rows that were read and thrown away, over all nodes."""
        return round(sum(node.rows_removed for node in self.executed))

    @property
    def spilled_blocks(self) -> int:
        """Blocks of temporary files that were written."""
        return self.root.spilled_blocks

    @property
    def memory_kb(self) -> int:
        """The memory that its sorts and hashes took, in kB."""
        sorts = sum(
            int(node.details.get("Sort Space Used", 0))
            for node in self.executed
            if node.details.get("Sort Space Type") == "Memory"
        )
        return sorts + sum(int(node.details.get("Peak Memory Usage", 0)) for node in self.executed)

    @property
    def q_error(self) -> float:
        """The worst of estimate over actual and actual over estimate, both at least one row, over executed nodes."""
        worst = 1.0
        for node in self.executed:
            if node.kind not in _COUNTLESS and "Actual Rows" in node.details:
                estimate, actual = max(node.details["Plan Rows"], 1), max(node.details["Actual Rows"], 1)
                worst = max(worst, estimate / actual, actual / estimate)
        return worst
