"""`virtualq conform --self-test`: what it prints, what it writes, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from virtualq_core.conformance.selftest import verdict
from virtualq_core.conformance.selftest.specimen import read_controls

if TYPE_CHECKING:
    from tests.cli.conftest import VirtualQ

pytestmark = pytest.mark.slow

SCHEMA = Path(verdict.__file__).with_name("selftest.schema.json")


def test_what_does_not_exist_is_an_error_of_usage(virtualq: VirtualQ) -> None:
    """Exit 2, with what may have been meant, and nothing is tried."""
    ended = virtualq("conform", "--self-test", "--mutant", "disable_enforcment")

    assert ended.returncode == 2
    assert "no mutant or control named 'disable_enforcment'; expected disable_enforcement" in ended.stderr


@pytest.mark.server
def test_a_sample_is_killed_and_the_controls_pass(virtualq: VirtualQ) -> None:
    """Mutants of different groups, each by its own rule; the controls are held to the same rules. Exit 0."""
    ended = virtualq("conform", "--self-test", "--sample", "6", "--seed", "7", "--json")

    assert ended.returncode == 0, ended.stdout + ended.stderr
    document = json.loads(ended.stdout)
    assert list(Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).iter_errors(document)) == []
    assert len({mutant["group"] for mutant in document["mutants"]}) == len(document["mutants"]) == 6
    assert all(set(mutant["breaks"]) & set(mutant["caught_by"]) for mutant in document["mutants"])
    assert [control["verdict"] for control in document["controls"]] == ["passed"] * len(read_controls())


@pytest.mark.server
def test_one_mutant_is_told_and_written(virtualq: VirtualQ, tmp_path: Path) -> None:
    """A line for it, the verdict at the end, and both files in the folder, with what else has caught it."""
    ended = virtualq("conform", "--self-test", "--mutant", "draw_random_extids", "--out", tmp_path / "out")

    assert ended.returncode == 0, ended.stderr
    assert "identity: 1 of 1 killed" in ended.stdout
    assert "  killed      draw_random_extids" in ended.stdout
    assert "passed: 1 of 1 mutants killed" in ended.stdout
    [mutant] = json.loads((tmp_path / "out" / "selftest.json").read_text(encoding="utf-8"))["mutants"]
    assert mutant["caught_by"] == ["IDN-004"]
    assert "| `draw_random_extids` |" in (tmp_path / "out" / "kill-matrix.md").read_text(encoding="utf-8")
