"""
The clients of a comparison of pools: a process in which they take turns, each turn with another pool.

gevent has to patch the standard library before anything else is imported, so this file is run by it:
`python -m gevent.monkey …/turn.py PLAN`, the plan being a load's. A line of JSON on standard input asks for a turn, and
a line on standard output answers when it is over; what the clients did is in a journal of the turn's. When nobody holds
the other end of the pipe any more, the process ends at once.
"""

from __future__ import annotations

import json
import os
import random
import sys
from pathlib import Path
from time import perf_counter_ns, process_time
from typing import TYPE_CHECKING

import gevent
import gevent.socket
from gevent.event import Event

from virtualq_core.conformance.journal import JournalWriter
from virtualq_core.conformance.operation import Kind
from virtualq_core.conformance.traffic.board import Board
from virtualq_core.conformance.traffic.client import Client
from virtualq_core.errors import ExitCode, VirtualQError
from virtualq_core.load import wire
from virtualq_core.load.crew import Taken, Turn
from virtualq_core.load.plan import LoadPlan
from virtualq_core.load.pool import open_pool, own_session
from virtualq_core.load.scenario import Pool
from virtualq_core.subjects import find_subject

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtualq_core.subjects import Subject

_END_S = 15.0
_METHODS = {kind: kind.word for kind in Kind} | {Kind.LIST: "list_queue"}


class Table:
    """What the turns have in common: the plan, the subject, and what is known of the tickets."""

    def __init__(self, plan: LoadPlan) -> None:
        scenario = plan.scenario
        self._plan = plan
        self._subject: Subject = find_subject(plan.subject)
        self._board = Board(
            plan.target,
            scenario.contention.hot_tickets,
            tenant_skew=scenario.extent.tenant_skew,
            hot_tenant_share=scenario.extent.hot_tenant_share,
        )
        weights = {kind: getattr(scenario.mix, kind.word) for kind in Kind}
        self._methods = [_METHODS[kind] for kind, weight in weights.items() if weight]
        self._weights = [weight for weight in weights.values() if weight]

    def take(self, turn: Turn) -> Taken:
        """
        Let the clients do what the scenario's mix says, in a closed loop, until the time is over.

        Raises:
            VirtualQError: the pool cannot be opened, or a client does not come to an end.
        """
        plan, pool = self._plan, Pool(**turn.pool)
        source = open_pool(pool, self._subject, turn.dsn, prepares=turn.prepares)
        over = Event()
        clients: list[Client] = []
        with JournalWriter(plan.folder, f"turn-{turn.number:04}") as journal:
            try:
                for number in range(turn.first, turn.first + plan.scenario.clients):
                    own = own_session(pool, self._subject, turn.dsn, prepares=turn.prepares) if source is None else None
                    clients.append(
                        Client(
                            number,
                            plan.scenario,
                            plan.target,
                            self._board,
                            journal,
                            subject=self._subject,
                            dsn=turn.dsn,
                            seed=plan.seed,
                            source=source or own,
                            waited_ns=wire.waited_ns,
                        )
                    )
                at_work = [gevent.spawn(self._work, client, over) for client in clients]
                try:
                    gevent.sleep(turn.warm_s)
                    begin_ns, begin_s = perf_counter_ns(), process_time()
                    gevent.sleep(turn.seconds)
                    end_ns, end_s = perf_counter_ns(), process_time()
                finally:
                    over.set()
                    gevent.joinall(at_work, timeout=_END_S)
                    gevent.killall(at_work)
            finally:
                for client in clients:
                    client.close()
                if source is not None:
                    source.close()
        return Taken(begin_ns, end_ns, 1e9 * (end_s - begin_s) / (end_ns - begin_ns))

    def _work(self, client: Client, over: Event) -> None:
        chance = random.Random(f"{self._plan.seed}/{client.number}/mix")
        pause_s = self._plan.scenario.think_time_ms / 1000
        act: list[Callable[[], None]] = [getattr(client, method) for method in self._methods]
        while not over.is_set():
            chance.choices(act, self._weights)[0]()
            # Also without a pause the others get their turn, as they would if each client were a machine: whoever gives
            # a connection back would be the first to ask for one otherwise, and keep it.
            over.wait(pause_s) if pause_s else gevent.sleep(0)


def _leave_when_alone() -> None:
    """While a turn is taken nothing is written to the pipe: what can be read then is its end."""
    gevent.socket.wait_read(sys.stdin.fileno())
    os._exit(ExitCode.ENVIRONMENT)


def main(path: str) -> None:
    """Take turns as they are asked for."""
    wire.install()
    table = Table(LoadPlan.read(Path(path)))
    for line in iter(sys.stdin.readline, ""):
        watch = gevent.spawn(_leave_when_alone)
        try:
            answer = table.take(Turn(**json.loads(line)))._asdict()
        except VirtualQError as error:
            answer = {"code": error.code, "what": error.what, "observed": str(error.observed or error)}
        finally:
            watch.kill()
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
