"""Types and their revisions: what was published stays readable, and no publication leaves a ticket behind."""

from __future__ import annotations

import re
from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from virtualq_core import content
from virtualq_core.conformance.expectation import KEPT, NO_RIGHT
from virtualq_core.conformance.plain_machine import draw_sound_machine, spell_out
from virtualq_core.errors import IllegalTransition

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from virtualq_core.conformance.expectation import Expectation
    from virtualq_core.conformance.world import Actor, Application, Tenant
    from virtualq_core.subjects import SubjectSession

SQL = content.beside(__file__, "revision.sql")
FORGERIES = [name for name in SQL if name.startswith("forge_")]
SEED = 20
EXAMPLES = 40
LIES = [name for name in SQL if name.startswith("falsify_")]

ERRAND: dict[str, Any] = {
    "init": "asked",
    "transitions": [
        {"name": "take", "from": "asked", "to": "doing"},
        {"name": "finish", "from": "doing", "to": "done"},
    ],
}
WITHOUT_DOING: dict[str, Any] = {"init": "asked", "transitions": [{"name": "finish", "from": "asked", "to": "done"}]}
WITH_REOPENING: dict[str, Any] = {
    **ERRAND,
    "transitions": [*ERRAND["transitions"], {"name": "reopen", "from": "done", "to": "asked"}],
}
WITHOUT_ASKED: dict[str, Any] = {"init": "doing", "transitions": [{"name": "finish", "from": "doing", "to": "done"}]}
WITHOUT_DONE: dict[str, Any] = {
    "init": "asked",
    "transitions": [
        {"name": "take", "from": "asked", "to": "doing"},
        {"name": "give up", "from": "doing", "to": "asked"},
    ],
}
ENDING_IN_CLOSED: dict[str, Any] = {
    "init": "asked",
    "transitions": [
        {"name": "take", "from": "asked", "to": "doing"},
        {"name": "finish", "from": "doing", "to": "closed"},
    ],
}
WITH_A_SHORT_CUT: dict[str, Any] = {
    "init": "asked",
    "transitions": [
        {"name": "finish", "from": ["asked", "doing"], "to": "done"},
    ],
}
ENDING_IN_DOING: dict[str, Any] = {
    "init": "asked",
    "states": ["asked", "doing", "done"],
    "transitions": [{"name": "take", "from": "asked", "to": "doing"}],
}


@pytest.mark.requirement("REV-001")
def test_every_publication_is_a_revision(draft: Application, expect: Expectation) -> None:
    """Revisions count from 1, and each keeps the machine and the schema that it published."""
    type_id = draft.define(ERRAND)

    expect.equal(draft.publish(type_id, WITH_REOPENING), 2)
    expect.equal(draft.publish(type_id, fields={"type": "object"}), 3)
    kept = [(each.revision, each.fsm_schema, each.custom_fields_schema) for each in revisions(draft, type_id)]
    expect.equal(kept, [(1, ERRAND, None), (2, WITH_REOPENING, None), (3, WITH_REOPENING, {"type": "object"})])


@pytest.mark.requirement("REV-001")
def test_what_is_published_again_unchanged_is_no_revision(draft: Application, expect: Expectation) -> None:
    """Neither the same content again nor another name for the type makes a revision."""
    type_id = draft.define(ERRAND)

    expect.equal(draft.publish(type_id, ERRAND), 1)
    draft.change(SQL["rename_type"], type_id=type_id)
    expect.equal(len(revisions(draft, type_id)), 1)


@pytest.mark.requirement("REV-002")
def test_a_step_names_the_revision_that_allowed_it(draft: Application, expect: Expectation) -> None:
    """The history can be judged by the machine of its time, whatever was published since."""
    type_id = draft.define(ERRAND)
    ticket_id = draft.create("take", type_definition_id=type_id)
    draft.publish(type_id, WITH_REOPENING)
    draft.take(ticket_id, "finish", "reopen")

    steps = [(step.transition_name, step.revision) for step in draft.history(ticket_id)]
    expect.equal(steps, [("init", 1), ("take", 1), ("finish", 2), ("reopen", 2)])


@pytest.mark.requirement("REV-003")
@pytest.mark.parametrize("lie", LIES)
def test_nobody_changes_what_was_published(
    app: Application, owner: Actor, maintainer: Actor, expect: Expectation, lie: str
) -> None:
    """A revision is neither changed nor deleted by the maintainer, who sees it, nor truncated by the owner."""
    type_id = app.define(ERRAND)

    falsifier = owner if lie == "falsify_by_truncate" else maintainer
    with falsifier.trial(), expect.refused(KEPT):
        falsifier.change(SQL[lie], type_id=type_id)
    with app.trial(), expect.refused(KEPT):
        app.change(SQL[lie], type_id=type_id)


@pytest.mark.requirement("REV-003")
def test_a_type_that_was_published_is_not_deleted(app: Application, owner: Actor, expect: Expectation) -> None:
    """Its revisions would go with it."""
    type_id = app.define(ERRAND)

    for actor in (app, owner):
        with actor.trial(), expect.refused(KEPT):
            actor.change(SQL["delete_type"], type_id=type_id)
            actor.settle()


@pytest.mark.requirement("REV-004")
def test_a_publication_that_strands_tickets_is_refused(draft: Application, expect: Expectation) -> None:
    """The refusal counts the tickets in each state that is gone, and the type is as it was."""
    type_id = draft.define(WITH_REOPENING)
    for path in ([], ["take"], ["take"], ["take", "finish"]):
        draft.create(*path, type_definition_id=type_id)

    with expect.refused("23514", "typedefinition_orphans_no_ticket") as refusal:
        draft.publish(type_id, {"init": "asked"})
    for state, tickets in (("doing", 2), ("done", 1)):
        expect.holds(is_counted(refusal.text, state, tickets), refusal.text, f"{tickets} beside '{state}'")
    expect.equal(draft.run(SQL["find_type"], type_id=type_id)[0].revision, 1)
    expect.equal(len(revisions(draft, type_id)), 1)


@pytest.mark.requirement("REV-004")
def test_a_state_without_tickets_may_go(draft: Application, expect: Expectation) -> None:
    """Once the last ticket has left it, there is nothing to strand."""
    type_id = draft.define(ERRAND)
    ticket_id = draft.create("take", type_definition_id=type_id)
    with expect.refused("23514", "typedefinition_orphans_no_ticket"):
        draft.publish(type_id, WITHOUT_DOING)

    draft.take(ticket_id, "finish")
    expect.equal(draft.publish(type_id, WITHOUT_DOING), 2)


@pytest.mark.requirement("REV-004")
def test_a_plain_update_strands_no_ticket_either(draft: Application, expect: Expectation) -> None:
    """What the state's tickets need is checked however the type is written."""
    type_id = draft.define(ERRAND)
    ticket_id = draft.create("take", type_definition_id=type_id)

    with expect.refused("23514", "typedefinition_orphans_no_ticket", or_by=NO_RIGHT):
        draft.change(SQL["rewrite_machine"], type_id=type_id, fsm_schema=Jsonb(WITHOUT_DOING))
    draft.take(ticket_id, "finish")


@pytest.mark.requirement("REV-004")
def test_a_closed_ticket_is_not_stranded_either(draft: Application, expect: Expectation) -> None:
    """A terminal state goes no more than another while tickets are in it: their histories end there."""
    type_id = draft.define(ERRAND)
    draft.create("take", "finish", type_definition_id=type_id)

    with expect.refused("23514", "typedefinition_orphans_no_ticket") as refusal:
        draft.publish(type_id, ENDING_IN_CLOSED)
    expect.holds(is_counted(refusal.text, "done", 1), refusal.text, "1 beside 'done'")
    expect.equal(draft.publish(type_id, ENDING_IN_CLOSED, mapping={"done": "closed"}), 2)


@pytest.mark.requirement("REV-005")
def test_a_mapping_moves_the_tickets(draft: Application, expect: Expectation) -> None:
    """The tickets of a state that goes are where the mapping says, and their history names the publication."""
    type_id = draft.define(ERRAND)
    moved, untouched = draft.create("take", type_definition_id=type_id), draft.create(type_definition_id=type_id)

    expect.equal(draft.publish(type_id, WITHOUT_DOING, mapping={"doing": "asked"}), 2)
    last = draft.history(moved)[-1]
    expect.equal((last.seq, last.from_state, last.to_state, last.revision), (3, "doing", "asked", 2))
    expect.equal(last.transition_name, None, "edge taken:")
    expect.holds("2" in re.findall(r"\w+", str(last.metadata)), last.metadata, "metadata that name revision 2")
    expect.equal(revisions(draft, type_id)[-1].state_mapping, {"doing": "asked"})
    expect.equal(len(draft.history(untouched)), 1)
    draft.take(moved, "finish")


@pytest.mark.requirement("REV-006")
def test_a_mapping_belongs_to_its_publication(draft: Application, expect: Expectation) -> None:
    """The next one has none, unless it names its own, however the type is written."""
    type_id = draft.define(ERRAND)
    draft.publish(type_id, WITHOUT_DOING, mapping={"doing": "asked"})

    draft.publish(type_id, ERRAND)
    draft.publish(type_id, WITHOUT_DOING, mapping={"doing": "asked"})
    draft.change(SQL["rewrite_machine"], type_id=type_id, fsm_schema=Jsonb(ERRAND))
    kept = [each.state_mapping for each in revisions(draft, type_id)]
    expect.equal(kept, [None, {"doing": "asked"}, None, {"doing": "asked"}, None])


@pytest.mark.requirement("REV-006")
@pytest.mark.parametrize(
    "mapping",
    [{"doing": "nowhere"}, {"asked": "done"}, {"unheard of": "done"}, {"doing": None}, {"doing": "doing"}, ["doing"]],
    ids=["to-nowhere", "from-a-kept-state", "from-nowhere", "to-nothing", "to-itself", "no-object"],
)
def test_a_mapping_leads_from_a_lost_state_to_a_kept_one(draft: Application, expect: Expectation, mapping: Any) -> None:  # noqa: ANN401
    """Anything else is refused, and nothing is published."""
    type_id = draft.define(ERRAND)

    with expect.refused("23514", "machine_is_valid"):
        draft.publish(type_id, WITHOUT_DOING, mapping=mapping)
    expect.equal(len(revisions(draft, type_id)), 1)


@pytest.mark.requirement("REV-007")
def test_the_new_machine_governs_from_its_publication_on(draft: Application, expect: Expectation) -> None:
    """An edge that is gone is refused and a new one is taken, for tickets that were there before as well."""
    type_id = draft.define(ERRAND)
    ticket_id = draft.create(type_definition_id=type_id)
    draft.publish(type_id, {**WITHOUT_DOING, "states": ["asked", "doing", "done"]})

    with expect.refused("23514", "ticket_transition_is_legal"):
        draft.take(ticket_id, "take")
    draft.take(ticket_id, "finish")
    expect.equal(draft.ticket(ticket_id).current_state, "done")


@pytest.mark.requirement("REV-007")
def test_no_client_goes_on_by_the_old_machine(
    client: SubjectSession, north: Tenant, app: Application, expect: Expectation
) -> None:
    """A client that has read a machine before its publication takes the edges of the new one, and no others."""
    type_id = app.define(ERRAND)
    created = [client.create_ticket(north.id, north.queue_id, type_id).id for _ in range(3)]
    client.transition(north.id, created[0], "take")
    app.publish(type_id, WITH_A_SHORT_CUT)

    expect.equal(client.transition(north.id, created[1], "finish").to_state, "done")
    with expect.refused(IllegalTransition):
        client.transition(north.id, created[2], "take")
    [outcome] = client.transition_many(north.id, [created[2]], "take")
    expect.equal(outcome.outcome, "illegal")


@pytest.mark.requirement("REV-008")
@pytest.mark.parametrize(
    ("before", "after", "is_closed"),
    [(ERRAND, WITH_REOPENING, False), (WITH_REOPENING, ERRAND, True)],
    ids=["a-way-out", "no-way-out"],
)
def test_a_ticket_is_closed_exactly_while_its_state_is_terminal(
    draft: Application, expect: Expectation, before: dict[str, Any], after: dict[str, Any], *, is_closed: bool
) -> None:
    """A publication that gives a state its first way out, or takes its last, opens or closes the tickets in it."""
    type_id = draft.define(before)
    ticket_id = draft.create("take", "finish", type_definition_id=type_id)

    draft.publish(type_id, after)
    expect.equal(draft.ticket(ticket_id).closed_at is not None, is_closed, "is closed:")
    expect.equal(len(draft.history(ticket_id)), 3)


@pytest.mark.requirement("REV-008")
def test_a_ticket_that_a_mapping_moves_is_closed_exactly_where_it_comes_to_an_end(
    draft: Application, expect: Expectation
) -> None:
    """From a terminal state to an open one it is opened, and the other way round it is closed."""
    type_id = draft.define(ERRAND)
    ticket_id = draft.create("take", "finish", type_definition_id=type_id)

    draft.publish(type_id, WITHOUT_DONE, mapping={"done": "doing"})
    expect.equal(draft.ticket(ticket_id).closed_at, None, "closed:")
    draft.publish(type_id, WITHOUT_DOING, mapping={"doing": "done"})
    expect.holds(draft.ticket(ticket_id).closed_at, "that it is open", "the ticket to be closed")


@pytest.mark.requirement("REV-009")
@pytest.mark.parametrize("forgery", FORGERIES)
def test_the_application_writes_nothing_that_is_compiled(draft: Application, expect: Expectation, forgery: str) -> None:
    """The compiled machine, its states and the revision's number follow from the document alone."""
    type_id = draft.define(ERRAND)

    with expect.refused(NO_RIGHT):
        draft.change(SQL[forgery], type_id=type_id)


@pytest.mark.requirement("REV-010")
def test_a_tenant_publishes_only_its_own_types(app: Application, neighbour: Application, expect: Expectation) -> None:
    """Another tenant's type, or a system-defined one, is not found by a publication."""
    type_id = neighbour.define(ERRAND)
    system = app.run(SQL["find_system_type"])

    for foreign in [type_id, *(row.id for row in system)]:
        expect.equal(app.publish(foreign, {"init": "hijacked"}), None)
    expect.equal(neighbour.run(SQL["find_type"], type_id=type_id)[0].fsm_schema, ERRAND)


@pytest.mark.requirement("REV-011")
def test_a_types_code_is_its_tenants(app: Application, neighbour: Application, expect: Expectation) -> None:
    """Within a tenant a code names one type; another tenant may use the same code for its own."""
    app.run(SQL["define_type_with_code"], type_code="errand")
    neighbour.run(SQL["define_type_with_code"], type_code="errand")

    with expect.refused("23505"):
        app.run(SQL["define_type_with_code"], type_code="errand")


@pytest.mark.requirement("REV-012")
def test_a_system_defined_type_is_published_for_the_tickets_of_all_tenants(
    maintainer: Actor, north: Tenant, south: Tenant, expect: Expectation
) -> None:
    """The tickets of every tenant are counted, and move as the mapping says."""
    with maintainer.trial():
        type_id = maintainer.value(SQL["define_system_type"], fsm_schema=Jsonb(ERRAND))
        created = [
            maintainer.value(SQL["add_ticket"], of=tenant.id, queue_id=tenant.queue_id, type_id=type_id)
            for tenant in (north, south)
        ]
        publication = {"type_id": type_id, "fsm_schema": Jsonb(WITHOUT_ASKED)}

        with expect.refused("23514", "typedefinition_orphans_no_ticket") as refusal:
            maintainer.run(SQL["publish"], **publication, state_mapping=None)
        expect.holds(is_counted(refusal.text, "asked", 2), refusal.text, "2 beside 'asked'")
        maintainer.run(SQL["publish"], **publication, state_mapping=Jsonb({"asked": "doing"}))
        found = maintainer.run(SQL["list_last_steps"], ticket_ids=created)
    expect.equal([tuple(row) for row in found], [("doing", 2, "doing", 2)] * 2)


def is_counted(text: str, state: str, tickets: int) -> bool:
    """Whether a text has the number beside the state, with at most one word between them."""
    between = r"\W+(?:\w+\W+)?"
    return re.search(rf"\b{tickets}{between}{state}\b|\b{state}{between}{tickets}\b", text) is not None


@pytest.mark.requirement("REV-004", "REV-005", "REV-006")
def test_a_publication_is_refused_exactly_if_it_strands_a_ticket(
    draft: Application, expect: Expectation, evidence: Callable[[str], None]
) -> None:
    """
    Drawn machines, tickets and mappings: what is refused would strand one, or maps what may not be mapped.

    What is accepted leaves each ticket where it was or where the mapping says, with a step that says so.
    """
    random = Random(SEED)
    verdicts: Counter[str] = Counter()
    for number in range(EXAMPLES):
        before, after = draw_sound_machine(random), draw_sound_machine(random, random.choice(("abc", "abcde", "cdef")))
        old, new = spell_out(before), spell_out(after)
        with draft.trial():
            type_id = draft.define(before)
            tickets = [wander(draft, type_id, old, random) for _ in range(random.randint(1, 5))]
            places = {ticket_id: draft.ticket(ticket_id).current_state for ticket_id in tickets}
            mapping = draw_mapping(old.keys(), new.keys(), random)
            is_sound = all(state in old.keys() - new.keys() and mapping[state] in new for state in mapping)
            stranded = {state for state in places.values() if state not in new and state not in mapping}
            expected = "23514" if stranded or not is_sound else ""
            told = f"{before} to {after} with {mapping}, tickets in {sorted(places.values())} (number {number})"
            observed = ""
            try:
                draft.publish(type_id, after, mapping=mapping or None)
            except psycopg.errors.CheckViolation as error:
                observed = error.sqlstate or "none"
            expect.equal((told, observed), (told, expected))
            verdicts["stranded" if is_sound and stranded else "unsound" if expected else "accepted"] += 1
            for ticket_id, place in places.items():
                now, last = draft.ticket(ticket_id), draft.history(ticket_id)[-1]
                moved = None if expected or place in new else mapping[place]
                expect.equal((told, now.current_state), (told, moved or place))
                if moved:
                    verdicts["moved"] += 1
                    expect.equal((last.from_state, last.to_state, last.revision), (place, moved, 2))
    expect.holds(min(verdicts.values()) > 2 and len(verdicts) == 4, dict(verdicts), "examples of every kind")
    evidence(", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items())))


def wander(draft: Application, type_id: int, spelled: dict[str, dict[str, str]], random: Random) -> int:
    """A ticket that has taken a few steps of its machine, as far as there were any; its id."""
    ticket_id = draft.create(type_definition_id=type_id)
    for _ in range(random.randint(1, 5)):
        steps = spelled[draft.ticket(ticket_id).current_state]
        if steps:
            draft.take(ticket_id, random.choice(sorted(steps)))
    return ticket_id


def draw_mapping(old: Collection[str], new: Collection[str], random: Random) -> dict[str, str]:
    """Where the tickets of states that go may be moved; now and then it leaves one out, or is wrong."""
    lost = sorted(set(old) - set(new))
    mapping = {state: random.choice(sorted(new)) for state in lost if random.random() < 1 / 2}
    if random.random() < 1 / 8:
        mapping[random.choice(sorted(old))] = random.choice(sorted({*old, *new}))
    return mapping


def revisions(app: Application, type_id: int) -> list[Any]:
    """What was published of a type, oldest first."""
    return app.run(SQL["list_revisions"], type_id=type_id)
