"""The rules as data: every rule is broken by its examples, by nothing else, and says what the file says."""

from __future__ import annotations

import pytest

from virtualq_core.errors import InvalidMachine
from virtualq_core.machine import Machine, Profile
from virtualq_core.machine.rule import Example, Rule, rules, warnings

BREAKS = [(rule, example) for rule in rules().values() for example in rule.examples]
SHOWS = [(rule, example) for rule in warnings().values() for example in rule.examples]


def ids(cases: list[tuple[Rule, Example]]) -> list[str]:
    """The cases' names in pytest's output."""
    return [f"{rule.key}: {example.document}" for rule, example in cases]


@pytest.mark.parametrize(("rule", "example"), BREAKS, ids=ids(BREAKS))
def test_an_example_breaks_its_rule_and_no_other(rule: Rule, example: Example) -> None:
    """Path, sentence and key are the file's; the error's one line is `path: sentence`."""
    profile = Profile.STRICT if "strict" in rule.profiles else Profile.COMPAT
    with pytest.raises(InvalidMachine) as refused:
        Machine.parse(example.document, profile)

    (problem,) = refused.value.problems
    assert (problem.key, problem.path, problem.rule) == (rule.key, example.path, example.said)
    assert (refused.value.path, refused.value.rule) == (example.path, example.said)
    assert str(refused.value).startswith(
        "invalid-machine: " + (f"{example.path}: {example.said}" if example.path else example.said)
    )


@pytest.mark.parametrize(("rule", "example"), BREAKS, ids=ids(BREAKS))
def test_an_example_says_whether_compat_takes_it(rule: Rule, example: Example) -> None:
    """What is marked as refused by the compat profile is refused there, and nothing else is."""
    try:
        Machine.parse(example.document, Profile.COMPAT)
    except InvalidMachine:
        assert example.compat
    else:
        assert not example.compat
        assert "strict" in rule.profiles


@pytest.mark.parametrize(("rule", "example"), SHOWS, ids=ids(SHOWS))
def test_a_warning_does_not_refuse(rule: Rule, example: Example) -> None:
    """The machine is made, and carries the warning."""
    machine = Machine.parse(example.document)

    found = {warning.key: warning for warning in machine.warnings}
    assert found.keys() == {rule.key, *example.also}
    assert (found[rule.key].path, found[rule.key].rule) == (example.path, example.said)


def test_every_rule_has_an_example_and_a_reason() -> None:
    """A rule that nothing breaks is not held."""
    for rule in [*rules().values(), *warnings().values()]:
        assert rule.examples
        assert rule.why


def test_all_problems_are_found_in_one_reading() -> None:
    """The error names the first problem and carries every one, in the order of the document."""
    document = {
        "init": "*",
        "transitions": [{"name": "", "from": [], "to": None}, 5, {"name": "go", "from": "a", "to": "b"}],
        "states": ["a", "a"],
    }

    with pytest.raises(InvalidMachine) as refused:
        Machine.parse(document)

    assert refused.value.path == "init"
    assert [(problem.path, problem.key) for problem in refused.value.problems] == [
        ("init", "state-wildcard"),
        ("transitions[0].name", "transition-name"),
        ("transitions[0].from", "from-empty"),
        ("transitions[0].to", "to-implicit"),
        ("transitions[1]", "transition-object"),
        ("states[1]", "state-twice"),
        ("transitions[2].to", "state-undeclared"),
    ]
