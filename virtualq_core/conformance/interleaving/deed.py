"""A step that is being taken: what became of it, in a word, and what is recorded of it for the checker."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

import psycopg

from virtualq_core.conformance.interleaving.script import DEADLOCK
from virtualq_core.conformance.interleaving.vocabulary import REFUSED
from virtualq_core.conformance.operation import Outcome
from virtualq_core.conformance.traffic.outcome import read_ending
from virtualq_core.errors import EnvironmentFault, UsageError, VirtualQError
from virtualq_core.refusal import translate
from virtualq_core.subjects.adapter import NotOffered

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtualq_core.conformance.interleaving.script import Step
    from virtualq_core.conformance.operation import Operation

_CODE = re.compile(r"([a-z]+(?:-[a-z]+)+): ")


@dataclass
class Deed:
    """
    One step, taken by one client.

    `operations` are what the client asked for, and once the step is done what it was answered; steps that leave nothing
    in a history have none. `told` is what an error said. `expired` are the tickets that the step answers to have
    expired, which have no operation to ask for it. `is_committed` says that what it did stays.
    """

    step: Step
    client: int
    operations: list[Operation] = field(default_factory=list)
    word: str = ""
    told: str = ""
    expired: tuple[int, ...] = ()
    is_committed: bool = False
    invoke_ns: int = 0
    return_ns: int = 0

    @property
    def is_error(self) -> bool:
        """It ended with an error, and its transaction with it."""
        return bool(self.told)

    def do(self, act: Callable[[Deed], str]) -> None:
        """
        Take the step, and keep what came of it.

        Raises:
            EnvironmentFault: the server or the adapter is not there any more.
            NotOffered: the adapter does not claim to do this.
        """
        self.invoke_ns = perf_counter_ns()
        try:
            self.word = act(self)
        except (EnvironmentFault, NotOffered):
            raise  # it says nothing about the implementation
        except Exception as error:  # noqa: BLE001  whatever it is, it is what became of the step
            meant = translate(error) if isinstance(error, psycopg.Error) else error
            ending = read_ending(meant)
            self.word, self.told = word_for(meant), " ".join(str(error).split()) or type(error).__name__
            self.answer(outcome=ending.outcome, reason=ending.reason)
        self.return_ns = perf_counter_ns()
        self.answer(invoke_ns=self.invoke_ns, return_ns=self.return_ns)

    def answer(self, **details: Any) -> None:
        """Keep an answer that goes for all its operations."""
        self.operations = [operation._replace(**details) for operation in self.operations]

    def commit(self, return_ns: int) -> None:
        """What it was answered is acknowledged only now, when its transaction is committed."""
        self.is_committed = True
        self.return_ns = return_ns
        self.answer(return_ns=return_ns)

    def come_to_nothing(self) -> None:
        """Its transaction was not committed: what it was answered never came to be."""
        self.expired = ()
        self.answer(outcome=Outcome.FAILED, reason="rolled-back", seq=None, from_state=None, to_state=None)


def word_for(error: Exception) -> str:
    """What an error means, in the word that files use."""
    if isinstance(error, UsageError):
        return REFUSED
    if isinstance(error, VirtualQError):
        return error.code
    reason = read_ending(error).reason
    if reason == psycopg.errors.DeadlockDetected.sqlstate:
        return DEADLOCK
    said = _CODE.match(str(error))
    return said[1] if said else f"error {reason}"
