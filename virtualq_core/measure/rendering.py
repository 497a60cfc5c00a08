"""A plan as text, and two plans side by side with the lines that changed."""

from __future__ import annotations

import difflib
import itertools
import re
import textwrap
from typing import TYPE_CHECKING, Any

from virtualq_core.measure.plan import columns_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from virtualq_core.measure.plan import Node, Plan

_CONDITIONS = (
    "Index Cond",
    "Recheck Cond",
    "Hash Cond",
    "Merge Cond",
    "Join Filter",
    "One-Time Filter",
    "Filter",
    "Order By",
    "Sort Key",
    "Presorted Key",
    "Group Key",
    "Cache Key",
)
_GAP = "  "
_COLUMN = 36
_DEEPEST = 4
_ORDERS = ("Sort Key", "Presorted Key", "Group Key")
_CONSTANT = re.compile(r"'(?:[^']|'')*'(?:::[\w ]+(?:\[\])?)?|\b\d+\b")


def shape(plan: Plan) -> list[str]:
    """The plan without its figures, a line for each node and condition: what two plans are compared by."""
    return [line for line, _ in _lines(plan.root, 0)]


def text(plan: Plan) -> str:
    """The whole plan as text: nodes, conditions, rows as estimated and as found, buffers, and the totals."""
    lines = [line + (f"  ({figures})" if figures else "") for line, figures in _lines(plan.root, 0)]
    lines.append(f"Buffers: {plan.buffers:,} executing, {plan.planning_buffers:,} planning")
    if plan.execution_ms is not None:
        lines.append(f"Execution: {plan.execution_ms:.3f} ms by EXPLAIN ANALYZE's clock")
    return "\n".join(lines)


def side_by_side(before: Plan, after: Plan, *, width: int = 76) -> str:
    """
    Two plans' shapes in two columns: `|` marks a line that changed, `<` one that is gone, `>` one that is new.

    Lines that differ in a constant only are no change. Lines longer than `width` are cut with an ellipsis.
    """
    left, right = shape(before), shape(after)
    rows: list[tuple[str, str, str]] = [("before", " ", "after")]
    for kind, left_from, left_to, right_from, right_to in _changes(left, right):
        height = max(left_to - left_from, right_to - right_from)
        for step in range(height):
            old = left[left_from + step] if left_from + step < left_to else None
            new = right[right_from + step] if right_from + step < right_to else None
            mark = " " if kind == "equal" else "<" if new is None else ">" if old is None else "|"
            rows.append((old or "", mark, new or ""))
    used = min(width, max(len(old) for old, _, _ in rows))
    return "\n".join(f"{_cut(old, used):<{used}} {mark} {_cut(new, width)}".rstrip() for old, mark, new in rows)


def compare(before: Plan, after: Plan, *, names: tuple[str, str]) -> str:
    """
    Two plans for a terminal of 80 columns, side by side: each node with index, table and its conditions' columns.

    `names` say what the plans are. `|` marks a line that changed, `<` one that is gone, `>` one that is new. Long lines
    are wrapped within their column.
    """
    left, right = brief(before), brief(after)
    heads = [f"{name} ({plan.buffers:,} blocks)" for name, plan in zip(names, (before, after), strict=True)]
    rows = [(heads[0], " ", heads[1]), ("-" * _COLUMN, " ", "-" * _COLUMN)]
    for kind, left_from, left_to, right_from, right_to in _changes(left, right):
        for step in range(max(left_to - left_from, right_to - right_from)):
            old = left[left_from + step] if left_from + step < left_to else None
            new = right[right_from + step] if right_from + step < right_to else None
            mark = " " if kind == "equal" else "<" if new is None else ">" if old is None else "|"
            lines = itertools.zip_longest(_wrap(old or ""), _wrap(new or ""), fillvalue="")
            rows += [(one, mark, other) for one, other in lines]
    return "\n".join(f"{one:<{_COLUMN}} {mark} {other}".rstrip() for one, mark, other in rows)


def brief(plan: Plan) -> list[str]:
    """The plan in short lines: what each node is, the index and the table that it reads, its conditions' columns."""
    return list(_brief(plan.root, 0))


def _brief(node: Node, depth: int) -> Iterator[str]:
    indent = " " * min(depth, _DEEPEST)
    yield indent + _kind(node)
    if node.index is not None:
        yield f"{indent}  {node.index}"
    if node.relation is not None:
        yield f"{indent}  on {_relation(node)}"
    for name in _CONDITIONS:
        if name in node.details and name != "One-Time Filter":
            columns = columns_of(_value(node.details[name]), node.alias)
            if columns or name in _ORDERS:
                yield f"{indent}  {name}: {_value(node.details[name]) if name in _ORDERS else ', '.join(columns)}"
    if node.details.get("Sort Space Type") == "Disk":
        yield f"{indent}  spills {node.details.get('Sort Space Used', 0):,} kB to disk"
    for child in node.children:
        yield from _brief(child, depth + 1)


def _wrap(line: str) -> list[str]:
    indent = len(line) - len(line.lstrip(" "))
    return textwrap.wrap(line, _COLUMN, subsequent_indent=" " * (indent + 4), break_on_hyphens=False) or [""]


def changed_line(before: Plan, after: Plan) -> str | None:
    """The first line of the new plan's shape that is not the old one's; none where the shapes are equal."""
    return _first_change(shape(before), shape(after))


def difference(before: Plan, after: Plan, *, names: tuple[str, str]) -> str | None:
    """The first line that differs, and below it what `compare` shows; none where the plans do not differ in form."""
    line = changed_line(before, after) or _first_change(brief(before), brief(after))
    if line is None:
        return None
    first = textwrap.fill(f"first difference: {line}", 2 * _COLUMN + 3, subsequent_indent="    ")
    return f"{first}\n\n{compare(before, after, names=names)}"


def _first_change(left: list[str], right: list[str]) -> str | None:
    for kind, left_from, left_to, right_from, right_to in _changes(left, right):
        if kind != "equal":
            changed = right[right_from:right_to] or left[left_from:left_to]
            return changed[0].strip().removeprefix("-> ")
    return None


def _changes(left: list[str], right: list[str]) -> Sequence[tuple[str, int, int, int, int]]:
    plain = [[_CONSTANT.sub("?", line) for line in lines] for lines in (left, right)]
    return difflib.SequenceMatcher(a=plain[0], b=plain[1], autojunk=False).get_opcodes()


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else line[: width - 1] + "…"


def _lines(node: Node, depth: int) -> Iterator[tuple[str, str]]:
    indent = _GAP * depth
    yield indent + ("-> " if depth else "") + _title(node), _figures(node)
    inner = indent + _GAP * 2
    for name in _CONDITIONS:
        if name in node.details:
            yield f"{inner}{name}: {_value(node.details[name])}", ""
    for child in node.children:
        yield from _lines(child, depth + 1)


def _title(node: Node) -> str:
    words = [_kind(node)]
    if node.index is not None:
        words += ["using", node.index]
    if node.relation is not None:
        words += ["on", _relation(node)]
    elif node.details.get("Alias") is not None:
        words.append(node.details["Alias"])
    if "Subplan Name" in node.details:
        words.append(f"[{node.details['Subplan Name']}]")
    return " ".join(words)


def _kind(node: Node) -> str:
    details = node.details
    words = [node.kind]
    if node.kind in {"Hash Join", "Merge Join", "Nested Loop"} and details.get("Join Type", "Inner") != "Inner":
        words.append(details["Join Type"])
    if node.kind == "Aggregate" and details.get("Strategy", "Plain") != "Plain":
        words.insert(0, details["Strategy"])
    if details.get("Partial Mode", "Simple") != "Simple":
        words.insert(0, details["Partial Mode"])
    if details.get("Scan Direction") == "Backward":
        words.append("Backward")
    return " ".join(words)


def _relation(node: Node) -> str:
    alias = node.details.get("Alias")
    return f"{node.relation} {alias}" if alias not in {None, node.relation} else str(node.relation)


def _figures(node: Node) -> str:
    details = node.details
    if not node.is_executed:
        return f"estimated rows {details.get('Plan Rows', 0):,}, never executed"
    parts = [f"estimated rows {details.get('Plan Rows', 0):,}"]
    if "Actual Rows" in details:
        loops = details.get("Actual Loops", 1)
        parts.append(f"rows {details['Actual Rows']:,.10g}" + (f" × {loops:,} loops" if loops > 1 else ""))
        parts.append(f"buffers {node.buffers:,}")
    if node.rows_removed:
        parts.append(f"removed {node.rows_removed:,.0f}")
    if details.get("Sort Space Type") == "Disk":
        parts.append(f"spilled {details.get('Sort Space Used', 0):,} kB to disk")
    return ", ".join(parts)


def _value(value: Any) -> str:  # noqa: ANN401 -- a text, or a list of them
    return ", ".join(str(one) for one in value) if isinstance(value, list) else str(value)
