"""The page: complete, self-contained, well-formed, escaped, readable."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from tests.report import sample, sample_plan
from virtualq_core.report import html

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtualq_core.report.results import Results

SECTIONS = [
    "stages",
    "budgets",
    "latencies",
    "plans",
    "load",
    "subjects",
    "guarantees",
    "pools",
    "requirements",
    "environment",
    "reproduce",
]
CONTRAST_AA = 4.5


@cache
def _page(name: str) -> str:
    results: Results = getattr(sample, name)()
    return html.render(results)


def _tree(page: str) -> ET.Element:
    return ET.fromstring(page.partition("<!DOCTYPE html>")[2])  # noqa: S314  our own page


def _text(element: ET.Element | None) -> str:
    assert element is not None
    return " ".join(" ".join(element.itertext()).split())


def _section(page: str, name: str) -> ET.Element:
    found = _tree(page).find(f".//section[@id='{name}']")
    assert found is not None
    return found


@pytest.mark.parametrize("name", ["passed", "failed", "inconclusive", "broken_off"])
def test_the_page_is_well_formed_and_its_references_hold(name: str) -> None:
    """Every tag closes, every identifier is unique, and every reference within the page finds its target."""
    tree = _tree(_page(name))

    identifiers = [element.get("id") for element in tree.iter() if element.get("id")]
    assert len(identifiers) == len(set(identifiers))
    referred = {(element.get("href") or "").removeprefix("#") for element in tree.iter("a")}
    referred |= {element.get("aria-labelledby") or "" for element in tree.iter()} - {""}
    referred |= set(re.findall(r"url\(#([\w-]+)\)", _page(name)))
    assert referred <= set(identifiers)


@pytest.mark.parametrize("name", ["passed", "failed", "inconclusive", "broken_off"])
def test_the_page_asks_for_nothing(name: str) -> None:
    """No address, no external file, and a policy that would refuse one."""
    page = _page(name)

    assert "://" not in page
    assert not re.search(r"\b(?:src|srcset|action|data|poster)=|@import|url\((?!#)|<(?:link|img|iframe|object)", page)
    assert {element.get("href", "")[:1] for element in _tree(page).iter("a")} == {"#"}
    assert "default-src 'none'" in page


def test_the_verdict_comes_first_with_its_numbers() -> None:
    """The first heading is the verdict in one sentence."""
    heading = _text(_tree(_page("failed")).find(".//h1"))

    assert heading.endswith(
        "167 ms, 100 ms allowed, and 2 more budgets broken; 2 violations in the history that the load wrote."
    )
    assert "Failed" in heading


def test_a_failed_check_shows_all_sections_and_the_reasons_first() -> None:
    """What failed and why stands right after the verdict."""
    sections = [section.get("id") for section in _tree(_page("failed")).findall("./body/main/section")]

    assert sections == ["problems", *SECTIONS]


def test_a_passed_check_shows_all_sections_but_no_reasons() -> None:
    """There is nothing to explain."""
    sections = [section.get("id") for section in _tree(_page("passed")).findall("./body/main/section")]

    assert sections == SECTIONS


def test_a_check_that_broke_off_shows_what_there_is() -> None:
    """No empty table and no axis without data."""
    tree = _tree(_page("broken_off"))

    sections = [section.get("id") for section in tree.findall("./body/main/section")]
    assert sections == ["problems", "stages", "environment", "reproduce"]
    assert {element.get("href") for element in tree.findall(".//nav//a")} == {f"#{name}" for name in sections}


def test_each_problem_tells_its_four_parts() -> None:
    """Code, what, observed, expected and the next step."""
    problems = _text(_section(_page("failed"), "problems"))

    for part in (
        "plan-index",
        f"list_queue is not served by {sample_plan.QUEUE_INDEX}",
        "observed a sequential scan of virtualq.ticket",
        f"expected {sample_plan.QUEUE_INDEX}",
        "next create the index",
    ):
        assert part in problems


def test_two_plans_stand_side_by_side() -> None:
    """Preformatted, below the problem's parts."""
    shown = ["".join(element.itertext()) for element in _section(_page("failed"), "problems").iter("pre")]

    assert sample_plan.QUEUE_COMPARISON in shown


def test_pools_show_their_knees_and_what_is_missing() -> None:
    """A kind that was skipped or failed stands there by name, with the reason."""
    said = _text(_section(_page("passed"), "pools"))

    assert "psycopg knee at 4 (4 to 8); nothing left for the next client, seen 4 times" in said
    assert "pgbouncer-transaction knee at 4; PgBouncer 1.24.1" in said
    assert "pgbouncer-session – skipped missing: PgBouncer" in said
    assert "sqlalchemy ✕ failed the tenant of one client is still set" in said
    assert "3 got none in time" in said


def test_budgets_show_observed_interval_and_limit_with_units() -> None:
    """And a bar whose description says the share."""
    section = _section(_page("passed"), "budgets")

    said = _text(section)
    for part in ("71.4 ms", "66 to 79.8 ms", "at most 100 ms", "1,012 blocks", "at least 500 transitions/s"):
        assert part in said
    bars = section.findall(".//svg")
    assert len(bars) == 6
    assert all(_text(bar.find("title")).endswith("of the limit") for bar in bars)


def test_budgets_stand_under_their_promise() -> None:
    """Its name is said once, with the query that it is about."""
    groups = _section(_page("passed"), "budgets").findall(".//tbody")

    assert [_text(group.find("./tr[@class='group']")) for group in groups] == [
        "queue_monitoring list_queue",
        "employee_dashboard list_employee_tickets",
        "custom_data_search search_custom_data",
        "load",
    ]
    assert [_text(row.find("th")).split()[0] for row in groups[0].findall("tr")[1:]] == [
        "p99",
        "buffers",
        "growth",
        "serving",
    ]


def test_of_several_tenants_the_slowest_is_drawn_first() -> None:
    """The others are there, folded away; all have their query's budget."""
    base = sample.passed()
    variants = [replace(base.latencies[0], name=f"list_queue ({name} tenant)", p99=p99) for name, p99 in _TENANTS]

    section = _section(html.render(replace(base, latencies=tuple(variants))), "latencies")

    assert [_text(one) for one in section.findall(_MULTIPLES)] == ["list_queue (big tenant)"]
    folded = [_text(one) for one in section.findall(f"details/{_MULTIPLES}")]
    assert folded == ["list_queue (median tenant)", "list_queue (empty tenant)"]
    plots = [element for element in section.iter("div") if element.get("class") == "plot"]
    assert all("budget 100 ms" in plot.get("aria-label", "") and "budget 100 ms" in _text(plot) for plot in plots)


_TENANTS = (("median", 8.0), ("big", 12.0), ("empty", 3.0))
_MULTIPLES = "div[@class='multiples']/figure/figcaption/h3"


def test_the_queue_plan_is_open_and_names_its_index() -> None:
    """It comes first, whatever the order of the plans, with buffers beside it."""
    base = sample.passed()
    page = html.render(replace(base, plans=base.plans[::-1]))

    first = _section(page, "plans").find("details")

    assert first is not None
    assert first.get("open")
    assert _text(first.find("summary")).startswith("list_queue")
    assert _text(first.find(".//mark")) == sample_plan.QUEUE_INDEX
    assert "buffers 1,012" in _text(first)


def test_a_failed_plan_points_at_the_scan() -> None:
    """The sequential scan is marked, in words that stand without colour."""
    (mark,) = _section(_page("failed"), "plans").findall("./details/pre/mark[@class='bad']")

    assert _text(mark) == "Seq Scan on virtualq.ticket"


def test_every_requirement_is_there_with_its_evidence() -> None:
    """By family, collapsed, except where one does not hold."""
    families = _section(_page("failed"), "requirements").findall("details")

    assert [_text(family.find("summary/strong")) for family in families] == list(sample.FAMILIES.values())
    assert [_text(family.find("summary/strong")) for family in families if family.get("open")] == ["transition"]
    assert "received → completed was accepted; expected 23514" in _text(families[1])


def test_violations_stand_under_their_invariant_with_evidence() -> None:
    """The ticket, and the lines that show it."""
    (broken,) = [item for item in _section(_page("failed"), "load").iter("li") if "edges-are-legal" in _text(item)]

    assert "failed" in _text(broken)
    assert "ticket 1841 of tenant 7: seq 2 takes 'pickup'" in _text(broken)
    assert "op 01970c3e" in _text(broken.find(".//pre"))


def test_the_whole_environment_is_shown() -> None:
    """Every name and every value, nested ones too."""
    said = _text(_section(_page("passed"), "environment"))

    for value in (
        "AMD EPYC 7763",
        "23.5 GiB (25,282,527,232 bytes)",
        "fsync yes",
        "shared_buffers 4GB",
        "psycopg 3.3.9",
    ):
        assert value in said


def test_the_run_can_be_repeated_from_the_page() -> None:
    """Command, seed and dataset hash."""
    said = _text(_section(_page("passed"), "reproduce"))

    for part in ("virtualq check --profile smoke --out out", "seed 1", "dataset b3f1a0c95e7d2246"):
        assert part in said


def test_every_plot_says_in_words_what_it_shows() -> None:
    """For those who do not see it."""
    tree = _tree(_page("passed"))
    plots = [element for element in tree.iter("div") if element.get("class") == "plot"]

    assert len(plots) == 14
    for plot in plots:
        assert plot.get("role") == "img"
        assert re.search(r"\d", plot.get("aria-label", ""))


@pytest.mark.parametrize("name", ["passed", "failed", "broken_off"])
def test_headings_descend_without_gaps(name: str) -> None:
    """One first heading; no level is left out."""
    levels = [int(element.tag[1]) for element in _tree(_page(name)).iter() if re.fullmatch(r"h[1-6]", element.tag)]

    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_the_page_has_landmarks_and_its_language() -> None:
    """Header, navigation, main, footer, and a way past the header."""
    tree = _tree(_page("passed"))

    assert tree.get("lang") == "en"
    for landmark in ("header", "main", "footer"):
        assert len(tree.findall(f"./body/{landmark}")) == 1
    assert tree.find(".//nav[@aria-label]") is not None
    assert [link.get("href") for link in tree.findall("./body/a")] == ["#main"]


def test_hostile_text_stays_text() -> None:
    """Whatever the results hold, the page has the same elements and attributes, and shows the text."""
    text = "<script>alert(1)</script><svg onload=alert(2)>\"'`{{ 7*7 }}&amp;\x00\x1b\u202e"

    hostile = _tree(html.render(sample.hostile(text)))
    harmless = _tree(html.render(sample.hostile("harmless")))

    assert _skeleton(hostile) == _skeleton(harmless)
    assert "<script>alert(1)</script><svg onload=alert(2)>\"'`{{ 7*7 }}&amp;���" in _text(hostile)
    assert len(list(hostile.iter("script"))) == 1


def _skeleton(tree: ET.Element) -> list[tuple[str, list[str]]]:
    return [(element.tag, sorted(element.keys())) for element in tree.iter()]


def test_the_same_results_give_the_same_page() -> None:
    """Byte for byte."""
    assert html.render(sample.failed()) == _page("failed")


def test_the_page_is_of_modest_size() -> None:
    """It can be mailed."""
    assert len(_page("failed").encode()) < 200_000


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
def test_text_has_enough_contrast(scheme: str) -> None:
    """WCAG's AA, 4.5 to 1, for every pair of text and ground in use."""
    colours = dict(_colours(_page("passed"), scheme))
    pairs = [(text, ground) for text in ("ink", "muted", "series", "accent", "limit") for ground in ("paper", "panel")]
    pairs += [(verdict, "paper") for verdict in ("passed", "failed", "inconclusive", "skipped")]
    pairs += [(verdict, f"{verdict}-soft") for verdict in ("passed", "failed", "inconclusive", "skipped")]

    weak = {pair: round(_contrast(colours[pair[0]], colours[pair[1]]), 2) for pair in pairs}

    assert {pair: found for pair, found in weak.items() if found < CONTRAST_AA} == {}


def _colours(page: str, scheme: str) -> Iterator[tuple[str, str]]:
    light, dark, printed = re.findall(r":root \{(.*?)\}", page, flags=re.DOTALL)
    chosen = {"light": light, "dark": light + dark, "print": light + printed}[scheme]
    yield from re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})", chosen)


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    digits = colour.removeprefix("#")
    parts = [part * 2 for part in digits] if len(digits) == 3 else [digits[at : at + 2] for at in (0, 2, 4)]
    linear = [
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4
        for share in (int(part, 16) / 255 for part in parts)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_dark_and_print_have_every_colour_of_their_own() -> None:
    """No light ground is left behind in the dark, nor a dark one on paper."""
    light, dark, printed = re.findall(r":root \{(.*?)\}", _page("passed"), flags=re.DOTALL)

    names = [set(re.findall(r"--([\w-]+): #", block)) for block in (light, dark, printed)]

    assert names[0] == names[1] == names[2]
