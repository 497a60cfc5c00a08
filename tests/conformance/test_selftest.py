"""The self-test: what its files say, what becomes of mutants and controls, and what is published of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from virtualq_core import content
from virtualq_core.cli.selftest import told
from virtualq_core.conformance.requirement import load
from virtualq_core.conformance.selftest import verdict as verdicts
from virtualq_core.conformance.selftest.campaign import choose, draw, run_selftest
from virtualq_core.conformance.selftest.page import as_markdown, mutant_row
from virtualq_core.conformance.selftest.specimen import read_controls, read_mutants
from virtualq_core.conformance.selftest.verdict import ControlResult, MutantResult, SelfTestResult
from virtualq_core.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtualq_core.conformance.selftest.specimen import Specimen
    from virtualq_core.database.server import Server

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "kill-matrix.md"
REQUIREMENTS = """
families.AAA = "first"
families.BBB = "second"
families.CON = "slow"
[AAA-001]
level = "must"
text = "The table of tickets has no comment."
source = "VirtualQ"
since = "0.1"
[AAA-002]
level = "must"
text = "Nor does it end in a query."
source = "VirtualQ"
since = "0.1"
[BBB-001]
level = "should"
text = "The table of queues has no comment."
source = "VirtualQ"
since = "0.1"
[CON-001]
level = "must"
text = "It holds."
source = "VirtualQ"
since = "0.1"
"""
SQL = content.beside(__file__, "test_selftest.sql")
SUITE = f"""
from pathlib import Path
import pytest
from virtualq_core import content

SQL = content.statements(Path({str(Path(__file__).with_suffix(".sql"))!r}))

def comment(server, table):
    with server.maintenance.connect() as connection:
        found = connection.execute(SQL["read_comment"].sql, {{"table": table}}).fetchone()[0]
        if found == "mistake":
            connection.execute(SQL["call_nothing"].sql)
    return found

@pytest.fixture
def ticket(server):
    found = comment(server, "virtualq.ticket")
    if found == "fixture":
        raise LookupError(found)
    return found

@pytest.mark.requirement("AAA-001")
def test_ticket(ticket, expect):
    expect.equal(ticket, None)

@pytest.mark.requirement("AAA-002")
def test_ticket_is_no_question(server, expect):
    expect.holds(not (comment(server, "virtualq.ticket") or "").endswith("?"), "?", "no question")

@pytest.mark.requirement("BBB-001")
def test_queue(server, expect):
    expect.equal(comment(server, "virtualq.queue"), None)

@pytest.mark.requirement("CON-001")
def test_slow(subject):
    assert subject.name
"""


def write(folder: Path, **files: str) -> Path:
    """Files of a folder, by their names without the suffix; what begins like a docstring is Python."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        suffix = "py" if text.startswith('"""') else "sql"
        (folder / f"{name}.{suffix}").write_text(text, encoding="utf-8")
    return folder


def mutant(statement: str, breaks: str = "AAA-001") -> str:
    """The file of a mutant."""
    return f"-- It is wrong.\n-- breaks: {breaks}\n{SQL[statement].sql};\n"


def control(statement: str) -> str:
    """The file of a control."""
    return f"-- It is right.\n-- subject: procedural, orm\n{SQL[statement].sql};\n"


def test_the_shipped_mutants_and_controls_are_sound() -> None:
    """Each says what is wrong and names rules that exist; there are enough of them, and two right designs."""
    mutants, controls = read_mutants(load()), read_controls()

    assert len(mutants) >= 60
    assert len(controls) >= 2
    assert all(each.sentence.endswith(".") for each in [*mutants, *controls])


def test_the_page_lists_every_mutant_and_each_was_killed() -> None:
    """By one of the rules that it breaks, with the sentence and the rules as the file has them now."""
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    caught = {row.split("|")[1].strip(" `"): row.rsplit("|", 2)[1].strip().split(", ") for row in rows}

    for each in read_mutants(load()):
        rules = tuple(caught.pop(each.name))
        shown = MutantResult(each.name, each.group, each.sentence, each.breaks, "killed", rules, 0)
        assert mutant_row(shown) in rows
        assert not {*rules}.isdisjoint(each.breaks), each.name
    assert caught == {}


def test_a_file_says_what_it_is(tmp_path: Path) -> None:
    """The sentence may go over several lines; subjects and rules are lists; a docstring says the same as a comment."""
    write(tmp_path / "one", first="-- It is\n-- wrong: badly.\n-- breaks: AAA-001, BBB-001\n-- subject: orm\nselect 1;")
    write(tmp_path / "two", second='"""\nIt is\nwrong.\n\nbreaks: BBB-001\n"""\nsubject = None\n')
    write(tmp_path, requirements=REQUIREMENTS).joinpath("requirements.sql").rename(tmp_path / "requirements.toml")

    first, second = read_mutants(load(tmp_path / "requirements.toml"), tmp_path)
    assert (first.name, first.group, first.sentence) == ("first", "one", "It is wrong: badly.")
    assert (first.subjects, first.breaks) == (("orm",), ("AAA-001", "BBB-001"))
    assert (second.sentence, second.breaks, second.sql) == ("It is wrong.", ("BBB-001",), None)
    assert second.subjects == (str(tmp_path / "two" / "second.py"),)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"a": "-- It is wrong.\nselect 1;"}, "the mutant a.sql breaks nothing"),
        ({"a": "-- breaks: TRN-001\nselect 1;"}, "a.sql does not say what it is"),
        ({"a": "select 1;"}, "a.sql does not say what it is"),
        ({"a": "-- It is wrong.\n-- breaks: TRN-999\nselect 1;"}, "breaks TRN-999, which is no requirement"),
        ({"a": "-- It is wrong.\n-- breaks: TRN-001\n-- subject: imaginary\n"}, "no subject named 'imaginary'"),
        ({"a": '"""It is wrong.\n\nbreaks: TRN-001\n"""\nsubject = ('}, "a.py is no Python file"),
    ],
    ids=["no-rule", "no-sentence", "no-header", "unknown-rule", "unknown-subject", "no-python"],
)
def test_a_file_that_does_not_say_it_is_an_error(tmp_path: Path, files: dict[str, str], said: str) -> None:
    """A mutant that breaks nothing known would never be missed."""
    write(tmp_path / "group", **files)

    with pytest.raises(UsageError, match=said):
        read_mutants(load(), tmp_path)


def test_a_name_is_one_mutants(tmp_path: Path) -> None:
    """In whatever group; it is what the mutant is called for."""
    for group in ("one", "two"):
        write(tmp_path / group, same=mutant("mark_queue", "TRN-001"))

    with pytest.raises(UsageError, match="two mutants are called 'same'; observed one and two"):
        read_mutants(load(), tmp_path)


def test_a_control_breaks_nothing(tmp_path: Path) -> None:
    """It is right."""
    write(tmp_path, wrong=mutant("mark_queue"))

    with pytest.raises(UsageError, match=r"the control wrong.sql breaks AAA-001"):
        read_controls(tmp_path)


def test_a_sample_is_drawn_from_all_groups(tmp_path: Path) -> None:
    """The same seed draws the same, another one others; none is drawn twice."""
    for group in "abc":
        names = {f"{group}{number}": mutant("mark_queue", "TRN-001") for number in range(9)}
        write(tmp_path / group, **names)
    mutants = read_mutants(load(), tmp_path)

    drawn = draw(mutants, 7, seed=1)
    assert sorted(sum(each.group == group for each in drawn) for group in "abc") == [2, 2, 3]
    assert len({each.name for each in drawn}) == 7
    assert draw(mutants, 7, seed=1) == drawn
    assert any(draw(mutants, 7, seed=seed) != drawn for seed in range(2, 6))
    assert draw(mutants, 99, seed=1) == mutants


def test_an_unknown_name_is_an_error_of_usage() -> None:
    """With what it may have meant."""
    with pytest.raises(UsageError, match="no mutant or control named 'validating_triger'; expected validating_trigger"):
        choose(read_controls(), ["validating_triger"])


KILLED = MutantResult("one", "group", "It is wrong.", ("AAA-001",), "killed", ("AAA-001", "BBB-001"), 1.0)
PASSED = ControlResult("right", "It is right.", ("procedural",), "passed", 3, (), ("BBB-001",), 1.0)


@pytest.mark.parametrize(
    ("mutant_verdict", "control_verdict", "exit_code"),
    [
        ("killed", "passed", ExitCode.PASSED),
        ("survived", "passed", ExitCode.FAILED),
        ("not applied", "passed", ExitCode.FAILED),
        ("killed", "failed", ExitCode.FAILED),
        ("killed", "not applied", ExitCode.FAILED),
        ("killed", "inconclusive", ExitCode.INCONCLUSIVE),
        ("survived", "inconclusive", ExitCode.FAILED),
    ],
)
def test_one_survivor_or_one_failed_control_fails_it(
    mutant_verdict: str, control_verdict: str, exit_code: ExitCode
) -> None:
    """All mutants are killed and all controls pass, or it has failed."""
    mutants = (KILLED, replace(KILLED, verdict=mutant_verdict))

    assert SelfTestResult(mutants, (replace(PASSED, verdict=control_verdict),), 1.0).exit_code == exit_code


def test_it_is_told_in_80_columns() -> None:
    """A line for each, and for what went wrong the rule that should have caught it and the command that repeats it."""
    long = replace(KILLED, name="a" * 44, breaks=("AAA-002",), verdict="survived", sentence="It is wrong. " * 20)
    failed = replace(PASSED, verdict="failed", broken=("AAA-001",), detail="AAA-001 failed: " + "this and that " * 20)

    lines = list(told(SelfTestResult((KILLED, long), (PASSED, failed), 12.3)))
    assert all(len(line) <= 80 for line in lines if "next:" not in line)
    assert "group: 1 of 2 killed" in lines
    assert "  expected AAA-002 to catch it" in lines
    assert "  observed AAA-001, BBB-001" in lines
    assert f"  next: virtualq conform --self-test --mutant {'a' * 44}" in lines
    assert lines[-1] == "failed: 1 of 2 mutants killed, 1 of 2 controls passed; 12.3 s"


def test_the_results_are_as_their_schema_says() -> None:
    """What is printed as JSON can be read by it; what is not in it is refused."""
    schema = json.loads(Path(verdicts.__file__).with_name("selftest.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    document = json.loads(json.dumps(SelfTestResult((KILLED,), (PASSED,), 1.0).as_json()))

    assert list(validator.iter_errors(document)) == []
    assert list(validator.iter_errors({**document, "verdict": "so-so"})) != []


def test_the_page_shows_a_survivor_as_one() -> None:
    """What caught it besides is no kill."""
    survivor = replace(KILLED, name="two", verdict="survived")

    page = as_markdown(SelfTestResult((KILLED, survivor), (PASSED,), 1.0), load())

    assert "| `one` | It is wrong. | AAA-001 | AAA-001, BBB-001 |" in page
    assert "| `two` | It is wrong. | AAA-001 | **survived** |" in page
    assert "1 of 2 mutants killed" in page


@pytest.fixture
def tiny(server: Server, tmp_path: Path) -> Callable[..., SelfTestResult]:
    """Tries mutants, and controls if there are any, on a suite of four rules."""
    suite = tmp_path / "suite"
    suite.mkdir()
    (suite / "requirements.toml").write_text(REQUIREMENTS, encoding="utf-8")
    (suite / "test_tiny.py").write_text(SUITE, encoding="utf-8")

    def run(mutants: dict[str, str], controls: dict[str, str] | None = None) -> SelfTestResult:
        found: list[Specimen] = read_mutants(
            load(suite / "requirements.toml"), write(tmp_path / "mutants" / "group", **mutants).parent
        )
        right = read_controls(write(tmp_path / "controls", **(controls or {})))
        return run_selftest(server, found, right, has_collateral=True, suite=suite)

    return run


@pytest.mark.server
@pytest.mark.slow
def test_each_mutant_has_its_verdict(tiny: Callable[..., SelfTestResult]) -> None:
    """Killed by its own rule; survived if only another one sees it; not applied where nothing was tried."""
    result = tiny(
        {
            "caught": mutant("mark_ticket_with_a_question"),
            "caught_by_one_of_two": mutant("mark_queue", "AAA-001, BBB-001"),
            "caught_by_another": mutant("mark_queue"),
            "harmless": mutant("mark_tenant", "CON-001"),
            "no_sql": mutant("mark_nothing"),
            "ends_its_transaction": mutant("mark_ticket_and_commit"),
            "breaks_the_test": mutant("mark_ticket_for_a_mistake"),
            "breaks_the_fixture": mutant("mark_ticket_for_the_fixture"),
            "no_subject": '"""\nIt is wrong.\n\nbreaks: CON-001\n"""\nsubject = no_such_name\n',
        }
    )

    found = {each.name: (each.verdict, each.caught_by) for each in result.mutants}
    assert found == {
        "caught": ("killed", ("AAA-001", "AAA-002")),
        "caught_by_one_of_two": ("killed", ("BBB-001",)),
        "caught_by_another": ("survived", ("BBB-001",)),
        "harmless": ("survived", ()),
        "no_sql": ("not applied", ()),
        "ends_its_transaction": ("not applied", ()),
        "breaks_the_test": ("not applied", ()),
        "breaks_the_fixture": ("not applied", ()),
        "no_subject": ("not applied", ()),
    }
    said = {each.name: each.detail for each in result.mutants}
    assert "42P01" in said["no_sql"]
    assert "ends the transaction" in said["ends_its_transaction"]
    assert "no_such_function" in said["breaks_the_test"]
    assert "LookupError" in said["breaks_the_fixture"]
    assert "no_such_name" in said["no_subject"]
    assert result.exit_code == ExitCode.FAILED


@pytest.mark.server
@pytest.mark.slow
def test_a_control_that_is_failed_fails_the_self_test(tiny: Callable[..., SelfTestResult]) -> None:
    """It names the rule; one that passes is as good as the suite."""
    result = tiny(
        {"caught": mutant("mark_ticket")},
        {"right": control("mark_tenant"), "wrong": control("mark_ticket")},
    )

    right, wrong = result.controls
    assert (right.verdict, right.requirements, right.broken) == ("passed", 4, ())
    assert (wrong.verdict, wrong.broken) == ("failed", ("AAA-001",))
    assert "AAA-001 failed: 'wrong'" in wrong.detail
    assert [each.verdict for each in result.mutants] == ["killed"]
    assert result.exit_code == ExitCode.FAILED


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.requires("own_server")
def test_what_all_databases_share_is_changed_on_a_server_apart(
    server: Server, tiny: Callable[..., SelfTestResult]
) -> None:
    """A role that a mutant alters is altered where nobody else is."""
    [result] = tiny({"alters_a_role": mutant("alter_role")}).mutants
    assert (result.verdict, result.caught_by) == ("killed", ("AAA-001",))
    with server.maintenance.connect() as connection:
        limit = connection.execute(SQL["read_connection_limit"].sql).fetchone()
    assert limit != (7,)
