"""Why a query's plan is another one than before, told from the two plans alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtualq_core.measure.plan import Plan

# An estimate that got worse by less than this factor is not worth telling.
_WORSE = 4
_SORTS = frozenset({"Sort", "Incremental Sort"})
_MORE_BLOCKS = 1.1


def likely_cause(before: Plan, after: Plan) -> str:
    """
    The likely cause of the change, in a sentence without a full stop.

    The first that applies: a generic plan, a condition that is tested row by row now, a sequential scan, another
    index, a sort that spills or is new, a bitmap lost or new, worse estimates, more blocks by the same plan.
    """
    told = (_generic, _indexes, _sorts, _more_indexes, _bitmaps, _estimates, _work, _steps)
    return next(cause for tell in told for cause in tell(before, after))


def _generic(before: Plan, after: Plan) -> Iterator[str]:
    if after.is_generic and not before.is_generic:
        yield "the plan is a generic one, made for any parameters, where it was made for the given ones before"


def _indexes(before: Plan, after: Plan) -> Iterator[str]:
    gone = [index for index in before.served_by if index not in after.served_by]
    new = [index for index in after.served_by if index not in before.served_by]
    scanned = [table for table in after.sequential_scans if table not in before.sequential_scans]
    moved = _moved(before, after)
    if moved and not gone:
        yield f"the condition on {_and(moved)} moved from the index into a filter: it is tested row by row now"
    if scanned:
        lost = f" instead of by {_and(gone)}" if gone else ""
        yield f"{_and(scanned)} is read from end to end{lost}: the index is gone or unfit, or was not chosen"
    if gone and new:
        tested = f", and the condition on {_and(moved)} is tested row by row" if moved else ""
        verb = "serves" if len(new) == 1 else "serve"
        yield f"{_and(new)} {verb} instead of {_and(gone)}{tested}: that index is gone or unfit, or was not chosen"
    if gone:
        yield f"{_and(gone)}, which served before, is not read any more"


def _more_indexes(before: Plan, after: Plan) -> Iterator[str]:
    new = [index for index in after.served_by if index not in before.served_by]
    if new:
        yield f"{_and(new)} is read as well now"


def _estimates(before: Plan, after: Plan) -> Iterator[str]:
    if after.q_error >= _WORSE * before.q_error:
        yield (
            f"the estimates of rows are off by a factor of {after.q_error:,.0f}, before of {before.q_error:,.0f}: "
            "statistics are missing or stale, or the data changed"
        )


def _work(before: Plan, after: Plan) -> Iterator[str]:
    if before.fingerprint == after.fingerprint:
        if after.buffers > _MORE_BLOCKS * before.buffers:
            more = "for as many rows: bloat, or rows that lie farther apart"
            if after.rows > before.rows:
                more = f"for {after.rows:,} rows instead of {before.rows:,}: the data grew"
            yield f"the same plan touches {after.buffers:,} blocks instead of {before.buffers:,} {more}"
        if after.buffers < before.buffers / _MORE_BLOCKS:
            yield f"the same plan touches {after.buffers:,} blocks instead of {before.buffers:,}"
        yield "the same plan with about the same work"


def _steps(before: Plan, after: Plan) -> Iterator[str]:
    old, new = ([node.kind for node in plan.root.walk()] for plan in (before, after))
    if old != new:
        yield f"the steps are others: {_others(new, old)} instead of {_others(old, new)}"
    yield "the same steps in another form: the statement, the schema or the planner's settings changed"


def _moved(before: Plan, after: Plan) -> list[str]:
    """The columns that an index answered for before, and that are tested in a filter only now."""
    answered = {column for node in before.executed for column in node.index_columns}
    answered_now = {column for node in after.executed for column in node.index_columns}
    tested_before = {column for node in before.executed for column in node.filter_columns}
    tested = {column for node in after.executed for column in node.filter_columns}
    return sorted((answered & tested) - answered_now - (tested_before - answered))


def _sorts(before: Plan, after: Plan) -> Iterator[str]:
    if after.spilled_blocks and not before.spilled_blocks:
        yield (
            f"a sort or a hash spills: it writes {after.spilled_blocks:,} blocks of temporary files, because work_mem "
            "is too small for it"
        )
    was, is_now = ({node.kind for node in plan.executed} & _SORTS for plan in (before, after))
    if is_now and not was:
        yield "a sort appeared: the index yielded the order before and does not now"
    if is_now == {"Sort"} and was == {"Incremental Sort"}:
        yield "all rows are sorted at once now: the index yielded the beginning of the order before"


def _bitmaps(before: Plan, after: Plan) -> Iterator[str]:
    was, is_now = (any(node.kind == "Bitmap Heap Scan" for node in plan.executed) for plan in (before, after))
    if was and not is_now:
        yield "the bitmap is lost: rows are fetched one by one in the index's order now"
    if is_now and not was:
        yield "rows are fetched by way of a bitmap now, in the table's order instead of the index's"


def _others(kinds: list[str], others: list[str]) -> str:
    return _and([kind for kind in dict.fromkeys(kinds) if kind not in others]) or "fewer"


def _and(names: list[str]) -> str:
    *first, last = names or [""]
    return f"{', '.join(first)} and {last}" if first else last
