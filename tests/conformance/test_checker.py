"""The history checker: each planted fault is found under its invariant's name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from tests.conformance.simulated import broken
from virtualq_core.conformance.checker import Checker
from virtualq_core.conformance.contention import Thresholds
from virtualq_core.conformance.evidence import MachineRevision, Step, TicketStory, TypeMachines
from virtualq_core.conformance.invariant import Invariant
from virtualq_core.conformance.operation import Kind, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

Tale = Any  # the builder of conftest.py, which cannot be imported by name


def test_every_invariant_has_its_own_name_and_number() -> None:
    """Results name them; the numbers are those of the list that they come from."""
    assert [invariant.number for invariant in Invariant] == list(range(1, 13))
    assert len({invariant.value for invariant in Invariant}) == 12


def test_a_history_that_starts_elsewhere_is_no_path(tale: Tale) -> None:
    """Invariant 1: the first step arrives in the initial state."""
    tale.change_step(1, to_state="in_progress")
    tale.change_fact(current_state="in_progress")
    assert "history-is-a-path" in broken(tale.judge())


def test_a_step_that_leaves_where_nobody_was_is_no_path(tale: Tale) -> None:
    """Invariant 1: each step leaves where the last one arrived."""
    tale.old("start")
    tale.old("complete")
    tale.change_step(2, to_state="cancelled", transition="cancel")
    assert broken(tale.judge()) == {"history-is-a-path"}


@pytest.mark.parametrize("fact", [{"current_state": "ready"}, {"version": 3}])
def test_a_ticket_that_is_not_where_its_history_ends_is_found(tale: Tale, fact: dict[str, Any]) -> None:
    """Invariant 1: the ticket's state and version are the last step's."""
    tale.move(1, "start", 0, 1)
    tale.change_fact(**fact)
    judgement = tale.judge()
    assert broken(judgement) == {"history-is-a-path"}
    assert judgement.violations[0].ticket_id == 42


def test_a_history_whose_ticket_is_gone_is_found(tale: Tale) -> None:
    """Invariant 1: a history belongs to a ticket."""
    tale.fact = None
    assert broken(tale.judge()) == {"history-is-a-path"}


def test_a_step_that_is_no_edge_is_found(tale: Tale) -> None:
    """Invariant 2: an edge of the revision that the step names."""
    tale.move(1, "start", 0, 1)
    tale.move(1, "complete", 2, 3)
    tale.change_step(3, to_state="completed")
    tale.change_fact(current_state="completed")
    tale.operations[-1] = tale.operations[-1]._replace(to_state="completed")
    assert broken(tale.judge()) == {"edges-are-legal"}


def test_a_step_under_a_revision_that_never_was_is_found(tale: Tale) -> None:
    """Invariant 2: the revision exists."""
    tale.move(1, "start", 0, 1)
    tale.change_step(2, revision=5)
    assert broken(tale.judge()) == {"edges-are-legal"}


def test_an_unnamed_step_may_be_any_edge_but_no_other(tale: Tale) -> None:
    """Invariant 2: who names no transition still needs an edge."""
    tale.old("start")
    tale.change_step(2, transition=None)
    assert tale.judge().verdict == "passed"
    tale.change_step(2, to_state="ready")
    tale.change_fact(current_state="ready")
    assert broken(tale.judge()) == {"edges-are-legal"}


def test_a_gap_in_the_numbers_is_found(tale: Tale) -> None:
    """Invariant 3: no gaps."""
    tale.move(1, "start", 0, 1, seq=3)
    tale.change_step(2, seq=3)
    tale.change_fact(version=3)
    assert broken(tale.judge()) == {"seq-is-gapless"}


def test_an_acknowledged_transition_that_is_not_recorded_is_found(tale: Tale) -> None:
    """Invariant 4: acknowledged, hence recorded."""
    tale.told(1, "start", 0, 1, seq=2, from_state="received", to_state="in_progress")
    judgement = tale.judge()
    assert broken(judgement) == {"acknowledged-exactly-once"}
    assert judgement.tally.lost == 1
    assert "client 1: transition 'start': ok seq 2" in judgement.violations[0].evidence[-1]


def test_an_operation_that_is_recorded_twice_is_found(tale: Tale) -> None:
    """Invariant 4: exactly once, also where the database's own unique constraint is gone."""
    tale.old("start")
    tale.move(1, "note", 0, 1)
    tale.move(1, "note", 2, 3)
    tale.change_step(4, op_id=tale.operations[0].op_id)
    tale.operations.pop()
    assert broken(tale.judge()) == {"acknowledged-exactly-once"}


def test_a_refused_transition_that_is_recorded_is_found(tale: Tale) -> None:
    """Invariant 4: refused, hence never recorded."""
    tale.move(1, "start", 0, 1, outcome=Outcome.REFUSED, reason="illegal-transition")
    assert broken(tale.judge()) == {"acknowledged-exactly-once"}


def test_an_operation_that_failed_and_is_recorded_is_found(tale: Tale) -> None:
    """Invariant 4: an error of the server before it commits leaves nothing behind."""
    tale.move(1, "start", 0, 1, outcome=Outcome.FAILED, reason="40P01")
    assert broken(tale.judge()) == {"acknowledged-exactly-once"}


@pytest.mark.parametrize("answer", [{"seq": 3}, {"from_state": "ready"}, {"to_state": "ready"}, {"transition": "note"}])
def test_an_answer_that_the_history_contradicts_is_found(tale: Tale, answer: dict[str, Any]) -> None:
    """Invariant 4: what was answered is what is recorded."""
    tale.move(1, "start", 0, 1)
    tale.operations[0] = tale.operations[0]._replace(**answer)
    assert broken(tale.judge()) == {"acknowledged-exactly-once"}


@pytest.mark.parametrize("expectation", [{"expected_state": "in_progress"}, {"version": 2}])
def test_a_transition_against_its_clients_expectation_is_found(tale: Tale, expectation: dict[str, Any]) -> None:
    """Invariant 4: what was asked for includes the state or version that it was asked for in."""
    tale.move(1, "start", 0, 1, **expectation)
    judgement = tale.judge()
    assert broken(judgement) == {"acknowledged-exactly-once"}
    assert "expecting" in judgement.violations[0].evidence[-1]


def test_an_expectation_that_was_met_is_fine(tale: Tale) -> None:
    """Invariant 4: the version is the one before the step."""
    tale.move(1, "start", 0, 1, expected_state="received", version=1)
    assert tale.judge().verdict == "passed"


def test_a_claim_without_an_answer_that_is_recorded_twice_is_found(tale: Tale, new_tale: Callable[[], Tale]) -> None:
    """Invariant 4: an unknown operation took effect once at most, on whichever ticket."""
    lost = tale.told(1, "start", 0, 1, kind=Kind.CLAIM, ticket_id=None, outcome=Outcome.UNKNOWN)
    tale.move(1, "start", 0, 1)
    other = new_tale()
    other.old()
    other.move(1, "start", 0, 1)
    checker = Checker({(0, 1): tale.machines}, [lost], Thresholds(min_operations=0, min_contended=0, min_races=0))
    for number, one in enumerate((tale, other)):
        one.change_step(2, op_id=lost.op_id)
        checker.examine(TicketStory(7, number, one.fact, one.steps, []))
    assert broken(checker.judgement()) == {"acknowledged-exactly-once"}


def test_an_acknowledged_creation_that_left_no_ticket_is_found(tale: Tale) -> None:
    """Invariant 4: it holds where the client cannot say which ticket it was."""
    tale.told(1, None, 0, 1, kind=Kind.CREATE, ticket_id=None)
    judgement = tale.judge()
    assert broken(judgement) == {"acknowledged-exactly-once"}
    assert judgement.tally.lost == 1


def test_a_step_that_nobody_asked_for_is_found(tale: Tale) -> None:
    """Invariant 5: every step of the recording has an operation."""
    tale.move(1, "start", 0, 1)
    tale.operations.clear()
    assert broken(tale.judge()) == {"steps-were-asked-for"}


def test_a_step_from_before_the_recording_needs_no_operation(tale: Tale) -> None:
    """Invariant 5: what was there is not the recording's."""
    tale.old("start")
    assert tale.judge().verdict == "passed"


def test_a_step_by_a_publications_mapping_was_asked_for_by_the_publication(tale: Tale) -> None:
    """Invariant 5: where the revision came while recording; nobody else moves a ticket without an edge's name."""
    shop = tale.machines.revisions[1]
    edges = {"none": {"init": "queued"}, "queued": {"start": "in_progress"}, "in_progress": {}}
    renamed = MachineRevision("queued", edges, {"received": "queued"})
    tale.machines = TypeMachines({1: shop, 2: renamed}, current=2)
    tale.steps.append(Step(2, 2, "received", "queued", None, UUID(int=99), is_new=True))
    tale.change_fact(current_state="queued", version=2)
    assert tale.judge().verdict == "passed"
    tale.machines = TypeMachines(tale.machines.revisions, current=2, earliest=2)
    assert broken(tale.judge()) == {"steps-were-asked-for"}


def test_two_winners_of_one_race_are_found(tale: Tale) -> None:
    """Invariant 6: 'start' has no way back, so nobody can win it twice; each winner's step may even be recorded."""
    tale.move(1, "start", 0, 2)
    tale.told(2, "start", 1, 3, seq=2, from_state="received", to_state="in_progress")
    assert "race-has-one-winner" in broken(tale.judge())


def test_an_edge_with_a_way_back_may_be_won_again(tale: Tale) -> None:
    """Invariant 6: a self-edge, say."""
    tale.old("start")
    tale.move(1, "note", 0, 2)
    tale.move(2, "note", 1, 3)
    assert tale.judge().verdict == "passed"


def test_an_order_that_contradicts_the_clock_is_found(tale: Tale) -> None:
    """Invariant 7: who had returned before the other was invoked comes first."""
    tale.old("start")
    tale.move(1, "note", 5, 6)
    tale.move(2, "note", 0, 4)
    judgement = tale.judge()
    assert broken(judgement) == {"order-is-real-time"}
    assert "seq 4 returned 1.000 ms before seq 3 was invoked" in judgement.violations[0].what


def test_overlapping_operations_may_come_in_either_order(tale: Tale) -> None:
    """Invariant 7: it says nothing about them."""
    tale.old("start")
    tale.move(1, "note", 3, 6)
    tale.move(2, "note", 0, 4)
    assert tale.judge().verdict == "passed"


def test_a_refusal_of_what_was_legal_all_the_time_is_found(tale: Tale) -> None:
    """Invariant 8: it was in 'received' throughout, from where 'start' is legal."""
    tale.refuse(1, "start", 0, 1)
    tale.move(2, "start", 2, 3)
    judgement = tale.judge()
    assert broken(judgement) == {"refusals-are-just"}
    assert "legal from 'received'" in judgement.violations[0].what


def test_a_refusal_is_just_if_a_rival_may_have_been_faster(tale: Tale) -> None:
    """Invariant 8: one instant at which it was illegal is enough."""
    tale.refuse(1, "start", 0, 2.5)
    tale.move(2, "start", 2, 3)
    assert tale.judge().verdict == "passed"


def test_a_refusal_after_a_loop_came_round_is_found(new_tale: Callable[[], Tale]) -> None:
    """Invariant 8: the states in between count only as far as they can have been present."""
    tale = new_tale()
    tale.old()
    tale.old("start")
    tale.move(2, "note", 0, 1)
    tale.refuse(1, "complete", 2, 3)
    assert broken(tale.judge()) == {"refusals-are-just"}


@pytest.mark.parametrize(
    ("expectation", "is_just"),
    [
        ({"expected_state": "in_progress"}, True),
        ({"expected_state": "received"}, False),
        ({"version": 2}, True),
        ({"version": 1}, False),
        ({}, False),
    ],
)
def test_a_stale_answer_needs_another_state_or_version(
    tale: Tale, expectation: dict[str, Any], *, is_just: bool
) -> None:
    """Invariant 8: the same for an expectation that was met all the time."""
    tale.refuse(1, "start", 0, 1, reason="stale-ticket", **expectation)
    assert broken(tale.judge()) == (set() if is_just else {"refusals-are-just"})


def test_a_ticket_that_is_there_cannot_be_not_found(tale: Tale) -> None:
    """Invariant 8: `ticket-not-found` for a ticket that was there all the time."""
    tale.refuse(1, "start", 0, 1, reason="ticket-not-found")
    assert broken(tale.judge()) == {"refusals-are-just"}


def test_a_refusal_under_an_older_machine_is_just(tale: Tale) -> None:
    """Invariant 8: a publication meanwhile may have made legal what was not."""
    earlier = MachineRevision("received", {**tale.machines.revisions[1].edges, "received": {}})
    tale.machines = TypeMachines({1: earlier, 2: tale.machines.revisions[1]}, current=2, earliest=1)
    tale.refuse(1, "start", 0, 1)
    assert tale.judge().verdict == "passed"
    tale.machines = TypeMachines(tale.machines.revisions, current=2, earliest=2)
    assert broken(tale.judge()) == {"refusals-are-just"}


def test_a_ticket_in_a_state_that_its_machine_lacks_is_found(tale: Tale) -> None:
    """Invariant 9: the type's current machine, not the revision of the last step."""
    edges = {state: edges for state, edges in tale.machines.revisions[1].edges.items() if state != "received"}
    later = MachineRevision("in_progress", edges)
    tale.machines = TypeMachines({**tale.machines.revisions, 2: later}, current=2)
    assert broken(tale.judge()) == {"state-is-in-machine"}


def test_a_reference_that_leaves_the_tenant_is_found(tale: Tale) -> None:
    """Invariant 10: for the references of a ticket."""
    tale.change_fact(strays=("its queue",))
    assert broken(tale.judge()) == {"tenant-is-one"}


def test_a_type_of_another_tenant_is_found(tale: Tale) -> None:
    """Invariant 10: a type is the tenant's own or everybody's."""
    tale.change_fact(type_key=(8, 1))
    checker = Checker({(8, 1): tale.machines}, thresholds=Thresholds(min_operations=0, min_contended=0, min_races=0))
    checker.examine(tale.story())
    assert broken(checker.judgement()) == {"tenant-is-one"}


def test_another_tenants_operation_that_moved_the_ticket_is_found(tale: Tale) -> None:
    """Invariant 10: for those who write."""
    tale.move(1, "start", 0, 1, tenant_id=8)
    assert broken(tale.judge()) == {"tenant-is-one"}


@pytest.mark.parametrize(
    "seen",
    [
        {"version": 1},  # the ticket is behind its history
        {"from_state": "received"},
    ],
)
def test_a_reader_that_sees_ticket_and_history_disagree_is_heard(tale: Tale, seen: dict[str, Any]) -> None:
    """Invariant 11: one snapshot, one truth."""
    tale.move(1, "start", 0, 1)
    tale.read(2, 2, "in_progress", 0.5, 2, **seen)
    assert broken(tale.judge()) == {"readers-see-one-truth"}


@pytest.mark.parametrize(
    ("seq", "state", "begin_ms", "end_ms"),
    [
        (1, "received", 2, 3),  # the step had been acknowledged
        (2, "in_progress", -2, -1),  # nobody had asked for it yet
        (2, "cancelled", 2, 3),  # the history says otherwise
        (3, "ready", 2, 3),  # the history is shorter now
    ],
)
def test_a_reader_that_sees_what_was_not_there_is_heard(
    tale: Tale, seq: int, state: str, begin_ms: float, end_ms: float
) -> None:
    """Invariant 11: what is read was present at an instant of the read, and stays."""
    tale.move(1, "start", 0, 1)
    tale.read(2, seq, state, begin_ms, end_ms)
    assert broken(tale.judge()) == {"readers-see-one-truth"}


def test_a_history_that_shrinks_between_two_readers_is_found(tale: Tale) -> None:
    """Invariant 11: also while the step itself is still without an answer."""
    tale.move(1, "start", 0, 9)
    tale.read(2, 2, "in_progress", 1, 2)
    tale.read(3, 1, "received", 3, 4)
    assert broken(tale.judge()) == {"readers-see-one-truth"}


def test_a_fault_after_a_restart_breaks_the_twelfth_as_well(tale: Tale) -> None:
    """Invariant 12: all of them again, once the server is back; without a restart nothing is said about it."""
    assert tale.judge(was_restarted=True).findings[-1].verdict == "passed"
    assert tale.judge().findings[-1].verdict == "skipped"
    tale.told(1, "start", 0, 1, seq=2)
    assert broken(tale.judge(was_restarted=True)) == {"acknowledged-exactly-once", "holds-after-restart"}


def test_evidence_is_kept_for_a_bounded_number_of_violations(tale: Tale) -> None:
    """A database that is wrong everywhere does not fill the memory; all violations are counted."""
    for number in range(50):
        tale.told(number, "note", number, number + 0.5, seq=number)
    judgement = tale.judge(max_violations=5)
    assert (len(judgement.violations), judgement.violation_count) == (5, 50)
