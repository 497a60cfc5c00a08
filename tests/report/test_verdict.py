"""How many verdicts become one, and the exit code that follows."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, get_args

import pytest

from tests.report import sample
from virtualq_core.errors import ExitCode
from virtualq_core.report.verdict import SEVERITY, PartVerdict, Verdict, exit_code, fold

if TYPE_CHECKING:
    from collections.abc import Sequence


@pytest.mark.parametrize(
    ("verdicts", "folded"),
    [
        (("passed", "failed", "error", "inconclusive", "skipped"), "failed"),
        (("passed", "error", "inconclusive", "skipped"), "error"),
        (("passed", "inconclusive", "skipped"), "inconclusive"),
        (("passed", "skipped"), "passed"),
    ],
)
def test_the_worst_verdict_wins_in_whatever_order(verdicts: Sequence[PartVerdict], folded: Verdict) -> None:
    """Any failed, else any error, else any inconclusive, else passed."""
    assert {fold(order) for order in permutations(verdicts)} == {folded}


@pytest.mark.parametrize("verdicts", [(), ("skipped",), ("skipped", "skipped")])
def test_nothing_done_is_not_a_pass(verdicts: Sequence[PartVerdict]) -> None:
    """Where no part passed there is nothing to vouch for."""
    assert fold(verdicts) == "inconclusive"


def test_every_verdict_has_its_own_exit_code() -> None:
    """0 passed, 1 failed, 3 inconclusive, 4 error."""
    assert {verdict: exit_code(verdict) for verdict in get_args(Verdict)} == {
        "passed": ExitCode.PASSED,
        "failed": ExitCode.FAILED,
        "inconclusive": ExitCode.INCONCLUSIVE,
        "error": ExitCode.ENVIRONMENT,
    }


def test_severity_ranks_every_verdict_once() -> None:
    """Sorting by it can meet no verdict that it does not know."""
    assert sorted(SEVERITY) == sorted(get_args(PartVerdict))


def test_results_take_their_verdict_from_their_stages() -> None:
    """Nobody can set a verdict that the stages do not give."""
    built = {maker.__name__: maker().verdict for maker in sample.VARIANTS}

    assert built == {"passed": "passed", "failed": "failed", "inconclusive": "inconclusive", "broken_off": "error"}
