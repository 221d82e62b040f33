"""Charts that move leave a person's zoom and choices alone."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.lab import Lab
from tests.browser.steps import axis, named_points, settled, until
from tests.epoch_lines import append_line
from tests.pages.folders import add_run, epoch_line, trained_here
from tl_core import store
from tl_core.records import Activity, Progress, Stage

pytestmark = pytest.mark.slow


def test_zoom_and_hidden_curves_survive_three_updates(page: Page, still_lab: Lab) -> None:
    run = add_run(still_lab.models, accuracies=[(0.6, 0.5 + 0.01 * epoch) for epoch in range(10)], **trained_here())
    page.goto(f"{still_lab.address}/run?run={run.id}")
    until(lambda: named_points(page, "Validation") == 10, "ten points")
    page.evaluate("document.querySelector('.js-plotly-plot').marked = true")
    plot = page.locator(".js-plotly-plot .nsewdrag").first
    box = plot.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.4)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.8, steps=5)
    page.mouse.up()
    until(lambda: axis(page)[1] - axis(page)[0] < 6, "the zoom")
    page.locator(".js-plotly-plot .legendtoggle").nth(2).click()
    hidden = "document.querySelector('.js-plotly-plot').data.filter(t => t.visible === 'legendonly').map(t => t.name)"
    until(lambda: page.evaluate(hidden), "a hidden curve")
    ranges = "['xaxis', 'yaxis'].map(name => document.querySelector('.js-plotly-plot').layout[name].range)"
    zoomed, gone = page.evaluate(ranges), page.evaluate(hidden)
    for epoch in (11, 12, 13):
        append_line(run, epoch_line(epoch, 0.7, 0.6))
        store.write_state(run, epoch=epoch)
        until(lambda epoch=epoch: named_points(page, "Validation") == epoch, f"epoch {epoch}")  # type: ignore[misc]
        assert page.evaluate(ranges) == zoomed
        assert page.evaluate(hidden) == gone
    assert page.evaluate("document.querySelector('.js-plotly-plot').marked")  # It is the very same chart.
    plot.dblclick()
    until(lambda: axis(page)[1] > 13, "all epochs, not those there were at first")
    append_line(run, epoch_line(14, 0.7, 0.6))
    store.write_state(run, epoch=14)
    until(lambda: axis(page)[1] > 14, "the axis follows again")


CURVES_BY = 300
"""CSS pixels from the top of the window above which the curves begin, below Streamlit's bar, the head of the page and the tabs."""


def test_the_page_of_a_running_run_begins_with_its_curves_whose_labels_move_together(
    page: Page, still_lab: Lab
) -> None:
    accuracies = [(0.6 + 0.01 * epoch, 0.6) for epoch in range(9)]
    run = add_run(still_lab.models, "A long title, " * 20, accuracies, **trained_here(), epochs=10)
    moment = time.time() + 600  # It shall not fall silent meanwhile.
    store.write_progress(run, Progress(Activity(Stage.TRAINING, 10), 7, 15, moment - 1, moment, rate=412.0, cpu=98.0))
    for width in (400, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{still_lab.address}/run?run={run.id}")
        until(lambda: named_points(page, "Validation") == 9, "nine points")
        settled(page)
        tops = page.evaluate(
            "[...document.querySelectorAll('.js-plotly-plot')].map(box => box.getBoundingClientRect().y)"
        )
        assert tops[0] < CURVES_BY, f"at {width} pixels"
    assert tops[1] == tops[0], "side by side"
    assert axis(page)[1] > 10, "up to the planned epochs"
    box = page.locator(".js-plotly-plot .nsewdrag").first.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.45, box["y"] + box["height"] * 0.5, steps=3)
    labels = page.locator(".js-plotly-plot .hoverlayer")
    until(
        lambda: all("Epoch 5" in (labels.nth(chart).text_content() or "") for chart in (0, 1)), "two labels of epoch 5"
    )
    assert "Gap : +4.0 points" in (labels.nth(0).text_content() or "")


@pytest.mark.long
def test_the_hover_label_stays_on_its_epoch_over_three_updates(page: Page, still_lab: Lab) -> None:
    run = add_run(
        still_lab.models, accuracies=[(0.6, 0.5 + 0.01 * epoch) for epoch in range(10)], epochs=20, **trained_here()
    )
    page.goto(f"{still_lab.address}/run?run={run.id}")
    until(lambda: named_points(page, "Validation") == 10, "ten points")
    page.evaluate("Plotly.relayout(document.querySelector('.js-plotly-plot'), {'xaxis.range': [1, 8]})")
    box = page.locator(".js-plotly-plot .nsewdrag").first.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 4 / 7, box["y"] + box["height"] * 0.5, steps=5)
    label = page.locator(".js-plotly-plot").first.locator(".hoverlayer")
    until(lambda: "Epoch 5" in (label.text_content() or ""), "the label of epoch 5")
    before = label.text_content()
    for epoch in (11, 12, 13):
        append_line(run, epoch_line(epoch, 0.7, 0.6))
        store.write_state(run, epoch=epoch)
        until(lambda epoch=epoch: named_points(page, "Validation") == epoch, f"epoch {epoch}")  # type: ignore[misc]
        until(lambda: label.text_content() == before, "the same label")


@pytest.mark.long
def test_charts_follow_light_and_dark(browser: Browser, still_lab: Lab) -> None:
    run = add_run(still_lab.models)
    looks = {}
    for scheme in ("light", "dark"):
        page = browser.new_context(color_scheme=scheme).new_page()  # type: ignore[arg-type]
        page.goto(f"{still_lab.address}/run?run={run.id}")
        until(lambda page=page: named_points(page, "Validation") == 3, "the curve")  # type: ignore[misc]
        looks[scheme] = page.evaluate(
            "(() => { const l = document.querySelector('.js-plotly-plot').layout; return [l.font.color, l.xaxis.gridcolor] })()"
        )
        page.context.close()
    assert looks["light"][0] != looks["dark"][0]
    assert looks["light"][1] != looks["dark"][1]
