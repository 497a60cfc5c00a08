"""Interleavings: how files are read, how orders are found, how one is played, and that wrong databases are caught."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtualq_core import content
from virtualq_core.conformance.expectation import NotAsRequired
from virtualq_core.conformance.interleaving.form import InterleavingFault
from virtualq_core.conformance.interleaving.permutation import Choice, count_orders, every_order
from virtualq_core.conformance.interleaving.play import ImpossibleOrder
from virtualq_core.conformance.interleaving.reading import interleaving_from, read, shipped
from virtualq_core.conformance.interleaving.stage import OutOfSight, Stage
from virtualq_core.conformance.world import World
from virtualq_core.errors import UsageError
from virtualq_core.subjects.procedural import ProceduralSession, ProceduralSubject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtualq_core.conformance.interleaving.permutation import Order
    from virtualq_core.database.server import Database
    from virtualq_core.tickets import Transition

SQL = content.beside(__file__, "interleaving_fault.sql")
FILES = {file.name: file for file in shipped()}
ROOT = Path(__file__).parents[2]
MOST = 6  # steps in a random play


def told(**changes: Any) -> dict[str, Any]:
    """A small file that is right, but for the changes."""
    return {
        "requirements": ["CON-009"],
        "about": "Two take the same edge.",
        "world": {"tickets": {"latte": []}},
        "sessions": {
            "clerk": {"steps": [{"transition": "start"}, "commit"]},
            "rival": {"steps": [{"transition": "start"}, "commit"]},
        },
        "allowed": [
            {"when": "clerk before rival", "clerk": "moved", "rival": "illegal-transition"},
            {"when": "rival before clerk", "clerk": "illegal-transition", "rival": "moved"},
        ],
        **changes,
    }


def steps(*given: object, **details: object) -> dict[str, Any]:
    """The sessions of a file with one session that takes these steps."""
    return {"clerk": {"steps": list(given), **details}}


def test_a_file_is_read(tmp_path: Path) -> None:
    """What goes without saying is filled in: the world's queue, the only ticket, the suite's own machine."""
    path = tmp_path / "two.toml"
    path.write_text(
        """
        requirements = ["CON-009"]
        about = "A bulk call and a claim."
        [world]
        queues = ["counter", "kiosk"]
        [world.tickets]
        latte = ["start"]
        mocha = { queue = "kiosk", ttl_minutes = 5 }
        [sessions.clerk]
        steps = [{ bulk = "cancel" }, "commit"]
        [sessions.client]
        as = "subject"
        steps = [{ claim = "received", queue = "kiosk" }]
        [[allowed]]
        client = "claimed mocha or claimed nothing"
        leaves = { latte = "cancelled", mocha.employee = "Ada" }
        """,
        encoding="utf-8",
    )
    found = read(path)
    latte, mocha = found.setting.tickets

    assert (found.name, found.has_subject, found.lengths) == ("two", True, {"clerk": 2, "client": 1})
    assert (latte.type, latte.queue, latte.took) == ("work", "counter", ("start",))
    assert (mocha.queue, mocha.ttl_minutes, found.setting.types) == ("kiosk", 5, ("work",))
    assert str(found.sessions[0].steps[0]) == "bulk cancel tickets latte, mocha"
    assert found.allowed[0].outcomes == {"client": (frozenset({"claimed mocha", "claimed nothing"}),)}
    assert found.allowed[0].leaves == {"latte": {"state": "cancelled"}, "mocha": {"employee": "Ada"}}


MANY = dict.fromkeys("abc", steps(*[{"transition": "start"}] * 3, "commit")["clerk"])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"alowed": []}, r"two.toml: unknown key 'alowed'; expected allowed"),
        ({"about": 7}, r"'about' does not fit; observed 7; expected a text"),
        ({"sessions": {}}, r"there are no sessions"),
        ({"sessions": steps({"transitoin": "start"}, "commit")}, r"\[clerk\] step 1: .*; expected transition"),
        ({"sessions": steps({"transition": "strat"}, "commit")}, r"no transition 'strat'; expected start"),
        ({"sessions": steps({"transition": "start", "tiket": "latte"}, "commit")}, r"'tiket'; expected ticket"),
        ({"sessions": steps({"transition": "start", "ticket": "late"}, "commit")}, r"no ticket 'late'; expected latte"),
        ({"sessions": steps({"transition": "start", "at_version": "2"}, "commit")}, r"'at_version'.*a whole number"),
        ({"sessions": steps({"transition": "start"})}, r"its transaction does not end"),
        ({"sessions": steps("commit")}, r"it does nothing"),
        ({"sessions": steps({"commit": True})}, r'\'commit\' does not stand like this; .* expected "commit"'),
        ({"sessions": steps("transition", "commit")}, r"expected { transition = … }, a transition"),
        (
            {"sessions": steps("off_board", "commit")},
            r"the application has no one step like this; observed 'off_board'",
        ),
        ({"sessions": steps({"transition": "start"}, "commit", **{"as": "subject"})}, r"the subject has no one step"),
        ({"sessions": steps({"transition": "start"}, "commit", **{"as": "guest"})}, r"no as 'guest'"),
        ({"sessions": {"when": steps()["clerk"]}}, r"a session cannot be called so; observed 'when'"),
        ({"world": {"tickets": {"latte": {"queue": "conter"}}}}, r"no queue 'conter'; expected counter"),
        ({"world": {"tickets": {"Ada": []}}}, r"two things are named 'Ada'"),
        ({"machines": {"odd": {"init": ""}}}, r"'odd' is no machine"),
        ({"allowed": [{"clerk": "mvoed"}]}, r"'transition start ticket latte' never ends with 'mvoed'; expected moved"),
        ({"allowed": [{"clerk": ["moved", "moved"]}]}, r"a word for each of its 1 operations"),
        ({"allowed": [{"when": "clerk after rival", "clerk": "moved"}]}, r"expected A before B"),
        ({"allowed": [{"when": "clerk before rivla", "clerk": "moved"}]}, r"no session 'rivla'; expected rival"),
        ({"allowed": [{"when": "clerk.rollback before rival"}]}, r"no step of clerk 'rollback'"),
        ({"allowed": [{"leaves": {"latte": "stranded"}}]}, r"no state 'stranded'"),
        ({"allowed": [{}]}, r"it allows nothing"),
        ({"never_waits": ["clark"]}, r"no session 'clark'; expected clerk"),
        ({"sessions": MANY, "allowed": []}, r"too many orders; observed 34650; expected at most 200"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused(changes: dict[str, Any], said: str) -> None:
    """The error names the place and the nearest word that would do."""
    with pytest.raises(InterleavingFault, match=said):
        interleaving_from(told(**changes), "two")


def test_what_is_no_toml_is_refused(tmp_path: Path) -> None:
    """With the place that the parser names."""
    path = tmp_path / "broken.toml"
    path.write_text("requirements = [", encoding="utf-8")
    with pytest.raises(InterleavingFault, match=r"broken\.toml is not TOML"):
        read(path)


def test_every_shipped_file_names_what_it_expects() -> None:
    """One without an expectation of its own says that somebody never waits."""
    assert [file.name for file in FILES.values() if not file.allowed and not file.never_waits] == []


@pytest.mark.parametrize("name", FILES)
def test_every_shipped_file_is_in_the_reference(name: str) -> None:
    """By its name, what it shows, and the requirements that it proves."""
    file = FILES[name]
    page = " ".join((ROOT / "docs" / "reference" / "interleavings.md").read_text(encoding="utf-8").split())
    assert f"**{name}** ({', '.join(file.requirements)}) {file.about}" in page


class Locks:
    """Sessions that hold one lock each from their first step to their last, played without a server."""

    def __init__(self, lengths: dict[str, int], wants: dict[str, int]) -> None:
        self.lengths = lengths
        self.wants = wants

    def play(self, beginning: Order) -> list[Choice]:
        """A play that goes on by the first session that can."""
        taken: Counter[str] = Counter()
        holders: dict[int, str] = {}
        queue: list[str] = []
        choices: list[Choice] = []
        while ready := tuple(one for one, length in self.lengths.items() if taken[one] < length and one not in queue):
            name = beginning[len(choices)] if len(choices) < len(beginning) else ready[0]
            assert name in ready
            choices.append(Choice(name, ready))
            taken[name] += 1
            if holders.setdefault(self.wants[name], name) != name:
                queue.append(name)
            elif taken[name] == self.lengths[name]:
                self._hand_over(self.wants[name], taken, holders, queue)
        return choices

    def _hand_over(self, lock: int, taken: Counter[str], holders: dict[int, str], queue: list[str]) -> None:
        del holders[lock]
        waiting = next((name for name in queue if self.wants[name] == lock), None)
        if waiting is not None:
            queue.remove(waiting)
            holders[lock] = waiting
            if taken[waiting] == self.lengths[waiting]:
                self._hand_over(lock, taken, holders, queue)

    def is_possible(self, order: Order) -> bool:
        """Whether the order can be played from its beginning to its end."""
        try:
            return tuple(choice.taken for choice in self.play(order)) == order
        except AssertionError:
            return False


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 1)), min_size=1, max_size=3))
def test_every_possible_order_is_played_once(sessions: list[tuple[int, int]]) -> None:
    """No more, no less, and none twice, with and without waiting."""
    lengths = {f"s{number}": length for number, (length, _) in enumerate(sessions)}
    locks = Locks(lengths, {f"s{number}": lock for number, (_, lock) in enumerate(sessions)})
    played = [tuple(one.taken for one in choices) for choices in every_order(locks.play, lambda choices: choices)]

    letters = [name for name, length in lengths.items() for _ in range(length)]
    if len(letters) <= MOST:
        every = set(itertools.permutations(letters))
        assert len(every) == count_orders(lengths.values())
        assert sorted(played) == sorted(order for order in every if locks.is_possible(order))
    assert len(set(played)) == len(played)


def test_orders_are_counted() -> None:
    """As many as the multinomial coefficient says."""
    assert [count_orders(lengths) for lengths in ([2, 2], [1, 2, 2], [3], [4, 1])] == [6, 30, 1, 5]


@pytest.fixture
def stage(database: Database) -> Iterator[Stage]:
    """A place to play, in a fresh database."""
    world = World(database)
    try:
        with Stage(database, world.account_id) as opened:
            yield opened
    finally:
        world.close()


@pytest.mark.server
def test_waiting_is_seen_and_told(stage: Stage) -> None:
    """The second of two waits, and goes on when the first has ended; two of six orders are impossible."""
    summary = stage.perform(interleaving_from(told(), "two"))
    assert (summary.orders, summary.played, summary.waited) == (6, 4, 2)
    story = (
        "two: clerk: transition start ticket latte: moved; rival: transition start ticket latte waits; "
        "clerk: committed; rival goes on: transition start ticket latte: illegal-transition; rival: rolled-back"
    )
    assert story in stage.tenants.values()
    assert stage.audit() == []


@pytest.mark.server
def test_an_order_can_be_played_alone(stage: Stage) -> None:
    """One that is impossible says who waits."""
    file = interleaving_from(told(), "two")
    assert stage.perform(file, order=("clerk", "clerk", "rival", "rival")).played == 1
    with pytest.raises(ImpossibleOrder, match="rival: transition start ticket latte waits; rival still waits"):
        stage.perform(file, order=("clerk", "rival", "rival"))
    with pytest.raises(ImpossibleOrder, match="nobody has no step left"):
        stage.perform(file, order=("nobody",))
    assert stage.perform(file).played == 4


@pytest.mark.server
def test_what_is_not_allowed_is_told_with_its_story(stage: Stage) -> None:
    """The order in words, what came out, what was allowed, and the command that plays that order alone."""
    file = interleaving_from(told(allowed=[{"clerk": "moved", "rival": "moved"}]), "two")
    with pytest.raises(NotAsRequired) as wrong:
        stage.perform(file, alone="pytest it --order")
    assert wrong.value.observed.startswith("clerk moved; rival illegal-transition; latte left in_progress")
    assert "[clerk: transition start ticket latte: moved; clerk: committed; rival: " in wrong.value.observed
    assert wrong.value.expected.startswith("clerk moved; rival moved; no deadlock")
    assert wrong.value.expected.endswith("[alone: pytest it --order 'clerk clerk rival rival']")


@pytest.mark.server
def test_an_order_that_nothing_is_said_of_fails(stage: Stage) -> None:
    """It is the file's fault, and told as such."""
    file = interleaving_from(told(allowed=told()["allowed"][:1]), "two")
    with pytest.raises(NotAsRequired, match=r"two\.toml allows nothing for this order"):
        stage.perform(file)


@pytest.mark.server
@pytest.mark.slow
def test_a_deadlock_is_seen_as_one(stage: Stage) -> None:
    """Two that wait for each other do not count as waiting: the server ends one, which fails unless it is allowed."""
    cross = {
        "clerk": {"steps": [*({"transition": "start", "ticket": name} for name in ("latte", "mocha")), "commit"]},
        "rival": {"steps": [*({"transition": "start", "ticket": name} for name in ("mocha", "latte")), "rollback"]},
    }
    file = interleaving_from(told(world={"tickets": {"latte": [], "mocha": []}}, sessions=cross, allowed=[]), "two")
    crossed = ("clerk", "rival", "clerk", "rival")
    with pytest.raises(NotAsRequired, match=r"a deadlock, of which (clerk|rival) is the victim"):
        stage.perform(file, order=crossed)
    assert stage.perform(replace(file, may_deadlock=("clerk", "rival")), order=crossed).played == 1


@pytest.mark.server
def test_what_is_rolled_back_was_never_acknowledged(stage: Stage) -> None:
    """Steps of one's own transaction, the rest of one that was refused, and what it had done before."""
    sessions = steps({"transition": "start"}, {"transition": "start"}, {"transition": "cancel"}, "commit")
    allowed = [{"clerk": ["moved", "illegal-transition", "skipped"], "leaves": {"latte": "received"}}]
    assert stage.perform(interleaving_from(told(sessions=sessions, allowed=allowed), "two")).played == 1


class Deaf(ProceduralSession):
    """It does not listen to what its caller expects."""

    def transition(self, tenant_id: int, ticket_id: int, name: str, **details: Any) -> Transition:
        """As the protocol says, but for the expectation."""
        return super().transition(tenant_id, ticket_id, name, **{**details, "expected_state": None})


class DeafSubject(ProceduralSubject):
    """Its sessions are deaf."""

    def open(self, dsn: str, **options: Any) -> Deaf:
        """Connect one client."""
        return Deaf(super().open(dsn, **options).connection)


@pytest.mark.server
def test_a_wrong_subject_fails_the_file_that_is_meant_for_it(stage: Stage) -> None:
    """On a database that is right."""
    with pytest.raises(NotAsRequired, match="clerk moved; client moved; latte left cancelled"):
        stage.perform(FILES["expected_state"], subject=DeafSubject())
    with pytest.raises(UsageError, match="'client' is a client of a subject, and none is given"):
        stage.perform(FILES["expected_state"])


class Hidden(ProceduralSession):
    """It keeps its connection out of sight."""

    def __init__(self, session: ProceduralSession) -> None:
        super().__init__(session.connection)
        self._hidden = session
        self.connection = None  # type: ignore[assignment]

    def __exit__(self, *_: object) -> None:
        self._hidden.connection.close()


class HiddenSubject(ProceduralSubject):
    """Its sessions are hidden."""

    def open(self, dsn: str, **options: Any) -> Hidden:
        """Connect one client."""
        return Hidden(super().open(dsn, **options))


@pytest.mark.server
def test_a_subject_out_of_sight_is_not_judged(stage: Stage) -> None:
    """Whether it waits cannot be known, so nothing is said about it."""
    with pytest.raises(OutOfSight):
        stage.perform(FILES["same_edge_three"], subject=HiddenSubject())


FAULTS: dict[str, dict[str, str]] = {
    # the statement: the files that it must fail, with what these say
    "look_then_act": {
        "same_edge": "rival moved",
        "different_edges": "history-is-a-path",
        "transition_against_claim": "client moved",
    },
    "claim_without_skipping": {
        "claim_the_last": "clerk claimed latte; rival claimed latte",
        "claims_wait_for_nobody": "client waited",
    },
    "publish_without_lock": {
        "publish_mapped": "left doing",
        "publish_unmapped": "publisher published",
        "publish_against_creation": "left asked",
    },
    "bulk_as_named": {"bulk_against_transaction": "a deadlock", "bulk_against_bulk": "a deadlock"},
    "waits_in_any_order": {"bulk_against_waits": "a deadlock"},
    "expire_with_patience": {"expire_against_transition": "clock waited"},
    "create_without_lock": {"create_twice": "client operation-reused"},
    "forget_operations": {"operation_twice": "client operation-reused"},
    "purge_without_lock": {"purge_against_publication": "owner purged"},
    "off_board_with_full_hands": {"off_board_against_deletion": "a deadlock"},
    "off_board_without_lock": {"off_board_against_transition": "owner refused"},
    "judge_without_waiting": {"expected_state": "client moved", "expected_version": "client moved"},
}


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_database_fails_the_files_that_are_meant_for_it(stage: Stage, database: Database, fault: str) -> None:
    """For the reason that is to be expected, whatever else it breaks."""
    with database.connect() as connection:
        connection.execute(SQL[fault].sql)
    for name, reason in FAULTS[fault].items():
        file = FILES[name]
        with pytest.raises(NotAsRequired) as wrong:
            stage.perform(file, subject=ProceduralSubject() if file.has_subject else None)
        assert reason in wrong.value.observed, name
