"""The comparison with npm: what differs is told, what is meant to differ is published, and a fault is shrunk."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.machine.difference import differences, disagreement, excuses
from tests.machine.fuzz import Findings, compare, is_fault, shrink, smaller
from tests.machine.generator import Generator
from tests.machine.npm import PACKAGE, Npm
from virtualq_core.errors import InvalidMachine
from virtualq_core.machine import Machine, Profile

if TYPE_CHECKING:
    from collections.abc import Iterator

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "machines.md"
CASES = 400
SEED = 7


class Likeness:
    """Stands in for npm, and reads as compat does, but for one fault."""

    def __init__(self, fault: str = "") -> None:
        self._fault = fault

    def observe(self, documents: list[str]) -> list[Any]:
        """What compat makes of each document, wrong where the fault stands in it."""
        return [self._observe(document) for document in documents]

    def _observe(self, document: str) -> dict[str, Any]:
        try:
            machine = Machine.parse(document, Profile.COMPAT)
        except InvalidMachine:
            return {"refused": True}
        is_wrong = self._fault and self._fault in document
        legal = {state: {} if is_wrong else steps for state, steps in machine.compile().items()}
        return {
            "state": machine.initial,
            "states": list(machine.states),
            "names": list(machine.names),
            "legal": legal,
        }


def test_the_same_seed_draws_the_same_documents() -> None:
    """Of many kinds: taken and refused by each profile, and excused or not."""
    drawn = [Generator(SEED).document() for _ in range(3)]
    assert len(set(drawn)) == 1

    generator = Generator(SEED)
    kinds: Counter[str] = Counter()
    for document in (generator.document() for _ in range(300)):
        for profile in Profile:
            try:
                Machine.parse(document, profile)
            except InvalidMachine:
                kinds[f"{profile} refuses"] += 1
            else:
                kinds[f"{profile} takes"] += 1
        kinds["is excused"] += bool(excuses(document, "strict"))
    assert min(kinds.values()) > 30
    assert len(kinds) == 5


def test_a_fault_is_found_and_shrunk() -> None:
    """What is left of the document is what the fault is about, and nothing else."""
    findings, likeness = Findings(), Likeness("fooBar")
    generator = Generator(SEED)
    compare(likeness, [generator.document() for _ in range(200)], findings)  # type: ignore[arg-type]  # a stand-in

    assert findings.faults
    assert all("fooBar" in fault for fault in findings.faults)
    smallest = shrink(likeness, findings.faults[0])  # type: ignore[arg-type]  # the same
    assert len(smallest) < 80
    assert not any(is_fault(likeness, each) for each in smaller(smallest))  # type: ignore[arg-type]  # the same


def test_an_excuse_hides_no_fault() -> None:
    """A document that may differ for a published reason is looked at without it."""
    document = {
        "init": "A",
        "label": "fault",
        "transitions": [{"name": "go", "from": "A", "to": "B"}, {"name": "x", "from": "__proto__", "to": "B"}],
    }
    findings = Findings()

    compare(Likeness("fault"), [json.dumps(document)], findings)  # type: ignore[arg-type]  # a stand-in
    assert (len(findings.faults), findings.meant.total()) == (1, 0)


def test_what_agrees_is_no_finding() -> None:
    """Compat agrees with itself, and strict with compat but for the names that are data."""
    findings, generator = Findings(), Generator(SEED)
    compare(Likeness(), [generator.document() for _ in range(300)], findings)  # type: ignore[arg-type]  # a stand-in

    assert findings.faults == []
    assert findings.meant.keys() <= {key for key, each in differences().items() if each.profile == "strict"} | {
        "configuration",
        "fired-by-others",
        "inherited-members",
        "proto-name",
        "proto-state",
    }


@pytest.mark.parametrize("key", differences())
def test_every_difference_is_published(key: str) -> None:
    """In the reference, word for word, with its reason."""
    page = " ".join(REFERENCE.read_text(encoding="utf-8").split())
    difference = differences()[key]

    assert f"| {difference.says} | {difference.why} |" in page
    assert difference.documents


def test_a_document_is_excused_for_what_it_shows() -> None:
    """By the difference that it is an example of; a plain machine is excused for nothing."""
    for key, difference in differences().items():
        for document in difference.documents:
            assert key in excuses(document, "strict")
    assert excuses('{"init": "A", "transitions": [{"name": "go", "from": ["A", "*"], "to": "B"}]}', "strict") == []


@pytest.fixture(scope="module")
def npm() -> Iterator[Npm]:
    """The package itself, where it can be had."""
    if shutil.which("npm") is None:
        pytest.skip("missing: npm, which comes with Node.js")
    try:
        with Npm.run() as running:
            yield running
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"missing: a registry that has {PACKAGE} ({type(error).__name__})")


@pytest.mark.slow
@pytest.mark.requires("node")
def test_the_published_differences_are_there(npm: Npm) -> None:
    """Each document of each is read otherwise by npm; a difference that is gone is to be struck out."""
    for key, difference in differences().items():
        for document, observed in zip(difference.documents, npm.observe(difference.documents), strict=True):
            assert difference.profile in disagreement(document, observed), (key, document)


@pytest.mark.slow
@pytest.mark.requires("node")
def test_drawn_machines_are_read_as_npm_reads_them(npm: Npm) -> None:
    """A few hundred; `fuzz.py` draws as many as one has time for."""
    findings, generator = Findings(), Generator(SEED)

    compare(npm, [generator.document() for _ in range(CASES)], findings)
    assert findings.faults == [], f"seed {SEED}: {shrink(npm, min(findings.faults, key=len))}"
    assert findings.accepted > CASES // 2
    assert findings.strict > CASES // 5
