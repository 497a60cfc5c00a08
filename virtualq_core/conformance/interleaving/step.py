"""Reading the sessions of a file: who acts, and which steps they take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast, get_args

from virtualq_core.conformance.interleaving.form import Form, nearest
from virtualq_core.conformance.interleaving.script import Kind, SessionPlan, Step
from virtualq_core.conformance.interleaving.vocabulary import VERBS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from virtualq_core.conformance.interleaving.vocabulary import Names, Verb

_KINDS: tuple[str, ...] = get_args(Kind)
_RESERVED = ("when", "leaves")


def read_sessions(form: Form, names: Names) -> tuple[SessionPlan, ...]:
    """The sessions in the order of the file, which is the order in which they are tried."""
    if not form.table:
        form.refuse("there are no sessions", None, "[sessions.NAME] with steps = [ … ]")
    return tuple(_read_session(form.form(name), name, names) for name in form.table)


def _read_session(form: Form, name: str, names: Names) -> SessionPlan:
    if name in _RESERVED or "." in name or " " in name:
        form.refuse("a session cannot be called so", name, f"a word other than {' and '.join(_RESERVED)}")
    kind = cast("Kind", form.chosen("as", _KINDS, "application"))
    steps = tuple(
        _read_step(given, kind, f"{form.place} step {number}", names)
        for number, given in enumerate(form.steps("steps"), 1)
    )
    form.close()
    if not any(not step.ends_transaction for step in steps):
        form.refuse("it does nothing", None, "a step other than commit or rollback")
    if kind != "subject" and not steps[-1].ends_transaction:
        form.refuse("its transaction does not end", str(steps[-1]), "commit or rollback as the last step")
    return SessionPlan(name, kind, steps)


def _read_step(given: str | dict[str, Any], kind: Kind, place: str, names: Names) -> Step:
    table = {given: True} if isinstance(given, str) else given
    form = Form(table, place)
    said = [key for key in table if key in VERBS]
    usable = [word for word, verb in VERBS.items() if kind in verb.speakers]
    if len(said) != 1 or said[0] not in usable:
        wrong = said[0] if said else next(iter(table), "")
        form.refuse(f"the {kind} has no one step like this", given, nearest(wrong, usable))
    [word] = said
    form.has(word)
    verb = VERBS[word]
    if (verb.value is None) == isinstance(given, dict):
        example = f'"{word}"' if verb.value is None else f"{{ {word} = … }}, a {verb.value}"
        form.refuse(f"'{word}' does not stand like this", given, example)
    value = None if verb.value is None else _read_value(form, word, verb.value, names)
    arguments = {key: _read_value(form, key, what, names) for key, what in verb.arguments.items() if form.has(key)}
    form.close()
    return Step(word, value, {**_assumed(form, verb, arguments, names), **arguments})


def _assumed(form: Form, verb: Verb, arguments: dict[str, Any], names: Names) -> dict[str, Any]:
    """What goes without saying: the only ticket, or all of them."""
    if "ticket" in verb.arguments and "ticket" not in arguments:
        if len(names.tickets) != 1:
            form.refuse("'ticket' is missing", None, " or ".join(names.tickets))
        return {"ticket": names.tickets[0]}
    if "tickets" in verb.arguments and "tickets" not in arguments:
        return {"tickets": names.tickets}
    return {}


def _read_value(form: Form, key: str, what: str, names: Names) -> Any:  # noqa: ANN401  as the word takes it
    match what:
        case "number":
            return form.number(key)
        case "operation" | "new":
            return form.text(key)
        case "operations":
            return form.texts(key)
        case "tickets":
            return tuple(form.one_of(name, names.tickets, "ticket") for name in form.texts(key))
        case "mapping":
            table = form.form(key).table
            return {form.one_of(old, names.states, "state"): _state(form, new, names) for old, new in table.items()}
        case _:
            return form.one_of(form.text(key), _known(what, names), what)


def _state(form: Form, found: object, names: Names) -> str:
    return form.one_of(str(found), names.states, "state")


def _known(what: str, names: Names) -> Iterable[str]:
    people = (*names.queues, *names.customers, *names.employees)
    return {
        "ticket": names.tickets,
        "state": names.states,
        "transition": names.transitions,
        "type": names.types,
        "machine": names.machines,
        "queue": names.queues,
        "customer": names.customers,
        "employee": names.employees,
        "named": people,
        "thing": (*names.tickets, *people),
    }[what]
