"""The results as GitHub workflow commands: an annotation for each thing that did not pass, and one for the verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtualq_core.report.finding import findings, particulars
from virtualq_core.report.headline import headline
from virtualq_core.report.quantity import printable

if TYPE_CHECKING:
    from virtualq_core.report.results import Results
    from virtualq_core.report.verdict import PartVerdict

_LEVEL: dict[PartVerdict, str] = {
    "failed": "error",
    "error": "error",
    "inconclusive": "warning",
    "skipped": "notice",
    "passed": "notice",
}


def render(results: Results) -> str:
    """
    Workflow commands, one a line.

    The verdict comes first: GitHub shows no more than ten annotations of a level per step.
    """
    lines = [_command(_LEVEL[results.verdict], f"VirtualQ {results.verdict}", headline(results))]
    for found in findings(results):
        problem = found.problem
        message = "\n".join([problem.what, *(f"{name}: {text}" for name, text in particulars(problem))])
        lines.append(
            _command(
                "warning" if found.is_advice else _LEVEL[found.verdict],
                f"VirtualQ {found.stage}: {problem.code}",
                message,
            )
        )
    return "\n".join(lines) + "\n"


def _command(level: str, title: str, message: str) -> str:
    return f"::{level} title={_property(printable(title))}::{_data(printable(message))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
