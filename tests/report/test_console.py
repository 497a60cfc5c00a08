"""The terminal: 80 columns, no colour needed."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from tests.report import sample, sample_plan
from virtualq_core.report import console

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtualq_core.report.results import Results


@pytest.mark.parametrize("maker", sample.VARIANTS, ids=lambda maker: maker.__name__)
def test_nothing_is_wider_than_80_columns_or_cut_off(maker: Callable[[], Results]) -> None:
    """Verdicts, stages and what went wrong are all there in full."""
    results = maker()

    text = console.render(results, report=Path("out/report.html"))

    assert max(map(len, text.splitlines())) <= console.WIDTH
    assert "…" not in text
    joined = "".join(text.split())
    for stage in results.stages:
        assert f"{stage.name}{stage.verdict}" in joined
        for problem in stage.problems:
            for part in (problem.code, problem.what, problem.observed, problem.expected, problem.next_step):
                assert "".join((part or "").split()) in joined
    assert f"verdict{results.verdict}(exit{int(results.exit_code)})" in joined
    assert "out/report.html" in text


def test_a_name_wider_than_the_terminal_wraps() -> None:
    """It can be put together again; no ellipsis stands for its end."""
    name = "idx_" + "ticket_" * 20 + "created"

    text = console.render(sample.hostile(name))

    assert "".join(text.split()).count(name) >= len(sample.STAGES)
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= console.WIDTH


def test_two_plans_stand_side_by_side() -> None:
    """Each line as it is, two columns in, and none of them folded."""
    lines = [line.strip() for line in console.render(sample.failed()).splitlines()]

    assert set(map(str.strip, sample_plan.QUEUE_COMPARISON.splitlines())) <= set(lines)


def test_key_figures_are_shown() -> None:
    """The few numbers that a reader asks for first."""
    text = console.render(sample.passed())

    for figure in ("list queue, p99        12 ms", "transitions            3,588/s", "orm / procedural rate  0.194×"):
        assert figure in text


def test_plain_text_has_no_escape_sequence() -> None:
    """Also where the results themselves carry some."""
    assert "\x1b" not in console.render(sample.hostile("\x1b[31mred\x1b]0;title\x07"))


def test_markup_in_the_results_is_not_obeyed() -> None:
    """Square brackets are text."""
    assert "[bold]x[/bold]" in console.render(sample.hostile("[bold]x[/bold]"))


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal too, the words alone say everything."""
    written: dict[str, str] = {}
    for name, value in (("coloured", ""), ("plain", "1")):
        monkeypatch.setenv("NO_COLOR", value)
        out = StringIO()
        console.show(sample.failed(), Console(file=out, width=80, force_terminal=True, color_system="truecolor"))
        written[name] = out.getvalue()

    assert "\x1b[1;31m" in written["coloured"]
    assert "31m" not in written["plain"]
    assert "failed" in written["plain"]
