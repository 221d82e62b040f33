"""The Compare page as people use it: views, groups, forks, and the report on a device without a network."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
import streamlit as st
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.lab import Lab
from tests.browser.steps import SCREENSHOTS, SEEN, on_run_page, settled, until
from tests.pages.folders import add_run
from tests.pages.test_fork_tree import add_fork
from tl_core.store import Run

pytestmark = pytest.mark.slow

NARROW: ViewportSize = {"width": 400, "height": 900}

FIRST_SCREEN = 560
"""CSS pixels above which the chart begins on a phone, however many runs are compared: more than a third of it is in sight."""


def compared(page: Page, lab: Lab, runs: Sequence[Run], **params: str) -> None:
    asked = "".join(f"&{name}={value}" for name, value in params.items())
    page.goto(f"{lab.address}/compare?runs={','.join(run.id for run in runs)}{asked}")


def runs_of(lab: Lab, count: int) -> list[Run]:
    """Runs that differ in dropout, and from the fourth on repeat the others with another seed."""
    return [
        add_run(
            lab.models,
            "",
            [(0.6 + 0.03 * epoch, 0.55 + 0.02 * epoch - 0.001 * number * epoch) for epoch in range(10)],
            {"head.dropout": 0.1 * (number % 3), "train.seed": 1 + number // 3},
            images={"train": 200, "validation": 341},
        )
        for number in range(count)
    ]


def ends(page: Page) -> list[str]:
    """The names at the ends of curves, from top to bottom."""
    return page.locator(".tl-chart-end").all_inner_texts()


def test_five_runs_are_compared_in_every_view_and_a_path_of_the_map_opens_its_run(page: Page, still_lab: Lab) -> None:
    runs = runs_of(still_lab, 5)
    compared(page, still_lab, runs, group="nothing")
    until(lambda: len(ends(page)) == 5, "five names at the ends of curves")
    boxes = page.evaluate(
        "[...document.querySelectorAll('.tl-chart-end')].map(e => e.getBoundingClientRect()).map(b => [b.top, b.bottom])"
    )
    assert all(above[1] <= below[0] for above, below in itertools.pairwise(boxes)), "names do not overlap"
    page.get_by_role("radio", name="Map").click()
    until(
        lambda: (
            page.evaluate("document.querySelector('.js-plotly-plot')?.layout.xaxis.title.text")
            == "Clean training accuracy"
        ),
        "the map",
    )
    expect(page).to_have_url(re.compile("view=Map"), timeout=SEEN)
    settled(page)
    last = page.evaluate(
        """id => { const box = document.querySelector('.js-plotly-plot'), { xaxis, yaxis } = box._fullLayout, at = box.getBoundingClientRect()
        const { x, y } = box.data.find(trace => trace.uid === `${id}-last`)
        return [at.x + xaxis._offset + xaxis.d2p(x[0]), at.y + yaxis._offset + yaxis.d2p(y[0])] }""",
        runs[3].id,
    )
    page.mouse.move(*last, steps=3)
    expect(page.locator(".hoverlayer .hovertext")).to_be_visible(timeout=SEEN)
    page.mouse.click(*last)
    assert on_run_page(page, still_lab).id in {run.id for run in runs}
    page.go_back()
    expect(page).to_have_url(re.compile("compare.*view=Map"), timeout=SEEN)


@pytest.mark.long
def test_runs_that_differ_only_in_their_seed_are_one_curve_until_you_ask_for_each(page: Page, still_lab: Lab) -> None:
    compared(page, still_lab, runs_of(still_lab, 6))
    until(lambda: len(ends(page)) == 3, "three groups")
    assert all("(2 seeds)" in text for text in ends(page))
    page.get_by_role("button", name="Chart settings").click()
    page.get_by_role("combobox", name="Group by").click()
    page.get_by_role("option", name="nothing").click()
    until(lambda: len(ends(page)) == 6, "six curves")
    expect(page).to_have_url(re.compile("group=nothing"), timeout=SEEN)
    page.reload()
    until(lambda: len(ends(page)) == 6, "six curves after a reload")


@pytest.mark.long
@pytest.mark.parametrize("count", [2, 20])
def test_on_a_phone_the_chart_begins_on_the_first_screen(page: Page, still_lab: Lab, count: int) -> None:
    page.set_viewport_size(NARROW)
    compared(page, still_lab, runs_of(still_lab, count), group="nothing")
    chart = page.locator(".tl-chart, .tl-grid").first
    expect(chart).to_be_visible(timeout=SEEN)
    settled(page)
    assert (chart.bounding_box() or {"y": 9999})["y"] < FIRST_SCREEN


@pytest.mark.long
def test_the_fork_tree_opens_the_runs_it_lists(page: Page, still_lab: Lab) -> None:
    parent = add_run(still_lab.models, "parent", [(0.8, 0.6), (0.9, 0.7), (0.95, 0.65)])
    fork = add_fork(still_lab.models, parent, 2, (0.75, 0.8), "the fork", head__dropout=0.5)
    compared(page, still_lab, [fork], view="Forks")
    tree = page.get_by_role("grid", name="a tree of runs and their forks")
    expect(tree.locator("tbody tr")).to_have_text(
        [re.compile("^parent"), re.compile("└─ the fork.*dropout 0.5")], timeout=SEEN
    )
    until(lambda: len(ends(page)) == 2, "two curves")
    tree.get_by_role("link", name="parent").click()
    assert on_run_page(page, still_lab) == parent


@pytest.mark.long
def test_the_report_opens_from_a_file_without_a_network_and_its_charts_can_be_used(
    page: Page, browser: Browser, still_lab: Lab, tmp_path: Path
) -> None:
    evil = "<img src=x onerror=document.title=1>"
    runs = [*runs_of(still_lab, 2), add_run(still_lab.models, evil)]
    compared(page, still_lab, runs)
    button = page.get_by_role("button", name="Report as HTML")
    expect(button).to_be_visible(timeout=SEEN)
    with page.expect_download() as loaded:
        button.click()
    loaded.value.save_as(tmp_path / "comparison.html")
    context = browser.new_context(color_scheme="light")
    context.set_offline(True)
    read_offline(context.new_page(), tmp_path / "comparison.html", evil)
    context.close()


def read_offline(page: Page, file: Path, last: str) -> None:
    """Uses the report of three runs, the last of this name, in light and dark, on a screen and on a phone."""
    wrong: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    until(lambda: page.locator(".js-plotly-plot .scatterlayer").count() >= 3, "three charts")
    page.screenshot(path=SCREENSHOTS / "comparison-report-light.png", full_page=True)
    page.locator(".tl-chart-end").first.click()
    expect(page.locator(".tl-chart-end[aria-pressed=false]")).to_have_count(1, timeout=SEEN)
    page.emulate_media(color_scheme="dark")
    paper = "document.querySelector('.js-plotly-plot').layout.paper_bgcolor"
    until(lambda: page.evaluate(paper) == st.get_option("theme.dark.backgroundColor"), "the dark theme")
    page.set_viewport_size(NARROW)
    page.screenshot(path=SCREENSHOTS / "comparison-report-dark.png", full_page=True)
    assert page.title() == "Comparison of 3 runs"
    assert page.locator("tbody th").last.inner_text().startswith(last)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert (wrong, [url for url in asked if not url.startswith(("file:", "data:", "blob:"))]) == ([], [])
