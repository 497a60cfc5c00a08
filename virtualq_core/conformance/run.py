"""Run the suite against a database, in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from virtualq_core import content
from virtualq_core.conformance.requirement import FILE_NAME, load, proving_modules
from virtualq_core.conformance.result import ConformanceResult, conclude, judge, read_outcomes
from virtualq_core.conformance.smoke import try_out
from virtualq_core.conformance.world import World
from virtualq_core.database import guard
from virtualq_core.database.guard import Standing
from virtualq_core.database.provider import hand_down
from virtualq_core.errors import GuardRefusal
from virtualq_core.subjects import SHIPPED, AdapterSubject, choose_subjects
from virtualq_core.subjects.adapter import AdapterBroken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtualq_core.database.server import Database

TIMEOUT_S = 900.0
CYCLE_S = 10.0
_GRACE_S = 20.0
_TAIL_LINES = 15
_PLUGIN = "virtualq_core.pytest_plugin"
_FOREIGN = ("PYTEST_ADDOPTS", "PYTEST_CURRENT_TEST", "PYTEST_PLUGINS")


def run_conformance(
    database: Database,
    *,
    subjects: Sequence[str] | None = None,
    adapters: Sequence[str] = (),
    only: Sequence[str] | None = None,
    certify: bool = False,
    command: str = "virtualq conform",
    cycles: int | None = None,
    folder: Path | None = None,
    timeout_s: float = TIMEOUT_S,
) -> ConformanceResult:
    """
    Hold a database to the requirements.

    The suite works in that very database, in tenants of its own that it off-boards at its end. `subjects` are names of
    registered subjects or Python files, `adapters` commands of implementations that speak lines of JSON (default: the
    shipped subjects); each adapter is tried out first. `only` are ids or families of requirements (default: all),
    `folder` another folder with a suite. `certify` allows no skip; `command` is what a reader types to run the suite
    with the same options. A run that overruns `timeout_s` is interrupted, then ended; what it found is told.

    Raises:
        GuardRefusal: the schema is not installed there, or the harness may not write there.
        UsageError: there is no such subject or requirement.
        AdapterBroken: an adapter breaks its protocol, before or during the run.
    """
    named = list(dict.fromkeys(subjects or (() if adapters else SHIPPED)))
    spoken_to = list(dict.fromkeys(adapters))
    chosen = choose_subjects(named, spoken_to)
    ways = [*(("--subject", name) for name in named), *(("--adapter", words) for words in spoken_to)]
    options = {subject.name: way for subject, way in zip(chosen, ways, strict=True)}
    suite = content.folder("conformance") if folder is None else folder
    selected = load(suite / FILE_NAME).select(only or ())
    _require_schema(database)
    for subject in chosen:
        if isinstance(subject, AdapterSubject):
            try_out(subject, database)

    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="virtualq-") as place:
        target = Path(place) / "results.json"
        modules = proving_modules(suite, selected) if only else []
        arguments = [*_pytest(suite), *map(str, modules or [suite]), "--virtualq-results", str(target)]
        for way in ways:
            arguments += way
        for pattern in only or ():
            arguments += ["--only", pattern]
        if cycles is not None:
            arguments += ["--cycles", str(cycles)]
            timeout_s += cycles * len(chosen) * CYCLE_S
        fault = _run(arguments, database, timeout_s, Path(place) / "output.txt")
        document: dict[str, Any] = {"tests": []}
        if target.exists():
            document = json.loads(target.read_text(encoding="utf-8"))
    if document.get("breach"):
        raise AdapterBroken(**document["breach"])
    outcomes = read_outcomes(document)
    results = judge(selected.values(), outcomes, subjects=options, command=command, certify=certify)
    return ConformanceResult(
        verdict="error" if fault else conclude(results),
        requirements=results if outcomes else (),
        subjects=tuple(options),
        tests=len(outcomes),
        duration_s=round(time.monotonic() - began, 3),
        fault=fault,
    )


def _require_schema(database: Database) -> None:
    found = guard.require_writable(database)
    if found.standing is not Standing.MARKED:
        raise GuardRefusal(
            f"there is nothing to test in the database '{database.name}'",
            observed=found.standing.value,
            expected="the schema, installed and marked",
            next_step="virtualq db install",
        )


def _pytest(suite: Path) -> list[str]:
    """The command without what a run chooses; nothing is left to a configuration file, which a wheel would not have."""
    return [
        *(sys.executable, "-P", "-m", "pytest"),
        *(
            "-c",
            os.devnull,
            "--rootdir",
            str(suite),
            "--import-mode=importlib",
            "-p",
            _PLUGIN,
            "-p",
            "no:cacheprovider",
        ),
        *("-W", "error", "--strict-markers", "--tb=short", "-q"),
    ]


def _environment(database: Database) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
    package = str(Path(content.__file__).resolve().parents[1])
    return {
        **inherited,
        **hand_down(database),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONPATH": os.pathsep.join(filter(None, (package, inherited.get("PYTHONPATH")))),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _run(command: list[str], database: Database, timeout_s: float, output: Path) -> str:
    """
    Run it to its end; what went wrong with the run itself, or nothing.

    It is a process group of its own, so that a Ctrl-C reaches it once, by way of us, and leaves it time to clean up.
    """
    with (
        output.open("wb") as sink,
        subprocess.Popen(
            command, env=_environment(database), stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, process_group=0
        ) as process,
    ):
        try:
            status = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            _end(process)
            _clear(database)
            return f"the suite took longer than {timeout_s:.0f} s and was ended"
        except BaseException:
            _end(process)
            _clear(database)
            raise
    if status in {0, 1}:
        return ""
    tail = output.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL_LINES:]
    return "\n".join([f"pytest ended with status {status}", *tail])


def _clear(database: Database) -> None:
    """Off-board what an ended suite could not: it may have been killed, or its clean-up cut short."""
    world = World(database)
    try:
        world.clear()
    finally:
        world.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    """First ask, so that the tenants are off-boarded and the results are written."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(_GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
