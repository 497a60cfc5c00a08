"""`virtualq report`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from tests.report import sample
from virtualq_core.cli.report import app
from virtualq_core.errors import EnvironmentFault, UsageError
from virtualq_core.report import write_reports

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results.json of a failed check."""
    return write_reports(sample.failed(), tmp_path_factory.mktemp("run")).results


def test_all_reports_of_a_run_are_written(tmp_path: Path) -> None:
    """Four files, the folder made where it was missing."""
    written = write_reports(sample.passed(), tmp_path / "deep" / "run")

    assert sorted(path.name for path in written.results.parent.iterdir()) == [
        "badge.svg",
        "junit.xml",
        "report.html",
        "results.json",
    ]
    assert json.loads(written.results.read_text(encoding="utf-8"))["verdict"] == "passed"
    assert written.html.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("form", "beginning"),
    [
        ("console", "\nFailed: TRN-001 does not hold"),
        ("junit", '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="virtualq check"'),
        ("github", "::error title=VirtualQ failed::Failed: "),
        ("html", "<!DOCTYPE html>"),
    ],
)
def test_each_form_goes_to_stdout(stored: Path, form: str, beginning: str) -> None:
    """Alone, so that it can be piped."""
    shown = CliRunner().invoke(app, [str(stored), "--format", form])

    assert shown.exit_code == 0, shown.output
    assert shown.stdout.startswith(beginning)


@pytest.mark.parametrize(
    ("name", "beginning"), [("page.html", "<!DOCTYPE html>"), ("junit.xml", "<?xml"), ("told.txt", "\nFailed: ")]
)
def test_the_files_name_tells_the_form(stored: Path, tmp_path: Path, name: str, beginning: str) -> None:
    """And what was written is the same as check would have written."""
    shown = CliRunner().invoke(app, [str(stored), "--out", str(tmp_path / name)])

    assert shown.exit_code == 0, shown.output
    assert (tmp_path / name).read_text(encoding="utf-8").startswith(beginning)
    assert shown.stdout == ""


def test_without_options_it_is_for_the_terminal(stored: Path) -> None:
    """The short form, and no file is written."""
    shown = CliRunner().invoke(app, [str(stored)])

    assert "What did not pass, and why" in shown.stdout


def test_a_name_that_tells_no_form_is_refused(stored: Path, tmp_path: Path) -> None:
    """Rather than guessed."""
    shown = CliRunner().invoke(app, [str(stored), "--out", str(tmp_path / "report.pdf")])

    assert isinstance(shown.exception, UsageError)
    assert not (tmp_path / "report.pdf").exists()


def test_the_results_are_not_written_over(stored: Path) -> None:
    """Whatever form is asked for."""
    before = stored.read_bytes()

    shown = CliRunner().invoke(app, [str(stored), "--format", "html", "--out", str(stored)])

    assert isinstance(shown.exception, UsageError)
    assert stored.read_bytes() == before


def test_a_missing_file_is_an_error_of_the_environment(tmp_path: Path) -> None:
    """With what to name instead."""
    shown = CliRunner().invoke(app, [str(tmp_path / "results.json")])

    assert isinstance(shown.exception, EnvironmentFault)
