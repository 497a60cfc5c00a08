"""What a load's server was seen to do, in a few figures and, in a terminal, in a few lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from virtualq_core.report import quantity

if TYPE_CHECKING:
    from virtualq_core.report.load_results import Disturbance, Load, Observation

_WAITS = 4
_NAME_WIDTH = 18


def observed_figures(server: Observation) -> list[tuple[str, str]]:
    """The figures of the whole load, those that could be read: name and value."""
    found: list[tuple[str, str]] = []
    if server.execution_ms is not None:
        share = "" if server.execution_share is None else f", {quantity.percent(server.execution_share)} of the latency"
        found.append(("executing a transition", f"{quantity.milliseconds(server.execution_ms)}{share}"))
    if server.wal_bytes_per_transition is not None:
        found.append(("log a transition", quantity.size(server.wal_bytes_per_transition)))
    if server.hot_share is not None:
        found.append(("HOT updates", quantity.percent(server.hot_share)))
    if server.dead_tuples_growth is not None:
        found.append(("dead rows", f"{server.dead_tuples_growth:+,}".replace("-", quantity.MINUS)))
    for name, value in (("checkpoints", server.checkpoints), ("deadlocks", server.deadlocks)):
        if value is not None:
            found.append((name, quantity.count(value)))
    if server.snapshot_s is not None:
        found.append(("oldest snapshot", quantity.duration(server.snapshot_s)))
    users = (("load", server.generator_share), ("server", server.server_share), ("others", server.other_share))
    shares = [f"{name} {quantity.percent(share)}" for name, share in users if share is not None]
    if shares:
        found.append(("processors", ", ".join(shares)))
    if server.generator_bytes is not None:
        growth = server.generator_growth
        told = "" if growth is None else f", {'+' if growth > 0 else ''}{quantity.percent(growth)} in the second half"
        found.append(("load's memory", quantity.size(server.generator_bytes) + told))
    return found


def disturbance_figures(fault: Disturbance) -> list[tuple[str, str]]:
    """When a fault was, whom it hit, and how long it took until clients had answers again: name and value."""
    never = "never again"
    return [
        ("at", quantity.duration(fault.begin_s)),
        ("for", quantity.duration(fault.end_s - fault.begin_s)),
        *([("sessions ended", quantity.count(fault.hits))] if fault.hits else []),
        ("unknown outcomes", quantity.count(fault.unknown)),
        ("longest silence", never if fault.silence_s is None else quantity.duration(fault.silence_s)),
        ("recovery after its end", never if fault.recovery_s is None else quantity.duration(fault.recovery_s)),
    ]


def renderable(load: Load) -> RenderableType:
    """Faults and the server's part of a load, for a terminal of 80 columns; nothing where nothing was seen."""
    parts: list[RenderableType] = []
    if load.faults:
        parts += [Text(""), Text("Faults", style="bold")]
        for fault in load.faults:
            told = "; ".join(f"{name} {value}" for name, value in disturbance_figures(fault))
            parts += [_pairs([(fault.kind, told)]), _phases(fault)]
    if load.server is not None:
        waits = ", ".join(f"{one.name} {quantity.percent(one.share)}" for one in load.server.waits[:_WAITS])
        missing = [(f"not seen: {name}", why) for name, why in load.server.missing.items()]
        rows = [*observed_figures(load.server), *([("backends", waits)] if waits else []), *missing]
        parts += [Text(""), Text("What the server did meanwhile", style="bold"), _pairs(rows)]
    return Group(*parts)


def _phases(fault: Disturbance) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, header_style="dim")
    table.add_column("".ljust(_NAME_WIDTH), no_wrap=True)
    for heading in ("transitions/s", "p50", "p99", "dead rows", "blocks"):
        table.add_column(heading, justify="right", no_wrap=True)
    for phase in fault.phases:
        table.add_row(
            f"  {phase.name}",
            "" if phase.transitions_per_s is None else quantity.number(phase.transitions_per_s),
            "" if phase.p50_ms is None else quantity.milliseconds(phase.p50_ms),
            "" if phase.p99_ms is None else quantity.milliseconds(phase.p99_ms),
            "" if phase.dead_tuples is None else quantity.count(phase.dead_tuples),
            "" if phase.blocks_per_transaction is None else quantity.number(phase.blocks_per_transaction),
        )
    return table


def _pairs(rows: list[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", min_width=_NAME_WIDTH, max_width=26, overflow="fold")
    table.add_column(overflow="fold")
    for name, text in rows:
        table.add_row(quantity.printable(name), quantity.printable(text))
    return table
