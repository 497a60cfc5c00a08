"""`results.json` as a file: held to its schema, written whole or not at all, read back."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator

from virtualq_core.errors import EnvironmentFault, UsageError
from virtualq_core.report.results import Results
from virtualq_core.report.verdict import fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SCHEMA = Path(__file__).with_name("results.schema.json")
_SHOWN = 200


class InvalidResults(UsageError):
    """A document is not one of VirtualQ's results; the message names the place in it."""

    code = "invalid-results"


@cache
def schema() -> dict[str, Any]:
    """The shipped JSON Schema (2020-12) of `results.json`."""
    read: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return read


def validate(document: Mapping[str, Any]) -> None:
    """
    Hold a document to the schema, and to what a schema cannot say.

    The latter: the verdict is what the stages fold into, histograms have one rising edge more than counts, and the
    ends of an interval are in order.

    Raises:
        InvalidResults: it is not such a document; all its faults, the first in full.
    """
    faults = [*_schema_faults(document)] or [*_sense_faults(document)]
    if not faults:
        return
    place, fault, expected = faults[0]
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    raise InvalidResults(
        f"results do not fit schema version 1 at {place}: {fault}{more}",
        expected=expected,
        next_step="write the file anew with 'virtualq check', or read it with the version of virtualq that wrote it",
    )


def _schema_faults(document: Mapping[str, Any]) -> Iterator[tuple[str, str, str | None]]:
    for fault in sorted(Draft202012Validator(schema()).iter_errors(document), key=lambda fault: fault.json_path):
        message = fault.message if len(fault.message) <= _SHOWN else f"{fault.message[:_SHOWN]}…"
        is_within = fault.json_path != "$" and isinstance(fault.schema, dict)
        yield fault.json_path, message, fault.schema.get("description") if is_within else None


def _sense_faults(document: Mapping[str, Any]) -> Iterator[tuple[str, str, str | None]]:
    folded = fold(stage["verdict"] for stage in document["stages"])
    if document["verdict"] != folded:
        yield "$.verdict", f"'{document['verdict']}', but the stages fold into '{folded}'", None
    load = document["load"] or {}
    bearers = [(f"$.latencies[{at}]", latency) for at, latency in enumerate(document["latencies"])]
    for place, bearer in [*bearers, ("$.load", load)]:
        histogram = bearer.get("histogram")
        if histogram is None:
            continue
        edges = histogram["edges_ms"]
        if len(edges) != len(histogram["counts"]) + 1:
            yield f"{place}.histogram", f"{len(edges)} edges for {len(histogram['counts'])} counts", "one edge more"
        if any(low >= high for low, high in pairwise(edges)):
            yield f"{place}.histogram.edges_ms", "the edges do not rise", None
    bounded = [(f"$.budgets[{at}].interval", budget["interval"]) for at, budget in enumerate(document["budgets"])]
    ratios = [
        (f"$.subjects[{at}].ratio_interval", one["ratio_interval"]) for at, one in enumerate(document["subjects"])
    ]
    kinds = list(enumerate((document.get("pools") or {}).get("kinds", ())))
    knees = [(f"$.pools.kinds[{at}].knee_interval", kind["knee_interval"]) for at, kind in kinds]
    rates = [
        (f"$.pools.kinds[{at}].points[{number}].interval", point["interval"])
        for at, kind in kinds
        for number, point in enumerate(kind["points"])
    ]
    for place, interval in [*bounded, *ratios, *knees, *rates]:
        if interval is not None and None not in interval and interval[0] > interval[1]:
            yield place, f"{interval[0]} is above {interval[1]}", "the lower end first"


def read(path: Path) -> Results:
    """
    The results in a file, validated.

    Raises:
        EnvironmentFault: there is no such file, or it cannot be read.
        InvalidResults: it is not JSON, or not a results document.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        next_step = "name the results.json that 'virtualq check --out DIR' wrote"
        raise EnvironmentFault(f"cannot read {path}: {error.strerror}", next_step=next_step) from error
    except ValueError as error:
        raise InvalidResults(f"{path} is not a JSON document: {error}") from error
    validate(document)
    return Results.from_json(document)


def write(results: Results, path: Path) -> None:
    """
    Write `results.json`, then hold it to the schema.

    In this order, so that no measurement is lost to a fault in its description.

    Raises:
        EnvironmentFault: the file cannot be written; what was there before is untouched.
        InvalidResults: the results do not fit the schema; the file has been written all the same.
    """
    document = results.to_json()
    write_text(path, json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    validate(document)


def write_text(path: Path, text: str) -> None:
    """
    Write a file whole or not at all: into a temporary file beside it, synced, then renamed over it.

    Raises:
        EnvironmentFault: no disk, no right or no folder; what was there before is untouched.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("w", encoding="utf-8", errors="replace", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise EnvironmentFault(
            f"cannot write {path}: {error.strerror}",
            next_step="free some disk, or name another folder with --out",
        ) from error
