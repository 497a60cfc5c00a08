"""Budget files: what is read, what overrides, and what is refused by name."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

import pytest

from virtualq_core.measure.budget import METRICS, SETTINGS, BudgetFault, load_budgets, nearest
from virtualq_core.measure.policy import ComparePolicy, TrialPolicy

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A team's own file."""
    return tmp_path / "ours.toml"


def test_the_shipped_file_holds_the_documents_promise() -> None:
    """Under 100 ms for 1,000 tickets, served by the document's index, for the worst tenant."""
    board = load_budgets()["queue_monitoring"]

    assert board.tickets_in_queue == 1000
    assert board.limits["p99_ms"] == 100
    assert board.names("must_be_served_by") == ("idx_ticket_queue_state_created",)
    assert board.worst_tenant


def test_limits_gate_with_the_noise_free_ones_first() -> None:
    """Whatever the order in the file, milliseconds come last."""
    kinds = [METRICS[name].is_noise_free for name in load_budgets()["queue_monitoring"].limits]

    assert kinds == sorted(kinds, reverse=True)
    assert not kinds[-1]


def test_a_teams_file_overrides_key_by_key(own: Path) -> None:
    """What it does not mention stays as shipped; a table of its own is added."""
    own.write_text('[queue_monitoring]\np99_ms = 20\n[ours]\nquery = "find_ticket"\nmax_buffers = 9\n')

    budgets = load_budgets(own)

    assert budgets["queue_monitoring"].limits["p99_ms"] == 20
    assert budgets["queue_monitoring"].limits["max_buffers"] == load_budgets()["queue_monitoring"].limits["max_buffers"]
    assert budgets["ours"].limits == {"max_buffers": 9}


@pytest.mark.parametrize(
    ("key", "known"),
    [
        ("p99", "p99_ms"),
        ("max_bufers", "max_buffers"),
        ("must_be_serverd_by", "must_be_served_by"),
        ("worst_tennant", "worst_tenant"),
        ("tickets_in_queu", "tickets_in_queue"),
        ("max_growth", "max_growth_exponent"),
    ],
)
def test_an_unknown_key_names_the_nearest_known_one(own: Path, key: str, known: str) -> None:
    """And the table in which it stands."""
    own.write_text(f"[queue_monitoring]\n{key} = 1\n")

    with pytest.raises(BudgetFault) as refused:
        load_budgets(own)

    assert key in str(refused.value)
    assert f"'{known}'" in str(refused.value)
    assert "[queue_monitoring]" in str(refused.value)
    assert refused.value.exit_code == 2


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('p99_ms = "100 ms"', "a number of ms"),
        ("p99_ms = -1", "not negative"),
        ("p99_ms = nan", "a number of ms"),
        ("p99_ms = true", "a number of ms"),
        ('must_be_served_by = "idx"', "a list of one or more names"),
        ("must_be_served_by = []", "a list of one or more names"),
        ("must_not_spill = false", "leave the key out"),
        ("tickets_in_queue = 0", "at least 1"),
        ("worst_tenant = 1", "true or false"),
        ('query = "list_queu"', "'list_queue'"),
        ('operation = "transition"', "either a query or an operation"),
        ("max_wal_bytes = 10", "not measured on a query"),
        ('subject = "orm"', "a query has none"),
        ('must_not_scan = ["tikcet"]', "'ticket'"),
        ('must_not_scan = ["ticket", "ticket_state_history"]', "'ticketstatehistory'"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_was_expected(own: Path, lines: str, said: str) -> None:
    """A budget that is misread is worse than none."""
    own.write_text(f"[queue_monitoring]\n{lines}\n")

    with pytest.raises(BudgetFault, match=r"ours\.toml") as refused:
        load_budgets(own)

    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("p99_ms = 3\n", "outside any budget"),
        ("[a\n", "not TOML"),
        ('[a]\noperation = "transitions"\np99_ms = 1\n', "create_ticket or transition"),
        ('[a]\noperation = "transition"\nmax_q_error = 1\n', "not measured on an operation"),
        ('[a]\nquery = "find_ticket"\n', "sets no limit"),
        ('[a]\noperation = "transition"\np99_ms = 1\ntickets_in_queue = 10\n', "transition is not asked of a queue"),
        ('[a]\nquery = "find_ticket"\np99_ms = 1\ntickets_in_queue = 10\n', "find_ticket is not asked of a queue"),
    ],
)
def test_a_file_that_is_no_budget_file_is_refused(own: Path, text: str, said: str) -> None:
    """With what is wrong about it."""
    own.write_text(text)

    with pytest.raises(BudgetFault) as refused:
        load_budgets(own)

    assert said in str(refused.value)


def test_a_name_is_read_as_postgresql_reads_it(own: Path) -> None:
    """The document's spelling, with capitals, names the same table and index: else its scan would pass for ever."""
    own.write_text(
        '[a]\nquery = "find_ticket"\nmust_not_scan = ["Ticket"]\nmust_be_served_by = ["IDX_Ticket_Employee_State"]\n'
    )

    budget = load_budgets(own)["a"]

    assert budget.names("must_not_scan") == ("ticket",)
    assert budget.names("must_be_served_by") == ("idx_ticket_employee_state",)


def test_a_file_that_is_not_there_is_refused(own: Path) -> None:
    """By name."""
    with pytest.raises(BudgetFault, match=r"ours\.toml"):
        load_budgets(own)


def test_every_key_is_explained_in_the_reference() -> None:
    """A reviewer finds each in docs/reference/budgets.md."""
    from virtualq_core import content  # noqa: PLC0415 -- only this test needs it

    reference = (content.root() / "docs/reference/budgets.md").read_text(encoding="utf-8")

    shares = [part.name for policy in (TrialPolicy, ComparePolicy) for part in fields(policy)]
    assert [key for key in (*METRICS, *SETTINGS, *shares) if f"`{key}`" not in reference] == []


def test_the_nearest_word_is_the_one_most_alike() -> None:
    """Even where nothing is much alike there is a nearest."""
    assert nearest("colour", ["color", "weight"]) == "color"
    assert nearest("zzz", ["color"]) == "color"
