"""The results as a badge: one line of SVG for a README, readable without a font of its own."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from virtualq_core.report.headline import common_verdict
from virtualq_core.report.quantity import count

if TYPE_CHECKING:
    from jinja2 import Template

    from virtualq_core.report.results import Results
    from virtualq_core.report.verdict import Verdict

_TEMPLATES = Path(__file__).with_name("templates")
_LABEL = "VirtualQ"
_CHARACTER = 6.6  # px at 11 px, of the wider sans-serif faces; the text is fitted to it, whatever the face
_MARGIN = 8
_COLOURS: dict[Verdict, str] = {
    "passed": "#176b33",
    "failed": "#b3161f",
    "inconclusive": "#7a5000",
    "error": "#625e59",
}


def render(results: Results) -> str:
    """The badge: the verdict, and how many requirements hold where they were asked."""
    message = _message(results)
    return _template().render(
        label=_LABEL,
        message=message,
        label_px=_width_px(_LABEL),
        message_px=_width_px(message),
        margin_px=_MARGIN,
        colour=_COLOURS[results.verdict],
    )


def _message(results: Results) -> str:
    asked = [one for one in results.requirements if one.verdict != "skipped"]
    if not asked:
        return results.verdict
    held = sum(one.verdict == "passed" for one in asked)
    told = f"{count(held)} of {count(len(asked))} requirements"
    musts = common_verdict(one for one in asked if one.level == "must")
    return told if results.verdict == musts == "passed" else f"{results.verdict}, {told}"


def _width_px(text: str) -> int:
    return round(len(text) * _CHARACTER)


@cache
def _template() -> Template:
    made = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined)
    return made.get_template("badge.svg.j2")
