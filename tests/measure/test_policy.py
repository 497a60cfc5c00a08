"""The policies of benchmarks/budgets.toml: every key known, a team's own over the shipped ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from virtualq_core.measure.budget import POLICIES, BudgetFault, load_budgets
from virtualq_core.measure.policy import ComparePolicy, TrialPolicy

if TYPE_CHECKING:
    from pathlib import Path


def test_the_shipped_file_sets_every_share() -> None:
    """And none of its policies is taken for a budget."""
    trial, compare = TrialPolicy.load(), ComparePolicy.load()

    assert 0 < trial.smallest_write_gain < trial.smallest_read_gain
    assert 0 < compare.largest_block_growth < compare.largest_read_loss
    assert not set(POLICIES) & set(load_budgets())
    assert {TrialPolicy.table, ComparePolicy.table} == set(POLICIES)


def test_a_file_of_ones_own_overrides_key_by_key(tmp_path: Path) -> None:
    """What it does not name stays."""
    own = tmp_path / "own.toml"
    own.write_text("[trial]\nlargest_write_cost = 0.02\n")

    changed = TrialPolicy.load(own)

    assert changed.largest_write_cost == 0.02
    assert changed.smallest_read_gain == TrialPolicy.load().smallest_read_gain
    assert load_budgets(own) == load_budgets()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("largest_write_costs = 0.1", "'largest_write_cost'"),
        ("largest_write_cost = '10 %'", "not a share"),
        ("largest_write_cost = -0.1", "not a share"),
        ("largest_write_cost = true", "not a share"),
        ("largest_write_cost = nan", "not a share"),
        ("largest_write_cost = 10", "0.1 for 10 %"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, line: str, said: str) -> None:
    """By name, with the nearest known key."""
    own = tmp_path / "own.toml"
    own.write_text(f"[trial]\n{line}\n")

    with pytest.raises(BudgetFault) as raised:
        TrialPolicy.load(own)

    assert "largest_write_cost" in str(raised.value)
    assert said in str(raised.value)
