"""Trials of the shipped proposals on a small database: each with its known answer, or no wrong one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from virtualq_core import content
from virtualq_core.measure.policy import TrialPolicy
from virtualq_core.measure.twin import Timing
from virtualq_core.measure.twin.read import all_cases
from virtualq_core.trial import Effort, Proposal, result, run, run_trial
from virtualq_core.trial.page import WIDTH, account

if TYPE_CHECKING:
    from virtualq_core.database.server import Database
    from virtualq_core.measure.catalogue import Case
    from virtualq_core.trial import TrialResult

pytestmark = [pytest.mark.server, pytest.mark.slow]

SHIPPED = sorted((content.folder("benchmarks") / "trials").glob("*.sql"))
SHORT = Effort(timing=Timing(limit_s=1.0, bias_s=0.05), writes_s=0, cases=1)
STATE_OUT = next(path for path in SHIPPED if path.stem == "state_out_of_keys")
CLASSES = {"big", "deep queue"}
"""Of all others `virtualq calibrate --everything` makes trial, with more data and more time."""
SURE = {
    "covering_list",
    "drop_custom_data",
    "drop_employee_state",
    "drop_queue_state_created",
    "drop_tenant_via_queue",
    "fillfactor",
    "history_brin",
    "open_tickets_only",
    "state_out_of_keys",
    "tenant_closed",
    "useless",
}
"""What decides them repeats exactly (log, space, blocks) or is several times as much: no machine is too busy for it."""
LATE = {"partition_history_by_tenant"}
"""What it costs shows with more tickets and in the time of writes; here what it brings may be all that is seen."""
SCHEMA = json.loads(Path(result.__file__).with_name("trial.schema.json").read_text(encoding="utf-8"))


@pytest.fixture
def few_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each query for the biggest tenant and the deepest queues alone."""
    monkeypatch.setattr(run, "all_cases", lambda observer: [one for one in all_cases(observer) if is_tried(one)])


def is_tried(case: Case) -> bool:
    """Whether a case is of one of the classes."""
    return case.tenant_class in CLASSES


def tried(dataset: Database, proposal: Proposal) -> TrialResult:
    """A trial with little time, held to its schema and to the terminal's width."""
    found = run_trial(dataset, proposal, TrialPolicy.load(), effort=SHORT)
    document = json.loads(json.dumps(found.to_json(), allow_nan=False))
    Draft202012Validator(SCHEMA).validate(document)
    assert max(map(len, account(found).splitlines())) <= WIDTH
    return found


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
@pytest.mark.usefixtures("few_cases")
def test_a_shipped_proposal_gets_its_known_answer(dataset: Database, path: Path) -> None:
    """Where little decides, a trial with little time may be unsure; it is never wrong."""
    found = tried(dataset, Proposal.read(path))

    if path.stem in SURE:
        assert found.verdict == found.proposal.known_answer, found.reason
    elif path.stem not in LATE:
        assert not found.contradicts, found.reason
    assert [figure.of for figure in found.figures] == ["reads", "writes", "space"]


@pytest.mark.usefixtures("few_cases")
def test_a_wrong_answer_would_be_noticed(dataset: Database) -> None:
    """A proposal that claims to be worth it and drops what the board needs."""
    proposal = Proposal(
        name="wrong",
        text="drop index virtualq.idx_ticket_queue_state_created;",
        known_answer="accept",
    )

    found = tried(dataset, proposal)

    assert found.verdict == "reject"
    assert found.contradicts
    assert "contradicts" in account(found)


@pytest.mark.usefixtures("few_cases")
def test_writes_are_timed_and_their_updates_counted(dataset: Database) -> None:
    """With the interval of each operation, and what the state in two keys costs: hardly an update is heap-only."""
    effort = replace(SHORT, writes_s=0.1, writes_bias_s=0.1)

    found = run_trial(dataset, Proposal.read(STATE_OUT), TrialPolicy.load(), effort=effort)

    assert all(effect.waited is not None for effect in found.writes)
    assert found.before.hot_share is not None
    assert found.after.hot_share is not None
    assert found.before.hot_share < 0.5 < found.after.hot_share
    assert "heap-only updates" in account(found)


@pytest.mark.usefixtures("few_cases")
def test_a_trial_leaves_its_template_as_it_was(dataset: Database) -> None:
    """It is tried on copies."""
    with dataset.connect() as connection:
        counted = connection.execute("select count(*), max(id) from virtualq.Ticket").fetchone()

    tried(dataset, Proposal(name="more", text="create index more on virtualq.Ticket (ttl_minutes);"))

    with dataset.connect() as connection:
        assert connection.execute("select count(*), max(id) from virtualq.Ticket").fetchone() == counted
        assert connection.execute("select to_regclass('virtualq.more')").fetchone() == (None,)
