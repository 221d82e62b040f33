"""Charts that move leave a person's zoom and choices alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.lab import Lab
from tests.browser.steps import axis, named_points, until
from tests.epoch_lines import append_line
from tests.pages.folders import add_run, epoch_line, trained_here
from tl_core import store

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
    zoomed, gone = axis(page), page.evaluate(hidden)
    for epoch in (11, 12, 13):
        append_line(run, epoch_line(epoch, 0.7, 0.6))
        store.write_state(run, epoch=epoch)
        until(lambda epoch=epoch: named_points(page, "Validation") == epoch, f"epoch {epoch}")  # type: ignore[misc]
        assert axis(page) == zoomed
        assert page.evaluate(hidden) == gone
    assert page.evaluate("document.querySelector('.js-plotly-plot').marked")  # It is the very same chart.


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
