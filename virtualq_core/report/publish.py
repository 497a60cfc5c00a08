"""All forms of the results at once: into a folder, onto the terminal, as annotations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console

from virtualq_core.report import badge, console, github, junit
from virtualq_core.report.document import write, write_text

if TYPE_CHECKING:
    from pathlib import Path

    from virtualq_core.report.results import Results


@dataclass(frozen=True)
class Written:
    """Where the reports of one run lie."""

    results: Path
    junit: Path
    html: Path
    badge: Path


def write_reports(results: Results, folder: Path) -> Written:
    """
    Write `results.json`, `junit.xml`, `report.html` and `badge.svg` into a folder, each whole or not at all.

    The measurements come first, so that a fault in drawing them loses none.

    Raises:
        EnvironmentFault: a file cannot be written.
        InvalidResults: the results do not fit their schema; all files have been written.
    """
    from virtualq_core.report import html  # noqa: PLC0415  Matplotlib takes longer to import than a command to run

    written = Written(folder / "results.json", folder / "junit.xml", folder / "report.html", folder / "badge.svg")
    try:
        write(results, written.results)
    finally:
        write_text(written.junit, junit.render(results))
        write_text(written.badge, badge.render(results))
        html.write(results, written.html)
    return written


def render_console(results: Results, *, report: Path | None = None) -> None:
    """Print the results for people on stdout: colours on a terminal, plain when piped or where NO_COLOR is set."""
    console.show(results, Console(highlight=False), report=report)


def annotation_lines(results: Results) -> list[str]:
    """GitHub workflow commands, one for the verdict and one for each thing that did not pass."""
    return github.render(results).splitlines()
