"""What was asked of the matrix, and which answers were not as they should be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtualq_core.conformance.matrix.probe import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtualq_core.conformance.expectation import Expectation

_SHOWN = 8


class Tally:
    """Counts what was asked and keeps the faults, so that one does not hide the others."""

    def __init__(self, expect: Expectation, evidence: Callable[[str], None]) -> None:
        self._expect = expect
        self._evidence = evidence
        self.asked = 0
        self.faults: list[str] = []

    def hold(self, condition: object, what: str, answer: Answer | str = "") -> None:
        """Count one question; where the condition does not hold, the question and its answer are a fault."""
        self.asked += 1
        if not condition:
            said = answer.brief if isinstance(answer, Answer) else answer
            self.faults.append(f"{what}: {said}" if said else what)

    def refuse(self, states: tuple[str, ...], what: str, answer: Answer) -> None:
        """The same, where the answer must be a refusal whose SQLSTATE begins with one of these."""
        self.hold(answer.state.startswith(states), what, answer)

    def conclude(self, expected: str, of: str = "") -> None:
        """
        Expect that there was no fault; how much was asked, `of` what, is the evidence.

        Raises:
            NotAsRequired: there was a fault, and each is named; or nothing was asked.
        """
        more = f"; and {len(self.faults) - _SHOWN} more" if len(self.faults) > _SHOWN else ""
        self._expect.holds(not self.faults, "; ".join(self.faults[:_SHOWN]) + more, expected)
        self._expect.holds(self.asked, "that there was nothing to ask", expected)
        self._evidence(f"{self.asked} questions{' of ' + of if of else ''}")
