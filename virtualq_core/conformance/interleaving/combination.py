"""Reading what may come of a file's orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtualq_core.conformance.interleaving.form import nearest
from virtualq_core.conformance.interleaving.script import NOTHING, Before, Combination
from virtualq_core.conformance.interleaving.vocabulary import VERBS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from virtualq_core.conformance.interleaving.form import Form
    from virtualq_core.conformance.interleaving.script import SessionPlan, Step
    from virtualq_core.conformance.interleaving.vocabulary import Names

GONE = "gone"
_OR = " or "
_BEFORE = " before "


def read_combinations(
    forms: Iterable[Form], sessions: Mapping[str, SessionPlan], names: Names
) -> tuple[Combination, ...]:
    """The entries `[[allowed]]`."""
    return tuple(_read_combination(form, sessions, names) for form in forms)


def _read_combination(form: Form, sessions: Mapping[str, SessionPlan], names: Names) -> Combination:
    said = []
    conditions: tuple[Before, ...] = ()
    if form.has("when"):
        found = form.table["when"]
        texts = form.texts("when") if isinstance(found, list) else (form.text("when"),)
        conditions = tuple(_read_condition(form, text, sessions) for text in texts)
        said.append(f"when {' and '.join(texts)}:")
    outcomes = {}
    for name, session in sessions.items():
        if form.has(name):
            found = form.table[name]
            texts = form.texts(name) if isinstance(found, list) else (form.text(name),)
            outcomes[name] = _read_outcomes(form, texts, session, names)
            said.append(f"{name} {', then '.join(texts)};")
    leaves = _read_leaves(form.form("leaves"), names)
    said += [f"{name} left {describe_ticket(left)};" for name, left in leaves.items()]
    form.close()
    if not outcomes and not leaves:
        form.refuse("it allows nothing", None, "what a session's steps may end with, or how tickets are left")
    return Combination(conditions, outcomes, leaves, " ".join(said).rstrip(";"))


def describe_ticket(left: Mapping[str, str] | None) -> str:
    """How a ticket is left, in words."""
    if left is None:
        return GONE
    return " ".join(value if column == "state" else f"{column} {value}" for column, value in left.items())


def _read_outcomes(
    form: Form, texts: tuple[str, ...], session: SessionPlan, names: Names
) -> tuple[frozenset[str], ...]:
    operations = session.operations
    if len(texts) != len(operations):
        form.refuse(
            f"'{session.name}' does not fit", list(texts), f"a word for each of its {len(operations)} operations"
        )
    return tuple(_read_words(form, text, step, names) for text, step in zip(texts, operations, strict=True))


def _read_words(form: Form, text: str, step: Step, names: Names) -> frozenset[str]:
    known = VERBS[step.verb].all_outcomes(step, names)
    words = frozenset(text.split(_OR))
    for word in words:
        if word not in known:
            form.refuse(f"'{step}' never ends with '{word}'", None, nearest(word, known))
    return words


def _read_leaves(form: Form, names: Names) -> dict[str, dict[str, str] | None]:
    found: dict[str, dict[str, str] | None] = {}
    columns = {
        "state": names.states,
        "queue": names.queues,
        "customer": (*names.customers, NOTHING),
        "employee": (*names.employees, NOTHING),
    }
    for name in form.table:
        form.one_of(name, names.tickets, "ticket")
        if isinstance(form.table[name], str):
            state = form.one_of(form.text(name), (*names.states, GONE), "state")
            found[name] = None if state == GONE else {"state": state}
            continue
        ticket = form.form(name)
        found[name] = {
            column: ticket.chosen(column, known, "") for column, known in columns.items() if ticket.has(column)
        }
        ticket.close()
    return found


def _read_condition(form: Form, text: str, sessions: Mapping[str, SessionPlan]) -> Before:
    """`clerk before rival`: the first step of each; `clerk.commit` is the first of that verb."""
    earlier, before, later = text.partition(_BEFORE)
    if not before:
        form.refuse("'when' does not fit", text, "A before B, or A.commit before B")
    return Before(_read_point(form, earlier, sessions), _read_point(form, later, sessions), text)


def _read_point(form: Form, text: str, sessions: Mapping[str, SessionPlan]) -> tuple[str, int]:
    name, _, verb = text.partition(".")
    form.one_of(name, sessions, "session")
    if not verb:
        return name, 0
    verbs = [step.verb for step in sessions[name].steps]
    return name, verbs.index(form.one_of(verb, verbs, f"step of {name}"))
