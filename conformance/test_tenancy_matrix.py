"""
Tenancy, enumerated: every table, view, function and reference of the schema, for two tenants and one that owns nothing.

What there is, is read from the server's catalogue, so that whatever is new is held to the rules by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from virtualq_core.conformance.matrix import row
from virtualq_core.conformance.matrix.call import Case, call, cases, own, place_of
from virtualq_core.conformance.matrix.catalogue import ORDINARY
from virtualq_core.conformance.matrix.pair import named, pairs, saying_whose
from virtualq_core.conformance.matrix.probe import Answer, Probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtualq_core.conformance.matrix.scene import Scene
    from virtualq_core.conformance.matrix.tally import Tally
    from virtualq_core.conformance.world import World

NO_RIGHT = ("42501",)
NO_SUCH_ROW = ("23503",)
INTEGRITY = ("23",)
NOT_DONE = ("42501", "22P02", "55000")
"""No right, no number of a tenant, no view that can be written to."""


@pytest.fixture(scope="module")
def probe(world: World, scene: Scene) -> Iterator[Probe]:
    """The application in our name."""
    with world.application(scene.ours.tenant) as app:
        yield Probe(app.connection, scene.ours.id)


@dataclass(frozen=True)
class Call:
    """A function called with the other tenant's ids, and in the same way with ids that no row has."""

    case: Case
    theirs: Answer
    absent: Answer


@pytest.fixture(scope="module")
def calls(scene: Scene, probe: Probe) -> list[Call]:
    """Every call of every function that names another's rows; one that cannot be made up is an error."""
    found = []
    with probe.trial():
        for function in scene.functions:
            for case in cases(function, scene):
                answer = probe.ask(call(function, case.theirs), witness=lambda: scene.digest(scene.theirs, probe))
                found.append(Call(case, answer, probe.ask(call(function, case.absent))))
    return found


@pytest.mark.requirement("TEN-002", "TEN-011", "TEN-014")
def test_every_table_and_view_shows_a_tenant_its_own_rows(scene: Scene, probe: Probe, tally: Tally) -> None:
    """Of the other's it shows none and tells nothing; what no tenant owns rows of is not the application's to read."""
    for name, reason in scene.unfurnished.items():
        tally.hold(not reason, f"no row can be made up for {name}", reason)
    for relation in scene.catalogue.relations.values():
        look = scene.look(probe, relation, scene.ours)
        if "select" not in relation.granted or (relation.is_table and relation.owner is None):
            tally.refuse(NO_RIGHT, f"select from {relation.name}", look.answer)
            continue
        is_own = not (look.answer.error or look.foreign or look.telling)
        tally.hold(is_own and (look.rows or not relation.is_table), f"select from {relation.name}", look.brief)
    tally.conclude("our own rows and no others", ", ".join(scene.catalogue.relations))


@pytest.mark.requirement("TEN-015")
def test_what_another_does_changes_nothing_here(scene: Scene, probe: Probe, tally: Tally) -> None:
    """Every table and view shows the same, and every function answers the same, after the other's rows have changed."""

    def observe() -> dict[str, object]:
        seen: dict[str, object] = {
            f"select from {name}": scene.look(probe, relation, scene.ours).figure
            for name, relation in scene.catalogue.relations.items()
        }
        for function in scene.functions:
            answer = probe.ask(call(function, own(function, scene, scene.ours)))
            seen[function.signature] = answer.without(())
        return seen

    first = observe()
    scene.stir(scene.theirs)
    for what, answer in observe().items():
        tally.hold(answer == first[what], what, f"{first[what]} before, {answer} after")
    tally.conclude("the same answer, whatever another tenant does")


@pytest.mark.requirement("TEN-003", "TEN-016")
def test_no_insert_reaches_another_tenant(scene: Scene, probe: Probe, tally: Tally) -> None:
    """A row for ourselves is accepted; for the other it is refused, whoever's rows it refers to."""
    for relation in scene.catalogue.relations.values():
        granted = relation.granted_columns("insert")
        what = f"insert into {relation.name}"
        if relation.name in scene.unfurnished or not relation.may_be_written("insert"):
            continue
        if not granted:
            tally.refuse(NO_RIGHT, what, probe.ask(row.insert(relation, {})))
            continue
        if relation.is_table:
            ours = row.new_row(relation, scene.ours.rows, granted)
            answer = probe.ask(row.insert(relation, ours))
            tally.hold(answer.changed == 1, f"{what} of our own", answer)
            strangers = dict.fromkeys(saying_whose(scene, relation), scene.theirs.id)
            foreign = {name: value for name, value in {**ours, **strangers}.items() if name in granted}
            for reference in relation.references:
                tally.refuse(NO_RIGHT, f"{what} for another", probe.ask(row.insert(relation, foreign)))
                foreign |= named(scene, reference)[0]
        owned = {relation.name: {str(relation.owner): scene.theirs.id}}
        theirs = row.new_row(relation, scene.theirs.rows | owned, granted)
        tally.refuse(NO_RIGHT, f"{what} of another's", probe.ask(row.insert(relation, theirs)))
    tally.conclude("a refusal by 42501, and our own row accepted")


@pytest.mark.requirement("TEN-003", "TEN-017")
def test_no_update_or_delete_by_key_reaches_another_tenant(scene: Scene, probe: Probe, tally: Tally) -> None:
    """Named by its key, another's row is not found where our own is; and none of ours is given away."""
    for table in scene.tables:
        ours, theirs = scene.key_of(table, scene.ours), scene.key_of(table, scene.theirs)
        for what, statement in row.writes(table, ours):
            answer = probe.ask(statement)
            tally.hold(answer.changed or answer.error, f"{what} of our own", answer)
        for what, statement in row.writes(table, theirs):
            answer = probe.ask(statement)
            tally.hold(not answer.changed and not answer.error, f"{what} of another's", answer)
        if not table.columns[str(table.owner)].is_drawn:
            answer = probe.ask(row.update(table, str(table.owner), scene.theirs.id, ours))
            tally.refuse((*NO_RIGHT, *INTEGRITY), f"{table.name} given to another", answer)
    tally.conclude("our own row found and another's not")


@pytest.mark.requirement("TEN-003", "TEN-017")
def test_no_blind_update_or_delete_reaches_another_tenant(world: World, scene: Scene, tally: Tally) -> None:
    """
    Without any condition, a tenant that owns nothing finds nothing but itself to change or delete.

    No policy of reading is in the way then, only those of writing.
    """
    with world.application(scene.ours.tenant) as app:
        vacant = Probe(app.connection, scene.vacant_id)
        for relation in scene.catalogue.relations.values():
            owned = scene.rows_of(relation, scene.vacant_id) if relation.is_table and relation.owner else []
            for what, statement in row.writes(relation, None):
                answer = vacant.ask(statement)
                is_none = answer.changed == len(owned) and not answer.error
                tally.hold(is_none or answer.state in NOT_DONE, what, answer)
    tally.conclude("no row but the tenant's own")


@pytest.mark.requirement("TEN-004", "TEN-018")
def test_every_reference_refuses_another_tenants_row(scene: Scene, tally: Tally) -> None:
    """Whoever sees both, and may write either, cannot make a row of ours refer to one of theirs, nor to none at all."""
    for reference in scene.references:
        table = scene.catalogue.relations[reference.relation]
        base = row.new_row(table, scene.ours.rows)
        theirs, absent = named(scene, reference)
        what = f"{reference.name} of {table.name}"
        answer = scene.oversee(table, row.insert(table, base))
        tally.hold(answer.changed == 1, f"{what} to our own row", answer)
        answer = scene.oversee(table, row.insert(table, {**base, **theirs}))
        tally.refuse(NO_SUCH_ROW, f"{what} to another's row", answer)
        whole = {name: scene.theirs.rows[reference.referred][other] for name, other in reference.pairs.items()}
        if table.owner not in whole:
            answer = scene.oversee(table, row.insert(table, {**base, **whole}))
            tally.refuse(INTEGRITY, f"{what} to another's row and tenant", answer)
        answer = scene.oversee(table, row.insert(table, {**base, **absent, str(table.owner): None}))
        tally.refuse(INTEGRITY, f"{what} to no row, without a tenant", answer)
        key = scene.key_of(table, scene.ours)
        for column, value in theirs.items():
            answer = scene.oversee(table, row.update(table, column, value, key))
            tally.refuse((*NO_RIGHT, *INTEGRITY), f"{what} changed to another's row", answer)
    tally.conclude("a refusal by 23503", ", ".join(each.name for each in scene.references))


@pytest.mark.requirement("TEN-004", "TEN-018")
def test_every_reference_carries_the_tenant(scene: Scene, tally: Tally) -> None:
    """On both sides, in a column that is never null: where one is, MATCH SIMPLE would look at none of them."""
    for reference in scene.catalogue.references:
        owner = scene.catalogue.relations[reference.referred].owner
        columns = scene.catalogue.relations[reference.relation].columns
        carrying = [name for name, referred in reference.pairs.items() if referred == owner]
        tally.hold(carrying, f"{reference.name} does not carry the tenant")
        for name in carrying:
            tally.hold(columns[name].is_mandatory, f"{reference.name} is not looked at where {name} is null")
    tally.conclude("the tenant in every reference, never null")


@pytest.mark.requirement("TEN-019")
def test_no_function_changes_anything_of_another_tenant(
    scene: Scene, probe: Probe, calls: list[Call], tally: Tally
) -> None:
    """Called for ourselves it works; with the other's ids, one or all, it leaves the other's rows as they were."""
    before = scene.digest(scene.theirs)
    for signature, reason in scene.uncalled.items():
        tally.hold(not reason, f"{signature} cannot be called", reason)
    for function in scene.functions:
        answer = probe.ask(call(function, own(function, scene, scene.ours)))
        tally.hold(not answer.error, f"{function.signature} for ourselves", answer)
    for each in calls:
        changed = [name for name, figure in (each.theirs.seen or before).items() if figure != before[name]]
        tally.hold(not changed, f"{each.case.what} changes {', '.join(changed)}", each.theirs)
    tally.conclude("another's rows as they were", ", ".join(each.name for each in scene.functions))


@pytest.mark.requirement("TEN-007")
def test_no_function_serves_another_tenant_in_our_transaction(calls: list[Call], tally: Tally) -> None:
    """One transaction serves one tenant: to name another one is refused."""
    for each in calls:
        if each.case.is_for_another:
            tally.refuse(NO_RIGHT, each.case.what, each.theirs)
    tally.conclude("a refusal by 42501")


@pytest.mark.requirement("TEN-008", "TEN-020")
def test_no_function_tells_anything_of_another_tenant(scene: Scene, calls: list[Call], tally: Tally) -> None:
    """It answers word for word as if the other's rows were not there, and shows nothing that stands in them."""
    for each in calls:
        ids = each.case.ids
        alike = each.theirs.without(ids) == each.absent.without(ids)
        tally.hold(alike, each.case.what, f"{each.theirs.brief}, but {each.absent.brief} for what does not exist")
        secret = scene.theirs.told_by(each.theirs.text, ids) or shown_id(scene, each.theirs, ids)
        tally.hold(secret is None, f"{each.case.what} tells {secret}", each.theirs)
    tally.conclude("an answer as if another's rows were not there")


def shown_id(scene: Scene, answer: Answer, given: list[object]) -> str | None:
    """A column of the answer with the id of another's row that the caller did not give."""
    for values in answer.rows:
        for name, value in zip(answer.columns, values, strict=True):
            place = place_of(name, scene.catalogue)
            if place is not None and value not in given and value in scene.theirs.values[place]:
                return f"{name} {value}"
    return None


@pytest.mark.requirement("TEN-008", "TEN-020")
def test_no_statement_tells_that_another_tenants_row_exists(scene: Scene, probe: Probe, tally: Tally) -> None:
    """To name it in a condition, as a reference, key or identifier, is answered as for a row that does not exist."""
    with probe.trial():
        for pair in pairs(scene):
            theirs, absent = probe.ask(pair.theirs), probe.ask(pair.absent)
            alike = theirs.without(pair.values) == absent.without(pair.values)
            tally.hold(alike, pair.what, f"{theirs.brief}, but {absent.brief} for what does not exist")
            secret = scene.theirs.told_by(theirs.text, pair.values)
            tally.hold(secret is None, f"{pair.what} tells {secret}", theirs)
    tally.conclude("an answer as if another's rows were not there")


@pytest.mark.requirement("TEN-023")
def test_the_application_has_no_right_that_passes_row_security_by(scene: Scene, tally: Tally) -> None:
    """It reads, writes and runs; to what no tenant owns rows of it has no right at all, and nothing is everybody's."""
    for relation in scene.catalogue.relations.values():
        is_owned = relation.owner is not None or not relation.is_table
        beyond = relation.granted - (ORDINARY if is_owned else frozenset())
        tally.hold(not beyond, f"it may {' and '.join(sorted(beyond))} {relation.name}")
    for sequence in scene.catalogue.legible_sequences:
        tally.hold(not sequence, f"it may read or set {sequence}")
    for grant in scene.catalogue.grants_to_everybody:
        tally.hold(not grant, f"everybody may {grant}")
    tally.conclude("no right but to select, insert, update, delete and execute")


@pytest.mark.requirement("TEN-005")
def test_row_security_is_forced_on_every_table(scene: Scene, tally: Tally) -> None:
    """It binds the owner, too; a table that says whose a row is says so of every row."""
    for table in scene.catalogue.tables:
        tally.hold(table.is_secured, f"{table.name} has no row security")
        tally.hold(table.is_forced, f"{table.name} does not force row security on its owner")
        tally.hold(table.columns[str(table.owner)].is_mandatory, f"{table.name}.{table.owner} may be null")
    for partition in scene.catalogue.partitions:
        tally.hold(partition.is_secured and partition.is_forced, f"{partition.name} is a way around its table")
        tally.hold(not partition.granted, f"{partition.name} is granted beside its table")
    tally.conclude("row security that is forced, on every table that tenants own rows of")
