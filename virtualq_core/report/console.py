"""
The results in a terminal: readable at 80 columns, without colour, and when piped.

Nothing that matters is cut off: verdicts and names keep their width, sentences wrap.
"""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from virtualq_core.report.finding import Finding, findings, particulars
from virtualq_core.report.headline import figures, headline
from virtualq_core.report.quantity import duration, printable

if TYPE_CHECKING:
    from pathlib import Path

    from virtualq_core.report.results import Results
    from virtualq_core.report.verdict import PartVerdict

WIDTH = 80
_STYLE: dict[PartVerdict, str] = {
    "passed": "green",
    "failed": "bold red",
    "error": "bold red",
    "inconclusive": "yellow",
    "skipped": "dim",
}


def show(results: Results, console: Console, *, report: Path | None = None) -> None:
    """Print the results: the verdict, the stages, what did not pass and why, key figures, where the report lies."""
    console.print(renderable(results, report=report))


def render(results: Results, *, report: Path | None = None, width: int = WIDTH) -> str:
    """The same as plain text, without colour."""
    written = StringIO()
    Console(file=written, width=width, color_system=None).print(renderable(results, report=report))
    return "".join(f"{line.rstrip()}\n" for line in written.getvalue().splitlines())


def renderable(results: Results, *, report: Path | None = None) -> RenderableType:
    """All of it for Rich; the width is the console's."""
    parts: list[RenderableType] = [
        Text(""),
        _text(headline(results), _STYLE[results.verdict]),
        Text(""),
        _stages(results),
    ]
    found = findings(results)
    if found:
        parts += [Text(""), _text("What did not pass, and why", "bold"), *(_finding(one) for one in found)]
    key_figures = [(one.name, f"{one.value}  ({one.note})" if one.note else one.value) for one in figures(results)]
    if key_figures:
        parts += [Text(""), _text("Key figures", "bold"), _pairs(key_figures)]
    where = [("report", str(report))] if report is not None else []
    parts += [Text(""), _pairs([("verdict", f"{results.verdict} (exit {int(results.exit_code)})"), *where])]
    return Group(*parts)


def _text(text: str, style: str = "") -> Text:
    return Text(printable(text), style=style, overflow="fold")


def _stages(results: Results) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, header_style="dim")
    table.add_column("stage", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("time", no_wrap=True, justify="right")
    table.add_column("", overflow="fold", ratio=1)
    for stage in results.stages:
        verdict = _text(stage.verdict, _STYLE[stage.verdict])
        table.add_row(_text(stage.name), verdict, _text(duration(stage.duration_s)), _text(stage.summary, "dim"))
    return table


def _finding(found: Finding) -> RenderableType:
    problem = found.problem
    title = Text.assemble((printable(problem.code), "bold"), (f"  {found.stage}, {found.standing}", "dim"))
    details = [("what", problem.what), *particulars(problem)]
    parts: list[RenderableType] = [Text(""), title, Padding(_pairs(details), (0, 0, 0, 2))]
    if problem.comparison:
        parts.append(Padding(_text(problem.comparison), (1, 0, 0, 2)))
    return Group(*parts)


def _pairs(rows: list[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for name, text in rows:
        table.add_row(_text(name), _text(text))
    return table
