"""A session that speaks to a process: what its answers mean, and how a breach of the protocol is told."""

from __future__ import annotations

import re
import shlex
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import psutil
import psycopg
import pytest

from virtualq_core.errors import (
    ExitCode,
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
from virtualq_core.subjects import AdapterSubject, SubjectSession, backend_pid, visible_connection
from virtualq_core.subjects.adapter import AdapterBroken, AdapterFailed, Patience
from virtualq_core.tickets import BulkOutcome, CreatedTicket, HistoryEntry, Item, Lease, Transition

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow

TALKER = Path(__file__).with_name("talker.py")
DSN = "host=db.example port=5433 user=ada password=sesame dbname=queue"
NAMED = UUID("0197f2a0-5b3c-7d4e-8f90-123456789abc")
AT = datetime.fromisoformat("2026-03-01T09:30:00.123456+00:00")

CALLS: dict[str, Callable[[SubjectSession], object]] = {
    "create_ticket": lambda session: session.create_ticket(1, 2, 3),
    "transition": lambda session: session.transition(1, 2, "start"),
    "transition_many": lambda session: session.transition_many(1, [2], "start"),
    "claim_next": lambda session: session.claim_next(1, 2, "received", 3),
    "history": lambda session: session.history(1, 2),
}
BREACHES: dict[str, tuple[str, str]] = {
    "garbage": ("create_ticket", r"request 3 \(create_ticket\); observed «Hello, world!», which is not JSON"),
    "noise": ("transition", r"observed (more than one line|«debug: connecting», which is not JSON)"),
    "second line": ("history", "observed more than one line; after the first: «"),
    "version": ("hello", r"request 1 \(hello\); observed 1 was expected at \$.ok.version in «.*; expected the version"),
    "missing": ("create_ticket", r"observed 'extid' is a required property at \$.ok in «"),
    "unknown key": ("transition", r"\('sequence' was unexpected\) at \$.ok in «"),
    "wrong type": (
        "create_ticket",
        r"observed '1' is not of type 'integer' at \$.ok.id in «.*»; expected type integer",
    ),
    "another request": ("transition", r"the answer to request 2; expected the answer to request 3"),
    "two outcomes": (
        "transition",
        "expected the request's id and exactly one of ok, refused, failed, unknown and error",
    ),
    "no outcome": ("transition", "expected the request's id and exactly one of ok, refused, failed, unknown and error"),
    "unheard-of code": ("transition", r"'no' is not one of .*'stale-ticket'"),
    "key twice": ("history", r"which is not JSON \(a key occurs twice in one object\)"),
    "not a number": ("history", r"which is not JSON \(NaN is no number of JSON\)"),
    "no such day": ("history", "told a time that does not exist; observed 2026-02-30T09:30:00"),
    "half a line": ("transition", r"observed that it ended with status 0 after half a line: «{\"id\":»"),
    "half a line, and silence": ("transition", r"observed no answer within 0.3 s, but half a line: «{\"id\":»"),
    "silence": ("transition", r"observed no answer within 0.3 s; expected one line: {\"id\": 3, \"ok\": …}"),
    "death": ("transition", "observed that it ended with status 3"),
    "signal": ("transition", "observed that SIGSEGV ended it"),
    "closed output": ("transition", "observed that it closed its output"),
    "stay": ("end", "observed that it still ran 0.3 s after its input had ended"),
    "more": ("end", "observed one line too many: «goodbye»"),
}
REFUSALS: list[type[VirtualQError]] = [
    IllegalTransition,
    StaleTicket,
    StaleType,
    TicketNotFound,
    OperationReused,
    OrphanedState,
    InvalidFields,
    UsageError,
]
WHOLE: dict[str, Any] = {
    "custom_data": {"channel": "web"},
    "customer_id": 4,
    "employee_id": 5,
    "ttl_minutes": 6,
    "items": [Item("Bagel", 2), Item("Tea", 1, "hot")],
    "actor": "ada",
    "metadata": {"said": "ünïcode \u2028"},
    "operation_id": NAMED,
}


def talker(*arguments: str, patience_s: float = 20.0) -> AdapterSubject:
    """The adapter that misbehaves as it is told to."""
    command = shlex.join([sys.executable, "-IS", str(TALKER), *arguments])
    return AdapterSubject(command, patience=Patience(answer_s=patience_s, end_s=patience_s))


def play(subject: AdapterSubject, call: str) -> None:
    """One session that calls once."""
    with subject.open(DSN) as session:
        if call in CALLS:
            CALLS[call](session)


def await_true(condition: Callable[[], bool]) -> None:
    """Wait until it holds, for a while."""
    pause = Event()
    for _ in range(2000):
        if condition():
            return
        pause.wait(0.01)
    pytest.fail("it does not become true")


def test_answers_become_what_the_protocol_of_subjects_promises() -> None:
    """Numbers, identifiers and times arrive as the library's own types, and everything can be given."""
    subject = talker()

    with subject.open(DSN) as session:
        assert isinstance(session, SubjectSession)
        assert session.create_ticket(1, 2, 3, **WHOLE) == CreatedTicket(1, NAMED, "received", replayed=False)
        details: dict[str, Any] = {
            "expected_state": "a",
            "expected_version": 7,
            "actor": "ada",
            "metadata": {},
            "operation_id": NAMED,
        }
        assert session.transition(1, 2, "start", **details) == Transition(1, "none", "received", 1, replayed=False)
        outcomes = session.transition_many(1, [2, 3], "start", operation_ids=[NAMED, uuid4()])
        assert outcomes == [BulkOutcome(1, "not-found", None, None, None)]
        lease = session.claim_next(1, 2, "received", 3, lease=timedelta(seconds=1.5), transition="start")
        assert lease == Lease(1, NAMED, "received", AT)
        assert session.history(1, 2) == [
            HistoryEntry(1, 1, "none", "received", None, "ada", {"a": 1}, NAMED, AT),
        ]
    assert (subject.name, subject.broken) == ("talker", None)


def test_the_connection_is_out_of_sight_and_its_process_may_be_told() -> None:
    """Whoever wants to look into the connection is told that there is none to look into."""
    with talker().open(DSN) as session:
        assert session.connection is None
        assert backend_pid(session) == 4711
        with pytest.raises(UsageError, match="out of our sight"):
            visible_connection(session)


@pytest.mark.parametrize("fault", BREACHES)
def test_a_breach_is_told_as_the_adapters(fault: str) -> None:
    """With the request, what was observed instead, what was expected and what to do; the process is gone."""
    call, said = BREACHES[fault]
    subject = talker(fault, call, patience_s=0.3 if "silence" in fault or fault == "stay" else 20.0)
    before = set(psutil.Process().children(recursive=True))

    with pytest.raises(AdapterBroken, match=said) as broken:
        play(subject, call)
    assert broken.value.exit_code == ExitCode.ENVIRONMENT
    assert str(broken.value).startswith("adapter-broken: ")
    assert "next: docs/reference/adapter.md has every message" in str(broken.value)
    assert subject.broken is broken.value
    assert set(psutil.Process().children(recursive=True)) <= before


def test_a_breach_shows_the_end_of_stderr() -> None:
    """What a stack trace says is where an implementer looks first."""
    with pytest.raises(AdapterBroken) as broken:
        play(talker("death", "transition"), "transition")
    assert str(broken.value).endswith("its stderr ended with:\n    TypeError: undefined is not a function")


def test_what_the_adapter_started_goes_with_it() -> None:
    """A process that it left behind would keep a connection."""
    with pytest.raises(AdapterBroken) as broken:
        play(talker("silence", "transition", patience_s=0.5), "transition")
    found = re.search(r"helper (\d+)", broken.value.stderr)
    assert found is not None
    await_true(lambda: not psutil.pid_exists(int(found[1])))


def test_a_breach_shows_no_password() -> None:
    """The adapter was given one, and may write it anywhere."""
    with pytest.raises(AdapterBroken) as broken:
        talker("echo", "open").open(DSN)
    assert "sesame" not in str(broken.value)
    assert "password=***" in str(broken.value)


def test_after_a_breach_there_is_no_way_on() -> None:
    """Every later call on the session is the same breach."""
    session = talker("garbage", "transition").open(DSN)
    for _ in range(2):
        with pytest.raises(AdapterBroken, match="Hello, world!"):
            session.transition(1, 2, "start")
    session.__exit__(None, None, None)


def test_an_interrupt_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is left who would read its answer."""
    before = set(psutil.Process().children(recursive=True))
    session = talker("silence", "transition").open(DSN)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("virtualq_core.subjects.adapter.child.Child._step", interrupt)
    with pytest.raises(KeyboardInterrupt):
        session.transition(1, 2, "start")
    assert set(psutil.Process().children(recursive=True)) <= before


def test_a_session_may_be_ended_while_its_call_waits() -> None:
    """By another thread, as a connection may: the call's outcome is unknown, and the adapter is not to blame."""
    subject = talker("silence", "transition")
    session = subject.open(DSN)
    [process] = [each for each in psutil.Process().children() if str(TALKER) in each.cmdline()]
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(session.transition, 1, 2, "start")
        await_true(lambda: bool(process.children()))
        session.__exit__(None, None, None)

        with pytest.raises(psycopg.OperationalError, match="the session was ended"):
            answer.result(20)
    assert subject.broken is None
    assert not process.is_running()


def test_a_log_on_stderr_does_not_matter() -> None:
    """However long it is."""
    play(talker("chatter", "transition"), "transition")


@pytest.mark.parametrize("kind", REFUSALS, ids=lambda kind: kind.code)
def test_a_refusal_is_the_librarys_own(kind: type[VirtualQError]) -> None:
    """By its code, which is not said twice; the session goes on."""
    with talker(f"refuse {kind.code}", "transition").open(DSN) as session:
        with pytest.raises(kind) as refused:
            session.transition(1, 2, "start")
        assert str(refused.value) == f"{kind.code}: no"
        assert session.history(1, 2)


def test_an_error_of_the_database_is_that_of_its_class() -> None:
    """A deadlock is no refusal, and nobody takes it for one."""
    with (
        talker("deadlock", "transition").open(DSN) as session,
        pytest.raises(psycopg.errors.DeadlockDetected) as failed,
    ):
        session.transition(1, 2, "start")
    assert failed.value.sqlstate == "40P01"
    with (
        talker("no class", "transition").open(DSN) as session,
        pytest.raises(psycopg.DatabaseError) as other,
    ):
        session.transition(1, 2, "start")
    assert other.value.sqlstate == "ZZ123"


def test_a_lost_connection_ends_the_session() -> None:
    """What the operation did is unknown, and so is nothing after it: no further call is sent."""
    with talker("lost", "transition").open(DSN) as session:
        for call in ("transition", "history"):
            with pytest.raises(psycopg.OperationalError, match="the server closed the connection") as lost:
                CALLS[call](session)
            assert lost.value.sqlstate is None


def test_an_adapter_may_say_that_it_failed() -> None:
    """That is told as its own failure."""
    with talker("error", "transition").open(DSN) as session, pytest.raises(AdapterFailed, match="I have a headache"):
        session.transition(1, 2, "start")


def test_what_is_not_json_is_not_sent() -> None:
    """NaN, a set or an endless nest in custom data is refused as fields that do not fit; the session goes on."""
    endless: list[object] = []
    endless.append(endless)
    with talker().open(DSN) as session:
        for value in (float("nan"), {1, 2}, endless):
            with pytest.raises(InvalidFields, match="not JSON"):
                session.create_ticket(1, 2, 3, custom_data={"a": value})
        assert session.history(1, 2)


@pytest.mark.parametrize(
    ("command", "error", "said"),
    [
        ("", UsageError, "the adapter's command is empty"),
        ("node 'my adapter.mjs", UsageError, "No closing quotation"),
    ],
)
def test_a_command_that_cannot_be_read_is_an_error_of_usage(
    command: str, error: type[VirtualQError], said: str
) -> None:
    """Before anything is started."""
    with pytest.raises(error, match=said):
        AdapterSubject(command)


def test_a_command_that_is_not_there_is_a_broken_adapter() -> None:
    """It says which, and why."""
    with pytest.raises(AdapterBroken, match="'no-such-program --x' cannot be started; observed No such file"):
        _ = AdapterSubject("no-such-program --x").name
