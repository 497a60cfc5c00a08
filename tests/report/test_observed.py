"""What a load's server did, in figures, in a terminal and on the page."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from tests.report import sample, sample_load
from virtualq_core.report import html
from virtualq_core.report.load_results import Disturbance, Instant, Load, Observation
from virtualq_core.report.observed import observed_figures, renderable
from virtualq_core.report.plots import load_plot
from virtualq_core.report.server_plot import server_plot


def shown(load: Load) -> str:
    """As a terminal of 80 columns has it."""
    written = StringIO()
    Console(file=written, width=80, color_system=None).print(renderable(load))
    return written.getvalue()


def texts(svg: str) -> list[str]:
    """Every text of a drawing."""
    return [element.text or "" for element in ET.fromstring(svg).iter("text")]  # noqa: S314  our own drawing


def test_a_terminal_of_80_columns_shows_all_of_it() -> None:
    """Faults with their phases, figures, waits, and what could not be seen."""
    text = shown(sample_load.load())
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 80
    joined = " ".join(text.split())
    for part in (
        "stall at 6.02 s; for 510 ms",
        "longest silence 511 ms; recovery after its end 4 ms",
        "during 0 262 ms 508 ms 17,400",
        "executing a transition 0.41 ms, 21 % of the latency",
        "HOT updates 11.2 %",
        "dead rows +26,100",
        "IO:WalSync 30 %",
        "not seen: snapshots permission denied",
    ):
        assert part in joined


def test_what_was_not_measured_is_left_out() -> None:
    """A figure that is None is no zero."""
    assert observed_figures(Observation()) == []
    assert shown(replace(sample_load.load(), server=None, faults=())).strip() == ""


def test_a_fault_without_an_answer_after_it_says_so() -> None:
    """The clients never had one again."""
    fault = Disturbance(kind="crash", begin_s=1, end_s=2, hits=8)
    text = " ".join(shown(replace(sample_load.load(), faults=(fault,))).split())
    assert "sessions ended 8" in text
    assert "recovery after its end never again" in text


@pytest.mark.parametrize("is_wide", [True, False])
def test_every_panel_that_has_values_is_drawn(*, is_wide: bool) -> None:
    """Under its title, and the waits that there are by their type."""
    drawn = texts(server_plot(sample_load.load(), is_wide=is_wide, name="s"))
    titles = {"busy backends", "log written, MiB/s", "dead rows", "blocks a transaction", "processors"}
    assert titles <= set(drawn)
    assert {"running", "Lock", "LWLock", "IO"} <= set(drawn)
    assert "other" not in drawn


def test_the_time_axis_is_the_load_s_own() -> None:
    """The same ticks, from the same beginning to the same end."""
    load = sample_load.load()
    seconds = [
        [text for text in texts(plot(load, is_wide=True, name="s")) if text.endswith(" s")]
        for plot in (load_plot, server_plot)
    ]
    assert seconds[0] == seconds[1] != []


def test_a_fault_is_marked_in_both_plots() -> None:
    """By a band, and by its name in the upper one."""
    load = sample_load.load()
    calm = replace(load, faults=())
    for plot in (load_plot, server_plot):
        assert len(plot(load, is_wide=True, name="s")) > len(plot(calm, is_wide=True, name="s"))
    assert "stall" in texts(load_plot(load, is_wide=True, name="s"))


def test_no_name_of_the_results_is_drawn() -> None:
    """A fault that is not one of ours is called so; a wait is folded into the others."""
    server = Observation(samples=tuple(Instant(t_s=at, waits={"Evil<b>:x": 2}) for at in (1, 2)))
    load = replace(sample_load.load(), server=server, faults=(Disturbance(kind="<script>", begin_s=1, end_s=2),))
    drawn = [*texts(load_plot(load, is_wide=True, name="s")), *texts(server_plot(load, is_wide=True, name="s"))]
    assert "fault" in drawn
    assert "other" in drawn
    assert not [text for text in drawn if "<" in text or "Evil" in text]


@pytest.mark.parametrize("server", [None, Observation(), Observation(samples=(Instant(t_s=1.0),))])
def test_a_load_without_samples_has_no_plot_of_them(server: Observation | None) -> None:
    """And its page is whole all the same."""
    load = replace(sample_load.load(), server=server, faults=())
    assert server_plot(load, is_wide=True, name="s") == ""
    assert 'id="load"' in html.render(replace(sample.passed(), load=load))


def test_a_load_alone_has_a_page_of_its_own() -> None:
    """It is called a load there, not a check."""
    page = html.render(replace(sample.passed(), profile="load", budgets=(), plans=(), requirements=()))
    assert "VirtualQ load" in page
    assert "What the server did meanwhile" in page
    assert "profile" not in page.partition("<main")[0].partition("<body")[2]
