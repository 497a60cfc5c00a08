"""The subjects under test: the options that choose them, and a fixture that runs a test once for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

    from virtualq_core.subjects import Subject

_SUBJECTS = pytest.StashKey["list[Subject]"]()
_BREACH = pytest.StashKey["dict[str, Any]"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the caller choose the subjects."""
    group = parser.getgroup("virtualq")
    group.addoption(
        "--subject",
        metavar="NAME",
        action="append",
        default=[],
        help="an implementation of the ticket operations to test, by its name or the path of a Python file; "
        "may be given again (default: both shipped ones)",
    )
    group.addoption(
        "--adapter",
        metavar="CMD",
        action="append",
        default=[],
        help="the command of an implementation that speaks lines of JSON, to test; may be given again",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Refuse a subject that is not there before anything runs."""
    if config.getoption("--subject") or config.getoption("--adapter"):
        from virtualq_core.errors import EnvironmentFault, UsageError

        try:
            chosen_subjects(config)
        except (UsageError, EnvironmentFault) as error:
            raise pytest.UsageError(str(error)) from error


def chosen_subjects(config: pytest.Config) -> list[Subject]:
    """The subjects in the order of the options, the adapters last; the shipped ones where there are none."""
    if _SUBJECTS not in config.stash:
        from virtualq_core.subjects import SHIPPED, choose_subjects

        names, adapters = (list(dict.fromkeys(config.getoption(option))) for option in ("--subject", "--adapter"))
        config.stash[_SUBJECTS] = choose_subjects(names or (() if adapters else SHIPPED), adapters)
    return config.stash[_SUBJECTS]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what asks for `subject` once for each."""
    if "subject" in metafunc.fixturenames:
        chosen = chosen_subjects(metafunc.config)
        names = [subject.name for subject in chosen]
        metafunc.parametrize("subject", chosen, ids=names, indirect=True, scope="session")


@pytest.fixture(scope="session")
def subject(request: pytest.FixtureRequest) -> Subject:
    """The implementation under test."""
    found: Subject = request.param
    return found


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """End the run once an adapter broke its protocol: what follows would say nothing about the requirements."""
    done = yield
    for subject in item.config.stash.get(_SUBJECTS, []):
        broken = getattr(subject, "broken", None)
        if broken is not None:
            item.config.stash[_BREACH] = {**vars(broken), "what": f"{broken.what}, in {item.name}"}
            item.session.shouldstop = str(broken)
    return done


def found_breach(config: pytest.Config) -> dict[str, Any] | None:
    """What an adapter broke its protocol with, as the arguments of `AdapterBroken`."""
    return config.stash.get(_BREACH, None)
