"""The subjects under test: the option that chooses them, and a fixture that runs a test once for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from virtualq_core.subjects import Subject


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the caller choose the subjects."""
    parser.getgroup("virtualq").addoption(
        "--subject",
        metavar="NAME",
        action="append",
        default=[],
        help="an implementation of the ticket operations to test; may be given again (default: both shipped ones)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Refuse a subject that nobody registered before anything runs."""
    if config.getoption("--subject"):
        from virtualq_core.errors import UsageError
        from virtualq_core.subjects import find_subject

        try:
            for name in config.getoption("--subject"):
                find_subject(name)
        except UsageError as error:
            raise pytest.UsageError(str(error)) from error


def chosen_subjects(config: pytest.Config) -> list[str]:
    """The subjects' names, in the order of the options; the shipped ones where there are none."""
    from virtualq_core.subjects import OrmSubject, ProceduralSubject

    return list(dict.fromkeys(config.getoption("--subject"))) or [ProceduralSubject.name, OrmSubject.name]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what asks for `subject` once for each."""
    if "subject" in metafunc.fixturenames:
        metafunc.parametrize("subject", chosen_subjects(metafunc.config), indirect=True, scope="session")


@pytest.fixture(scope="session")
def subject(request: pytest.FixtureRequest) -> Subject:
    """The implementation under test."""
    from virtualq_core.subjects import find_subject

    return find_subject(request.param)
