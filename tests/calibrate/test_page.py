"""A calibration as people read it."""

from __future__ import annotations

from dataclasses import replace

from tests.calibrate.sample import calibration
from virtualq_core.calibrate.page import Tried, markdown, summary
from virtualq_core.measure.fault import Outcome


def test_the_page_says_what_was_found_with_intervals() -> None:
    """False alarms, power, the smallest change, and the machine that they come from."""
    page = markdown(calibration())

    assert page.startswith("# Trust\n")
    one_connection = "the query with itself, on one connection"
    assert f"| {one_connection} | 300 | **1** | < 0.1 % to 1.84 % | 0.5 % | 0 | 0 | 0 | 2.51 s |" in page
    assert "| two copies of the database | 60 | **0** | 0 % to 5.96 % |" in page
    assert "| 10 % | 10 s | 59 of 60 | 91.1 % to 100 % | 1 | 0 | 2.51 s |" in page
    assert "| 10 s | 3.1 % | 2.9 % to 3.4 % | 2 of 500 | 25 |" in page
    assert "foretold that 99.8 % of the trials would find it within 10 s, and 17 of 24 did" in " ".join(page.split())
    assert "| 10 % | 9.95 % to 9.95 % | 0 % | 0 of 60 | 0 of 60 | 0 of 60 |" in page
    assert "| 99 % | 1.63 % | 1.32 % |" in page
    assert "promise of the gate is broken" not in page
    assert "AMD EPYC 7763" in page
    assert page.endswith("\n")


def test_the_page_can_say_that_nothing_is_found() -> None:
    """On a machine that is too noisy."""
    assert "| 10 s | none | open to open | 2 of 500 | 25 |" in markdown(calibration(smallest_change=None))


def test_a_broken_promise_stands_at_the_top() -> None:
    """And is named."""
    page = markdown(calibration(alarms=20))

    assert "**A promise of the gate is broken here: same, 0 %.**" in page.split("## False alarms", maxsplit=1)[0]
    assert "  a promise of the gate is broken" in summary(calibration(alarms=20)).splitlines()


def test_a_summary_is_a_few_lines() -> None:
    """One for the query, one for each kind of trial, with a second where work was planted, one for each time."""
    first, same, planted, truth, near, _, copies, reach = summary(calibration()).splitlines()

    assert first == "list_queue of 20,000 tickets: 2.07 ms a request, load 1.21"
    assert same.startswith("false alarms within 10 s: 1 of 300 (")
    assert planted.startswith("10 % slower, found within 10 s: 59 of 60 (")
    assert truth.startswith(
        "  planted in truth: 9.95 % to 9.95 % in the mean, spread 0 %; intervals beside the truth: 0"
    )
    assert near.startswith("2.3 % slower, found within 10 s: 17 of 24 (")
    assert near.endswith("99.8 % foretold")
    assert copies.startswith("false alarms on two copies within 10 s: 0 of 60 (")
    assert reach.startswith("smallest change found within 10 s: 3.1 %")


def test_the_page_tells_what_was_planted_and_what_was_tried() -> None:
    """With how many of how many; what could not be tried is named with its reason."""
    untried = Outcome(
        fault="another",
        sentence="An index is dropped.",
        caught_by="board must_be_served_by",
        expected="missing-index",
        skipped="no superuser",
    )
    missed = replace(untried, skipped="", is_sound_before=True, verdict="passed")
    caught = replace(missed, verdict="failed", named="missing-index", observed_before="idx", observed_after="no index")
    proposals = [
        Tried(
            name="lean", known_answer="accept", verdicts=("accept", "inconclusive"), reads="a", writes="b", space="c"
        ),
        Tried(name="useless", known_answer="reject", verdicts=("reject", "accept"), reads="a", writes="b", space="c"),
    ]

    page = markdown(calibration(), [caught, missed, untried], proposals)

    assert "1 of 2 were caught" in page
    assert "**not caught**" in page
    assert "Not tried: An index is dropped. (no superuser)." in page
    assert "Of 4 trials 2 gave it, 1 gave the\nopposite" in page
    assert "| `lean` | accept | accept, inconclusive | a | b | c |" in page
    assert [one.wrong for one in proposals] == [0, 1]
    assert "virtualq calibrate --everything --markdown" in page


def test_a_page_without_them_has_no_such_section() -> None:
    """What was not tried is not told."""
    page = markdown(calibration())

    assert "Index trials" not in page
    assert "--everything" not in page
