"""A session while it is played: its client takes the steps in a thread of its own, so that one may wait."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from virtualq_core.conformance.interleaving.deed import Deed
from virtualq_core.conformance.interleaving.offer import asked

if TYPE_CHECKING:
    from virtualq_core.conformance.interleaving.client import Client
    from virtualq_core.conformance.interleaving.scene import Scene
    from virtualq_core.conformance.interleaving.script import SessionPlan


class Player:
    """One session of an interleaving while it is played."""

    def __init__(self, plan: SessionPlan, number: int, client: Client) -> None:
        self.name = plan.name
        self.pid = client.pid
        self.deeds: list[Deed] = []
        self._plan = plan
        self._number = number
        self._client = client
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=plan.name)
        self.pending: Future[None] | None = None

    def enter(self, scene: Scene) -> None:
        """Begin anew, in the world of the next play."""
        self._scene = scene
        self.deeds = []

    @property
    def can_go_on(self) -> bool:
        """It does not wait, and there is a step to take."""
        return self.pending is None and len(self.deeds) < len(self._plan.steps)

    def go_on(self) -> Deed:
        """Begin the next step."""
        step = self._plan.steps[len(self.deeds)]
        deed = Deed(step, self._number, asked(step, self._scene, self._number))
        self.deeds.append(deed)
        self.pending = self._pool.submit(self._client.take, deed, self._scene)
        return deed

    def collect(self) -> bool:
        """Whether the step that was begun has ended; if so, the next one can be."""
        if self.pending is None or not self.pending.done():
            return False
        ended, self.pending = self.pending, None
        ended.result()
        return True

    def let_go(self) -> None:
        """End what is open; nothing may be pending."""
        self._client.let_go()

    def close(self) -> None:
        """End its thread; nothing may be pending."""
        self._pool.shutdown()
