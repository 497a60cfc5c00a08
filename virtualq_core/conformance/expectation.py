"""What a test expects of the database or of a subject, and how a disappointment is told."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg

from virtualq_core.errors import EnvironmentFault, VirtualQError
from virtualq_core.subjects.adapter import NotOffered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SQLSTATE_LENGTH = 5
_NO_ANSWER = (
    psycopg.errors.QueryCanceled,
    psycopg.errors.LockNotAvailable,
    psycopg.errors.DeadlockDetected,
    EnvironmentFault,
    NotOffered,
)


NO_RIGHT = "42501"
"""The refusal of a statement that the role has no right to."""

KEPT = ("23", NO_RIGHT)
"""What may refuse to change what is kept for ever: any integrity constraint, or a missing right."""


class NotAsRequired(AssertionError):
    """A requirement does not hold: what was observed, and what was expected instead."""

    def __init__(self, observed: object, expected: object) -> None:
        super().__init__(f"observed {observed}; expected {expected}")
        self.observed = str(observed)
        self.expected = str(expected)


class Inconclusive(Exception):
    """Too little happened for a verdict: what was observed, and what it takes."""

    def __init__(self, observed: object, expected: object) -> None:
        super().__init__(f"observed {observed}; expected {expected}")
        self.observed = str(observed)
        self.expected = str(expected)


class Refusal:
    """A refusal that was caught: `text` is what it said."""

    def __init__(self) -> None:
        self.text = ""
        self.error: Exception | None = None


class Expectation:
    """Expectations of one test; what is met goes to `record` as evidence."""

    def __init__(self, record: Callable[[str], None]) -> None:
        self._record = record

    @contextmanager
    def refused(
        self,
        by: str | tuple[str, ...] | type[VirtualQError],
        constraint: str | None = None,
        *,
        or_by: str | None = None,
    ) -> Iterator[Refusal]:
        """
        Expect the body to be refused, by a SQLSTATE or one of several (and a constraint), or by a class of the library.

        The first two characters of a SQLSTATE stand for their class. `or_by` is a SQLSTATE that will do as well,
        without the constraint. A statement that never got an answer (a timeout, a deadlock) is no refusal, and its
        error goes on.

        Raises:
            NotAsRequired: the body was accepted, or refused in another way.
        """
        states = (by,) if isinstance(by, str) else by
        named = " or ".join(map(_named, states)) if isinstance(states, tuple) else states.__name__
        expected = " or ".join(filter(None, (f"{named} {constraint}" if constraint else named, or_by)))
        caught = Refusal()
        try:
            yield caught
        except _NO_ANSWER:
            raise
        except (psycopg.Error, VirtualQError) as error:
            is_other = or_by is not None and _is_as_expected(error, (or_by,), None)
            if not is_other and not _is_as_expected(error, states, constraint):
                raise NotAsRequired(f"a refusal by {describe(error)}", f"a refusal by {expected}") from error
            caught.text, caught.error = str(error), error
            self._record(f"refused by {_name(error)}")
        else:
            raise NotAsRequired("that it was accepted", f"a refusal by {expected}")

    def equal(self, observed: object, expected: object, what: str = "") -> None:
        """
        Expect two values to be equal; `what` names them in the evidence.

        Raises:
            NotAsRequired: they differ.
        """
        if observed != expected:
            named = f"{what} " if what else ""
            raise NotAsRequired(f"{named}{observed!r}", f"{named}{expected!r}")
        if what:
            self._record(f"{what} {observed!r}")

    def holds(self, condition: object, observed: object, expected: object) -> None:
        """
        Expect a condition, with the words for both cases.

        Raises:
            NotAsRequired: it does not hold.
        """
        if not condition:
            raise NotAsRequired(observed, expected)


def describe(error: Exception) -> str:
    """An error by its SQLSTATE and constraint, or its class, with the first line of what it says."""
    return f"{_name(error)} ({(str(error).splitlines() or [''])[0]})"


def _name(error: Exception) -> str:
    if isinstance(error, psycopg.Error):
        return " ".join(filter(None, (error.sqlstate, error.diag.constraint_name))) or type(error).__name__
    return type(error).__name__


def _named(state: str) -> str:
    return state if len(state) == _SQLSTATE_LENGTH else f"class {state}"


def _is_as_expected(error: Exception, by: tuple[str, ...] | type[VirtualQError], constraint: str | None) -> bool:
    if not isinstance(by, tuple):
        return isinstance(error, by)
    if not isinstance(error, psycopg.Error) or not (error.sqlstate or "").startswith(by):
        return False
    return constraint is None or error.diag.constraint_name == constraint
