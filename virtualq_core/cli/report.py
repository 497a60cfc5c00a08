"""`virtualq report`: the results of an earlier check, shown again in another form."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from virtualq_core.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from virtualq_core.report.results import Results

app = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})


class Form(StrEnum):
    """A form of the results."""

    console = "console"
    html = "html"
    junit = "junit"
    github = "github"


_BY_SUFFIX = {".html": Form.html, ".htm": Form.html, ".xml": Form.junit, ".txt": Form.console}


@app.command()
def report(
    results: Annotated[Path, typer.Argument(metavar="RESULTS.json", help="The results.json of an earlier check.")],
    form: Annotated[
        Form | None,
        typer.Option("--format", help="console, html, junit or github; by default what the name after --out ends in."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Where it goes; by default to stdout.")
    ] = None,
) -> int:
    """
    Show the results of an earlier check: on the terminal, or as a page, JUnit XML or GitHub annotations.

    Exits 0 where they could be shown, whatever their verdict: `virtualq check` has said that.

    Example: virtualq report out/smoke/results.json --out report.html
    """
    from virtualq_core.report import render_console
    from virtualq_core.report.document import read, write_text

    wanted = form or _form(out)
    known = read(results)
    if out is not None:
        if out.resolve() == results.resolve():
            raise UsageError(f"--out names the results themselves, {out}", next_step="name another file")
        write_text(out, _rendered(known, wanted))
        typer.echo(f"wrote {out}", err=True)
    elif wanted is Form.console:
        render_console(known)
    else:
        typer.echo(_rendered(known, wanted), nl=False)
    return ExitCode.PASSED


def _form(out: Path | None) -> Form:
    if out is None:
        return Form.console
    if out.suffix.lower() not in _BY_SUFFIX:
        raise UsageError(
            f"what to write into {out} cannot be told from its name",
            expected=f"a name that ends in {', '.join(_BY_SUFFIX)}, or --format",
        )
    return _BY_SUFFIX[out.suffix.lower()]


def _rendered(results: Results, form: Form) -> str:
    if form is Form.html:
        from virtualq_core.report import html

        return html.render(results)
    from virtualq_core.report import console, github, junit

    return {Form.console: console.render, Form.junit: junit.render, Form.github: github.render}[form](results)
