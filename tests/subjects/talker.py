"""
An adapter without a database: its answers have the right form and mean nothing, and it breaks the protocol on demand.

`talker.py [FAULT CALL [KEY]]` does so at every CALL (for which KEY is given). CALL `end` is the end of its input.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable

UUID = "0197f2a0-5b3c-7d4e-8f90-123456789abc"
INSTANT = "2026-03-01T09:30:00.123456+00:00"
STEP = {"seq": 1, "revision": 1, "from_state": "none", "to_state": "received"}
OPERATIONS = ["create_ticket", "transition", "transition_many", "claim_next", "history"]
ANSWERS: dict[str, Any] = {
    "hello": {"version": 1, "name": "talker", "operations": OPERATIONS, "capabilities": ["custom_fields"]},
    "open": {"backend_pid": 4711},
    "create_ticket": {"id": 1, "extid": UUID, "state": "received", "replayed": False},
    "transition": STEP | {"replayed": False},
    "transition_many": [{"ticket_id": 1, "outcome": "not-found", "seq": None, "from_state": None, "to_state": None}],
    "claim_next": {"ticket_id": 1, "extid": UUID, "state": "received", "leased_until": INSTANT},
    "history": [
        STEP
        | {"transition_name": None, "actor": "ada", "metadata": {"a": 1}, "operation_id": UUID, "occurred_at": INSTANT}
    ],
    "close": {},
}

# What is said instead of `{"id": …, "ok": …}`.
WORDS: dict[str, Callable[[int, Any], object]] = {
    "garbage": lambda _number, _ok: "Hello, world!",
    "noise": lambda number, ok: f"debug: connecting\n{json.dumps({'id': number, 'ok': ok})}",
    "second line": lambda number, ok: "\n".join([json.dumps({"id": number, "ok": ok})] * 2),
    "version": lambda number, ok: {"id": number, "ok": ok | {"version": 2}},
    "missing": lambda number, ok: {"id": number, "ok": {name: ok[name] for name in ok if name != "extid"}},
    "unknown key": lambda number, ok: {"id": number, "ok": ok | {"sequence": 1}},
    "wrong type": lambda number, ok: {"id": number, "ok": ok | {"id": "1"}},
    "another request": lambda number, ok: {"id": number - 1, "ok": ok},
    "two outcomes": lambda number, ok: {"id": number, "ok": ok, "error": {"message": "perhaps"}},
    "no outcome": lambda number, _ok: {"id": number},
    "unheard-of code": lambda number, _ok: {"id": number, "refused": {"code": "no", "message": "no"}},
    "key twice": lambda number, ok: f'{{"id": {number}, "ok": null, "ok": {json.dumps(ok)}}}',
    "not a number": lambda number, _ok: f'{{"id": {number}, "ok": NaN}}',
    "no such day": lambda number, ok: {"id": number, "ok": [ok[0] | {"occurred_at": "2026-02-30T09:30:00+00:00"}]},
    "error": lambda number, _ok: {"id": number, "error": {"message": "I have a headache"}},
    "lost": lambda number, _ok: {"id": number, "unknown": {"message": "the server closed the connection"}},
    "deadlock": lambda number, _ok: {"id": number, "failed": {"sqlstate": "40P01", "message": "deadlock detected"}},
    "no class": lambda number, _ok: {"id": number, "failed": {"sqlstate": "ZZ123", "message": "something else"}},
}


def _die() -> NoReturn:
    sys.stderr.write("TypeError: undefined is not a function\n")
    sys.exit(3)


def _say_half(then: Callable[[], object]) -> None:
    sys.stdout.write('{"id": ')
    sys.stdout.flush()
    then()


def _close_output() -> None:
    os.close(1)
    time.sleep(600)


def _fall_silent() -> None:
    helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], stdin=subprocess.DEVNULL)
    sys.stderr.write(f"helper {helper.pid}\n")
    sys.stderr.flush()
    time.sleep(600)


# What is done; whoever comes back from it answers as he should.
ACTS: dict[str, Callable[[], object]] = {
    "half a line": lambda: _say_half(sys.exit),
    "half a line, and silence": lambda: _say_half(lambda: time.sleep(600)),
    "silence": _fall_silent,
    "death": _die,
    "signal": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "closed output": _close_output,
    "chatter": lambda: sys.stderr.write("a line of a log\n" * 20_000),
}


def main(fault: str = "", at: str = "", key: str = "") -> None:
    """Answer every request, some of them wrongly."""
    for line in sys.stdin:
        request = json.loads(line)
        number, ok = request["id"], ANSWERS[request["call"]]
        if request["call"] != at or (key and request["given"][key] is None):
            say({"id": number, "ok": ok})
        elif fault in WORDS:
            say(WORDS[fault](number, ok))
        elif fault in ACTS:
            ACTS[fault]()
            say({"id": number, "ok": ok})
        elif fault == "echo":
            say(line.strip())
        else:
            code = fault.removeprefix("refuse ")
            say({"id": number, "refused": {"code": code, "message": f"{code}: no"}})
    if at == "end" and fault == "more":
        say("goodbye")
    elif at == "end":
        time.sleep(600)


def say(answer: object) -> None:
    """Write an answer, or a text as it is."""
    sys.stdout.write((answer if isinstance(answer, str) else json.dumps(answer)) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
