"""A conversation with one adapter process: a request, and what its answer means."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psycopg

from virtualq_core.errors import (
    IllegalTransition,
    InvalidFields,
    OperationReused,
    OrphanedState,
    StaleTicket,
    StaleType,
    TicketNotFound,
    UsageError,
    VirtualQError,
)
from virtualq_core.subjects.adapter.child import Child, NoAnswer
from virtualq_core.subjects.adapter.fault import AdapterBroken, AdapterFailed
from virtualq_core.subjects.adapter.message import BadMessage, read_answer, write_request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_REFUSALS: dict[str, type[VirtualQError]] = {
    kind.code: kind
    for kind in (
        IllegalTransition,
        StaleTicket,
        StaleType,
        TicketNotFound,
        OperationReused,
        OrphanedState,
        InvalidFields,
        UsageError,
    )
}
_NEXT = "docs/reference/adapter.md has every message; an adapter writes nothing but answers to its standard output"
_HIDDEN = "***"


class Conversation:
    """
    Requests and answers in turn, with a process of its own; `told` hears of a breach of the protocol.

    Raises:
        AdapterBroken: the command cannot be started.
    """

    def __init__(self, command: Sequence[str], name: str, told: Callable[[AdapterBroken], None]) -> None:
        self._name = name
        self._told = told
        self._count = 0
        self._secret = ""
        self._breach: AdapterBroken | None = None
        self._lost: str | None = None
        try:
            self._child = Child(command)
        except OSError as error:
            breach = AdapterBroken(
                f"'{name}' cannot be started",
                observed=f"{error.strerror or error}",
                expected="a command and its arguments",
                next_step="try it in the folder where virtualq runs; it is no shell's command line",
            )
            told(breach)
            raise breach from error

    def keep_secret(self, secret: str | None) -> None:
        """Show it in no error, such as a password that the adapter echoes."""
        self._secret = secret or ""

    def ask(self, call: str, given: Mapping[str, Any], timeout_s: float) -> Any:  # noqa: ANN401 -- what the call promises
        """
        What the adapter answers to a call.

        Raises:
            AdapterBroken: it breaks the protocol, now or before.
            AdapterFailed: it says that it failed itself.
            psycopg.OperationalError: it has lost its connection, now or before.
            psycopg.Error: the database ended the operation, by the class of its SQLSTATE.
            VirtualQError: a rule refused it, by the class of its code.
            ValueError: what is given is not JSON.
        """
        if self._breach is not None:
            raise self._breach
        if self._lost is not None:
            raise psycopg.OperationalError(self._lost)
        request = write_request(self._count + 1, call, given)
        self._count += 1
        asked = f"'{self._name}' broke the protocol at request {self._count} ({call})"
        try:
            answer = read_answer(self._child.exchange(request, timeout_s), self._count, call)
        except NoAnswer as fault:
            if self._lost is not None:  # by another thread, which has ended the session
                raise psycopg.OperationalError(self._lost) from fault
            raise self._broken(asked, fault.observed, f'one line: {{"id": {self._count}, "ok": …}}') from fault
        except BadMessage as fault:
            raise self._broken(asked, fault.observed, fault.expected) from fault
        if "ok" in answer:
            return answer["ok"]
        raise self._disappointment(answer)

    def close(self, answer_s: float, end_s: float) -> None:
        """
        Let the process close its connection, and end; closing twice is fine. A call under way is ended with it.

        Raises:
            AdapterBroken: it says more than one answer, or does not end.
        """
        if self._breach is not None or self._lost is not None:
            return
        if self._child.is_busy:
            self.kill()
            return
        with suppress(AdapterFailed, psycopg.Error):  # it ends all the same
            self.ask("close", {}, answer_s)
        self._lost = "the session is closed"
        try:
            self._child.finish(end_s)
        except NoAnswer as fault:
            what = f"'{self._name}' broke the protocol at the end of its input"
            raise self._broken(what, fault.observed, "that it says nothing more, and ends") from fault

    def kill(self) -> None:
        """End the process whatever it is doing."""
        self._lost = self._lost or "the session was ended"
        self._child.kill()

    def breach(self, what: str, observed: str, expected: str) -> AdapterBroken:
        """End the process for a breach that a schema cannot tell; the error to raise."""
        return self._broken(f"'{self._name}' {what}", observed, expected)

    def _broken(self, what: str, observed: str, expected: str) -> AdapterBroken:
        self._child.kill()
        self._breach = AdapterBroken(
            what,
            observed=self._hidden(observed),
            expected=expected,
            next_step=_NEXT,
            stderr=self._hidden(self._child.stderr_tail),
        )
        self._told(self._breach)
        return self._breach

    def _disappointment(self, answer: Mapping[str, Any]) -> Exception:
        if "refused" in answer:
            code, message = answer["refused"]["code"], answer["refused"]["message"]
            return _REFUSALS[code](message.removeprefix(f"{code}: "))
        if "failed" in answer:
            return _database_error(answer["failed"]["sqlstate"], answer["failed"]["message"])
        if "unknown" in answer:
            self._lost = answer["unknown"]["message"]
            self._child.kill()
            return psycopg.OperationalError(self._lost)
        return AdapterFailed(f"'{self._name}' failed itself: {self._hidden(answer['error']['message'])}")

    def _hidden(self, text: str) -> str:
        return text.replace(self._secret, _HIDDEN) if self._secret else text


def _database_error(sqlstate: str, message: str) -> psycopg.Error:
    try:
        return psycopg.errors.lookup(sqlstate)(message)
    except KeyError:
        error = psycopg.DatabaseError(message)
        error.sqlstate = sqlstate
        return error
