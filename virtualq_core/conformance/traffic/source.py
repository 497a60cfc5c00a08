"""Where a client's session comes from: one of its own, or one that it borrows for an operation."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Protocol

from virtualq_core.errors import EnvironmentFault

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtualq_core.subjects import SubjectSession


class CannotConnect(EnvironmentFault):
    """A client has no connection, and gets none."""

    code = "no-connection"


class PoolExhausted(EnvironmentFault):
    """No connection of a pool became free in time."""

    code = "pool-exhausted"


class Source(Protocol):
    """
    Lends sessions, each for one operation at a time.

    Safe for as many borrowers at once as its maker says. After `close` nothing is lent.
    """

    def take(self) -> SubjectSession:
        """
        A session that nobody else works on.

        Raises:
            CannotConnect: there is none, and none can be opened.
            PoolExhausted: all are lent, and none came back in time.
        """

    def give_back(self, session: SubjectSession, *, is_usable: bool) -> None:
        """What `take` lent; one that is not usable is closed."""

    def close(self) -> None:
        """Close the sessions that are not lent; closing twice is fine."""


class OwnSession:
    """One session for one client: opened at once, and anew where it was lost."""

    def __init__(self, opened: Callable[[], SubjectSession]) -> None:
        self._open = opened
        self._session: SubjectSession | None = opened()

    def take(self) -> SubjectSession:
        """As the protocol says."""
        if self._session is None:
            try:
                self._session = self._open()
            except Exception as error:
                raise CannotConnect("no connection for a client", observed=" ".join(str(error).split())) from error
        return self._session

    def give_back(self, session: SubjectSession, *, is_usable: bool) -> None:  # noqa: ARG002  there is only one
        """As the protocol says."""
        if not is_usable:
            self.close()

    def close(self) -> None:
        """As the protocol says."""
        session, self._session = self._session, None
        if session is not None:
            with contextlib.suppress(Exception):
                session.__exit__(None, None, None)
