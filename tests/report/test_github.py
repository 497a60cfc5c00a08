"""GitHub's workflow commands."""

from __future__ import annotations

import re

import pytest

from tests.report import sample, sample_plan
from virtualq_core.report.publish import annotation_lines

_COMMAND = re.compile(r"::(error|warning|notice) title=([^,:\r\n]*)::([^\r\n]*)")


@pytest.mark.parametrize(
    ("name", "level"), [("passed", "notice"), ("failed", "error"), ("inconclusive", "warning"), ("broken_off", "error")]
)
def test_the_verdict_comes_first_and_at_its_level(name: str, level: str) -> None:
    """GitHub shows ten annotations a step; the first says how it ended."""
    first = annotation_lines(getattr(sample, name)())[0]

    assert first.startswith(f"::{level} title=VirtualQ ")


def test_everything_that_did_not_pass_is_annotated() -> None:
    """With code, stage, observed, expected and the next step, on one line."""
    lines = annotation_lines(sample.failed())

    (plan,) = [line for line in lines if "plans%3A plan-index" in line]
    assert f"%0Aexpected: {sample_plan.QUEUE_INDEX}%0Anext: create the index" in plan
    assert all(_COMMAND.fullmatch(line) for line in lines)


def test_text_cannot_become_a_command() -> None:
    """Line ends, per cent signs, and the separators of properties are escaped."""
    lines = annotation_lines(sample.hostile("100%\r\n::error title=a,b::c"))

    assert all(_COMMAND.fullmatch(line) for line in lines)
    assert any("title=VirtualQ conformance%3A 100%25" in line and "%3A%3Aerror title=a%2Cb" in line for line in lines)
