"""`results.json`: its schema, its classes, its file."""

from __future__ import annotations

import json
import os
from copy import deepcopy
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from tests.report import sample
from virtualq_core.errors import EnvironmentFault, ExitCode
from virtualq_core.measure.result import BudgetResult, LatencyResult, Problem
from virtualq_core.report import document, results
from virtualq_core.report.document import InvalidResults, read, schema, validate, write, write_text
from virtualq_core.report.load_results import Load, Violation
from virtualq_core.report.results import Calibration, Results, part_from_json

if TYPE_CHECKING:
    from collections.abc import Callable

MUTILATIONS = {
    "no schema version": ("$", lambda it: it.pop("schema_version")),
    "another schema version": ("$.schema_version", lambda it: it.update(schema_version="2")),
    "unknown top-level key": ("$", lambda it: it.update(extra=1)),
    "unknown verdict": ("$.verdict", lambda it: it.update(verdict="ok")),
    "verdict against the stages": ("$.verdict", lambda it: it.update(verdict="passed")),
    "no stages": ("$.stages", lambda it: it.update(stages=[])),
    "unknown stage": ("$.stages[0].name", lambda it: it["stages"][0].update(name="warmup")),
    "stage without a verdict": ("$.stages[0]", lambda it: it["stages"][0].pop("verdict")),
    "negative duration": ("$.stages[0].duration_s", lambda it: it["stages"][0].update(duration_s=-1)),
    "problem without a code": ("$.stages[3].problems[0]", lambda it: it["stages"][3]["problems"][0].pop("code")),
    "unknown key of a budget": ("$.budgets[0]", lambda it: it["budgets"][0].update(observerd=1)),
    "budget with a list for a limit": ("$.budgets[0].limit", lambda it: it["budgets"][0].update(limit=[100])),
    "interval upside down": ("$.budgets[0].interval", lambda it: it["budgets"][0].update(interval=[2, 1])),
    "interval of three": ("$.budgets[0].interval", lambda it: it["budgets"][0].update(interval=[1, 2, 3])),
    "knee upside down": (
        "$.pools.kinds[1].knee_interval",
        lambda it: it["pools"]["kinds"][1].update(knee_interval=[8, 4]),
    ),
    "pool of no connections": (
        "$.pools.kinds[1].points[0].size",
        lambda it: it["pools"]["kinds"][1]["points"][0].update(size=0),
    ),
    "histogram without its last edge": (
        "$.latencies[0].histogram",
        lambda it: it["latencies"][0]["histogram"]["edges_ms"].pop(),
    ),
    "edges that fall": (
        "$.latencies[0].histogram.edges_ms",
        lambda it: it["latencies"][0]["histogram"]["edges_ms"].reverse(),
    ),
    "percentile in seconds": ("$.latencies[0].unit", lambda it: it["latencies"][0].update(unit="s")),
    "half a refusal": ("$.load.refused", lambda it: it["load"].update(refused=0.5)),
    "violations counted, not told": ("$.load.violations", lambda it: it["load"].update(violations=2)),
    "requirement of no level": ("$.requirements[0].level", lambda it: it["requirements"][0].update(level="always")),
    "environment as a text": ("$.environment", lambda it: it.update(environment="a machine")),
}

LATER: dict[type, set[str]] = {
    Results: {"guarantees", "pools"},
    Load: {"server", "faults", "demand"},
    LatencyResult: {"hdr"},
    Calibration: {"tolerance", "found_change"},
}
"""What results of earlier versions lack; they are read all the same."""


def _document(made: Results) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(json.dumps(made.to_json()))
    return parsed


def test_the_schema_is_a_schema() -> None:
    """The shipped file is itself valid under JSON Schema 2020-12."""
    Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("maker", sample.VARIANTS, ids=lambda maker: maker.__name__)
def test_results_fit_the_schema_and_come_back_equal(maker: Callable[[], Results]) -> None:
    """What is written can be read, and nothing is lost on the way."""
    made = maker()

    written = _document(made)

    validate(written)
    assert Results.from_json(written) == made


@pytest.mark.parametrize(("place", "mutilate"), MUTILATIONS.values(), ids=MUTILATIONS)
def test_a_mutilated_document_is_refused_with_the_place(place: str, mutilate: Callable[[Any], object]) -> None:
    """Every fault is named by its path in the document."""
    broken = _document(sample.failed())
    mutilate(broken)

    with pytest.raises(InvalidResults) as refused:
        validate(broken)

    assert f" at {place}: " in str(refused.value)
    assert refused.value.exit_code == ExitCode.USAGE


def test_classes_and_schema_say_the_same() -> None:
    """Every class has exactly its schema's properties, all that are not younger required: neither can drift."""
    definitions = schema()["$defs"]
    classes = [kind for kind in vars(results).values() if isinstance(kind, type) and is_dataclass(kind)]
    for kind in classes:
        told = schema() if kind is Results else definitions[kind.__name__.removesuffix("Result").lower()]
        derived = {"schema_version", "verdict"} if kind is Results else set()
        assert {part.name for part in fields(kind)} | derived == set(told["properties"]), kind.__name__
        assert set(told["required"]) == set(told["properties"]) - LATER.get(kind, set()), kind.__name__


def test_numbers_of_numpy_are_numbers_and_infinity_is_null() -> None:
    """A measurement reaches the file whatever type its maker computed with; JSON has no infinity."""
    budget = BudgetResult(
        name="b",
        metric="p99_ms",
        verdict="passed",
        observed=np.float64(1.5),
        limit=2,
        samples=np.int64(3),  # type: ignore[arg-type]
        interval=(1.0, float("inf")),
    )

    (written,) = _document(replace(sample.passed(), budgets=(budget,)))["budgets"]

    assert (written["observed"], written["samples"], written["interval"]) == (1.5, 3, [1.0, None])


def test_a_problem_keeps_the_four_parts_of_an_error() -> None:
    """Code, what, observed, expected and next step, as the error was raised with."""
    error = EnvironmentFault("no server", observed=5432, expected="an answer", next_step="start it")

    assert Problem.of(error) == Problem(
        code="environment", what="no server", observed="5432", expected="an answer", next_step="start it"
    )


def test_a_file_is_written_and_read_back(tmp_path: Path) -> None:
    """Folders are made; nothing but the file is left in them."""
    path = tmp_path / "out" / "results.json"

    write(sample.passed(), path)

    assert read(path) == sample.passed()
    assert [entry.name for entry in path.parent.iterdir()] == ["results.json"]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk costs the new file, never the old one, and no scraps stay behind."""
    path = tmp_path / "results.json"
    write_text(path, "old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(EnvironmentFault, match="No space left on device") as refused:
        write_text(path, "new")

    assert refused.value.exit_code == ExitCode.ENVIRONMENT
    assert path.read_text(encoding="utf-8") == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["results.json"]


def test_results_that_do_not_fit_are_written_before_they_are_refused(tmp_path: Path) -> None:
    """A fault in the description loses no measurement."""
    path = tmp_path / "results.json"

    with pytest.raises(InvalidResults):
        write(replace(sample.passed(), profile=""), path)

    assert json.loads(path.read_text(encoding="utf-8"))["profile"] == ""


@pytest.mark.parametrize(
    ("text", "said"), [("{", "is not a JSON document"), ("[1]", "at $"), ('{"schema_version": "9"}', "at $")]
)
def test_what_is_not_results_is_refused_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    """Broken JSON, another JSON, and results of another version are usage errors, not tracebacks."""
    path = tmp_path / "results.json"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(InvalidResults) as refused:
        read(path)

    assert said in refused.value.what


def test_a_missing_file_says_what_to_name(tmp_path: Path) -> None:
    """The path, the reason and the next step."""
    with pytest.raises(EnvironmentFault, match=r"cannot read .*results\.json: No such file"):
        read(tmp_path / "results.json")


def test_a_part_can_be_made_of_plain_values() -> None:
    """Also without what has a default, and with parts of its own."""
    plain = {"transitions_per_s": 2.5, "p50_ms": None, "p99_ms": 3, "refused": 0, "unknown": 0}

    load = part_from_json(Load, plain | {"violations": [{"invariant": "i", "what": "w", "ticket": 3}]})

    assert load == Load(**plain, violations=(Violation(invariant="i", what="w", ticket=3),))  # type: ignore[arg-type]


def test_the_example_of_the_reference_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the documentation shows in Python runs as it stands."""
    text = (Path(__file__).parents[2] / "docs/reference/results.md").read_text(encoding="utf-8")
    example = text.partition("```python\n")[2].partition("```")[0]
    write(sample.failed(), tmp_path / "out/smoke/results.json")
    monkeypatch.chdir(tmp_path)

    exec(example, {})  # noqa: S102  our own documentation

    assert capsys.readouterr().out.splitlines()[0] == "failed in 41.3 s"


def test_validation_does_not_change_the_document() -> None:
    """A document can be validated and then used."""
    before = _document(sample.failed())
    after = deepcopy(before)

    validate(after)

    assert after == before
    assert document.SCHEMA.is_file()
