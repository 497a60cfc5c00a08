"""Sides that are measured now: each way to differ is found, and no difference is no failure."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from virtualq_core import content
from virtualq_core.compare import Effort, Spec, compare_now, result
from virtualq_core.compare.ground import Copies
from virtualq_core.compare.page import WIDTH, account
from virtualq_core.compare.run import FALSE_ALARM, MISS, TENANTS
from virtualq_core.compare.side import SEED, Side
from virtualq_core.errors import UsageError
from virtualq_core.measure.catalogue import draw
from virtualq_core.measure.paired import Gate
from virtualq_core.measure.twin import Timing
from virtualq_core.seeding import SeedPlan

if TYPE_CHECKING:
    from virtualq_core.compare import Comparison
    from virtualq_core.database.server import Server
    from virtualq_core.measure.policy import ComparePolicy

pytestmark = [pytest.mark.server, pytest.mark.slow]

SCHEMA = json.loads(Path(result.__file__).with_name("compare.schema.json").read_text(encoding="utf-8"))
SQL = content.beside(__file__, "slow.sql")
SHORT = Effort(tickets=6_000, limit_s=0.3, bias_s=0.05, writes_s=0, cases=1)


def compared(server: Server, policy: ComparePolicy, base: Spec, head: Spec) -> Comparison:
    """A comparison with little time, held to its schema and to the terminal's width."""
    found = compare_now(base, head, server=server, policy=policy, effort=SHORT)
    Draft202012Validator(SCHEMA).validate(json.loads(json.dumps(found.to_json(), allow_nan=False)))
    told = [line for line in account(found).splitlines()[3:20] if "/" not in line]
    assert max(map(len, told)) <= WIDTH
    return found


def exact(found: Comparison) -> set[str]:
    """What failed, times left out: they are no test's to judge on a busy machine."""
    return {one.what for one in found.differences if one.verdict == "failed" and one.kind != "time"}


def test_settings_that_keep_the_planner_from_an_index_are_found(
    server: Server, policy: ComparePolicy, tmp_path: Path
) -> None:
    """By the blocks, with the cause."""
    path = tmp_path / "no_bitmaps.conf"
    path.write_text("enable_bitmapscan = off\nenable_indexscan = off\n")

    found = compared(server, policy, Spec("indexes", "seed"), Spec("settings", str(path)))

    assert found.verdict == "failed"
    assert [what for what in exact(found) if what.startswith("list_queue,")]
    assert {one.kind for one in found.differences} >= {"plan", "log", "time", "space"}


def test_a_setting_of_the_whole_server_is_refused(server: Server, policy: ComparePolicy, tmp_path: Path) -> None:
    """It cannot be one side's."""
    path = tmp_path / "server.conf"
    path.write_text("shared_buffers = 1GB\n")

    with pytest.raises(UsageError) as raised:
        compared(server, policy, Spec("indexes", "seed"), Spec("settings", str(path)))

    assert "shared_buffers" in str(raised.value)


def test_the_lean_indexes_cost_no_more_than_the_documents(server: Server, policy: ComparePolicy) -> None:
    """Neither blocks nor log."""
    found = compared(server, policy, Spec("indexes", "seed"), Spec("indexes", "lean"))

    assert not exact(found)
    assert [one for one in found.differences if one.kind == "log" and one.change.startswith("-")]


def test_writes_are_timed(server: Server, policy: ComparePolicy) -> None:
    """Each operation, with the interval of its ratio."""
    found = compare_now(
        Spec("indexes", "seed"),
        Spec("indexes", "lean"),
        server=server,
        policy=policy,
        effort=replace(SHORT, limit_s=0.05, writes_s=0.1),
    )

    timed = [one for one in found.differences if one.kind == "time" and one.before.endswith("ms")]
    assert {one.what for one in timed} >= {"create_ticket", "claim_next_ticket", "transition_ticket"}
    assert all("to" in one.change for one in timed)


def test_a_side_against_itself_needs_no_server(server: Server, policy: ComparePolicy) -> None:
    """There is nothing to measure."""
    found = compared(server, policy, Spec("indexes", "seed"), Spec("indexes", "seed"))

    assert found.verdict == "passed"
    assert found.differences == ()
    assert found.tickets is None


def test_copies_that_are_the_same_are_not_called_slower(server: Server) -> None:
    """
    As reads are timed when only indexes differ: both copies are compared with themselves first. Here nothing changes.

    A false alarm is promised to be one in a hundred, so that two are one in three thousand.
    """
    side = Side(name="seed", server=server)
    asked = content.query("list_queue")
    slow = {asked.name: replace(asked, sql=SQL["ask_slowly"].sql.format(query=asked.sql.rstrip().rstrip(";")))}
    gate = Gate(tolerance=0.1, limit_s=1.0, false_alarm=FALSE_ALARM / 2, miss=MISS)
    timing = Timing(bias_s=0.3, error=FALSE_ALARM)
    with side.seeded(SeedPlan(6_000, TENANTS), indexes=SEED) as template:
        ground = Copies(side, side, template)
        with ground.fresh() as (one, _):
            case = next(iter(draw(side.observe(one), queries=[asked.name])))
        verdicts = []
        for number in range(3):
            with ground.reader([case], timing, seed=number) as reader:
                verdicts.append(reader.judge(case, gate).verdict)
        with ground.reader([case], timing, seed=1) as reader:
            reader.queries = ({}, slow)
            planted = reader.judge(case, gate).verdict

    assert verdicts.count("slower") < 2
    assert planted == "slower"


def test_a_revision_that_lost_an_index_is_found(
    server: Server, policy: ComparePolicy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Two commits of a checkout, the second without the dashboard's index, and with a board in another order.

    That one query answers otherwise, which is no fault and no pass: it is named, and all others are compared.
    """
    for name in ("schema", "benchmarks"):
        subprocess.run(["cp", "-r", str(content.folder(name)), str(tmp_path)], check=True)  # noqa: S607 -- a copy
    monkeypatch.setattr(content, "root", lambda: tmp_path)
    content.statement_folder.cache_clear()
    git(tmp_path, "init", "--quiet")
    commit(tmp_path)
    indexes = tmp_path / "schema/indexes/seed.sql"
    kept = [part for part in indexes.read_text().split(";") if "idx_ticket_employee_state" not in part]
    indexes.write_text(";".join(kept))
    board = tmp_path / "schema/queries/queue.sql"
    board.write_text(board.read_text().replace("order by t.created_at desc, t.id desc;", "order by t.id;", 1))
    commit(tmp_path)
    try:
        found = compared(server, policy, Spec("git", "HEAD~1"), Spec("git", "HEAD"))
    finally:
        content.statement_folder.cache_clear()

    assert [what for what in exact(found) if what.startswith("list_employee_tickets")]
    assert found.trust.endswith("an allowance and no bound")
    [unlike] = [one for one in found.differences if one.kind == "answer"]
    assert (unlike.what, unlike.verdict) == ("list_queue", "inconclusive")
    assert not [one for one in found.differences if one.what.startswith("list_queue,")]
    assert not [one for one in found.differences if one.kind == "log" and one.verdict == "failed"]


def git(folder: Path, *arguments: str) -> None:
    """Run git there, as nobody in particular."""
    who = ["-c", "user.name=tester", "-c", "user.email=tester@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, "-C", str(folder), *arguments], check=True, capture_output=True)  # noqa: S607


def commit(folder: Path) -> None:
    """Everything as it is."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "as it is")
