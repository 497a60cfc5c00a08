"""Exit codes of trials: by the verdict, by the known answer, and of several."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from virtualq_core.cli.trial import trial
from virtualq_core.errors import ExitCode, UsageError
from virtualq_core.measure.twin.change import ProposalFailed
from virtualq_core.trial.outcome import exit_code, worst

if TYPE_CHECKING:
    from pathlib import Path

    from virtualq_core.trial import Proposal
    from virtualq_core.trial.proposal import Answer


@pytest.mark.parametrize(
    ("verdict", "known", "code"),
    [
        ("accept", "accept", 0),
        ("reject", "reject", 0),
        ("accept", "reject", 1),
        ("reject", "accept", 1),
        ("inconclusive", "accept", 3),
        ("inconclusive", "reject", 3),
    ],
)
def test_the_known_answer_decides(verdict: Answer, known: Answer, code: int) -> None:
    """A confirmed rejection is as good as a confirmed acceptance."""
    assert exit_code(verdict, known_answer=known) == code


def test_the_worst_of_several_counts() -> None:
    """A contradiction outranks what could not be tried, and that outranks doubt."""
    assert worst([ExitCode.PASSED, ExitCode.INCONCLUSIVE, ExitCode.USAGE, ExitCode.FAILED]) == ExitCode.FAILED
    assert worst([ExitCode.PASSED, ExitCode.INCONCLUSIVE, ExitCode.USAGE]) == ExitCode.USAGE
    assert worst([ExitCode.PASSED, ExitCode.INCONCLUSIVE]) == ExitCode.INCONCLUSIVE
    assert worst([ExitCode.PASSED]) == ExitCode.PASSED


@dataclass
class Found:
    """As much of a result as the command looks at."""

    verdict: Answer


@pytest.fixture
def proposals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """One that cannot be applied and one that is rejected, which is known; and a command that needs no server."""
    texts = {"broken": "-- known answer: accept\nselect 1;", "useless": "-- known answer: reject\nselect 1;"}
    for name, text in texts.items():
        (tmp_path / f"{name}.sql").write_text(text)

    def tried(_template: object, proposal: Proposal, *_: object, **__: object) -> Found:
        if proposal.name == "broken":
            raise ProposalFailed("it cannot be applied")
        return Found("reject")

    monkeypatch.setattr("virtualq_core.trial.run_trial", tried)
    monkeypatch.setattr("virtualq_core.trial.page.account", lambda found: found.verdict)
    monkeypatch.setattr("virtualq_core.database.provider.provide", lambda **_: nullcontext())
    monkeypatch.setattr("virtualq_core.database.clone.require_copies", lambda _: None)
    monkeypatch.setattr("virtualq_core.measure.place.seeded", lambda *_, **__: nullcontext())
    return [tmp_path / f"{name}.sql" for name in texts]


def test_one_that_cannot_be_tried_keeps_none_from_it(proposals: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    """It is named with its error, and the exit code is the worst."""
    code = trial(proposals, known=True)

    said = capsys.readouterr()
    assert code == ExitCode.USAGE
    assert "broken: proposal-failed: it cannot be applied" in said.err
    assert said.out.strip() == "reject"


def test_a_confirmed_rejection_passes_where_the_answer_is_known(proposals: list[Path]) -> None:
    """And fails as ever where it is not asked for."""
    assert trial(proposals[1:], known=True) == ExitCode.PASSED
    assert trial(proposals[1:]) == ExitCode.FAILED


def test_without_a_known_answer_there_is_nothing_to_confirm(tmp_path: Path) -> None:
    """It is refused before anything is seeded."""
    path = tmp_path / "new.sql"
    path.write_text("create index;\n")

    with pytest.raises(UsageError, match="new"):
        trial([path], known=True)
