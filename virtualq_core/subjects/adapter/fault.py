"""How an adapter can disappoint: it breaks the protocol, it fails, or it does not offer what is asked."""

from __future__ import annotations

from virtualq_core.errors import EnvironmentFault, VirtualQError


class AdapterBroken(EnvironmentFault):
    """
    The adapter breaks the protocol, so that nothing can be said about the implementation behind it.

    `stderr` is the end of what it wrote to its standard error.
    """

    code = "adapter-broken"

    def __init__(
        self,
        what: str,
        *,
        observed: object | None = None,
        expected: object | None = None,
        next_step: str | None = None,
        stderr: str = "",
    ) -> None:
        super().__init__(what, observed=observed, expected=expected, next_step=next_step)
        self.stderr = stderr

    def __str__(self) -> str:
        said = "".join(f"\n    {line}" for line in self.stderr.splitlines())
        return super().__str__() + (f"\n  its stderr ended with:{said}" if said else "")


class AdapterFailed(VirtualQError):
    """The adapter says that it failed itself, by an answer `error`."""

    code = "adapter-failed"


class NotOffered(VirtualQError):
    """The adapter does not claim to implement what was asked for."""

    code = "not-offered"
