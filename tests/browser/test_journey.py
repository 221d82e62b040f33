"""The whole main job, as a newcomer does it: train on the defaults, compare, predict."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import Lab
from tests.browser.steps import SEEN, SMALL, TRAINED, cell, form, named_points, on_run_page, press_train, status, until
from tests.conftest import photo
from tests.epoch_lines import append_line
from tests.pages.folders import add_run, epoch_line, trained_here
from tl_core import store

pytestmark = pytest.mark.slow


@pytest.mark.long
def test_a_first_visit_leads_to_a_trained_run_on_the_defaults(page: Page, lab: Lab) -> None:
    page.goto(lab.address)
    expect(page.get_by_role("heading", name="Train", exact=True)).to_be_visible(timeout=SEEN)
    press_train(page)
    run = on_run_page(page, lab)
    until(lambda: named_points(page, "Validation") >= 1, "the first validation point on the page")
    status(page, "finished")
    until(lambda: named_points(page, "Validation") == 10, "all ten epochs on the page", seconds=20)
    assert named_points(page, "Training (clean)") == named_points(page, "Training (reported)") == 10
    state = store.read_state(run)
    assert state.best_metrics["val_accuracy"] > 0.7
    assert state.test_accuracy > 0.7
    expect(page.get_by_text(f"{state.test_accuracy:.1%}".replace("%", " %")).first).to_be_visible(timeout=SEEN)


@pytest.mark.long
def test_two_runs_are_compared_and_the_link_keeps_them(page: Page, still_lab: Lab) -> None:
    first = add_run(
        still_lab.models, "plain", accuracies=[(0.5 + 0.05 * epoch, 0.5 + 0.03 * epoch) for epoch in range(8)]
    )
    second = add_run(
        still_lab.models, "other", accuracies=[(0.5 + 0.04 * epoch, 0.5 + 0.035 * epoch) for epoch in range(8)]
    )
    page.goto(f"{still_lab.address}/compare?runs={first.id},{second.id}")
    until(lambda: page.evaluate("document.querySelector('.js-plotly-plot')?.data?.length ?? 0") >= 4, "four curves")
    names = page.evaluate("document.querySelector('.js-plotly-plot').data.map(t => t.name ?? '')")
    assert any("plain" in name for name in names) and any("other" in name for name in names)
    page.reload()
    until(lambda: page.evaluate("document.querySelector('.js-plotly-plot')?.data?.length ?? 0") >= 4, "four curves")
    assert first.id in page.url and second.id in page.url


@pytest.mark.long
def test_an_uploaded_photo_is_classified_by_the_chosen_run(page: Page, lab: Lab, tmp_path: Path) -> None:
    page.goto(form(lab, **SMALL, **{"train.epochs": "3"}))
    press_train(page)
    run = on_run_page(page, lab)
    status(page, "finished")
    good, bad = tmp_path / "seven.png", tmp_path / "broken.png"
    photo(0, 1).save(good)
    bad.write_bytes(b"no picture")
    page.goto(f"{lab.address}/predict?run={run.id}")
    page.get_by_test_id("stFileUploaderDropzoneInput").first.set_input_files([good, bad])
    expect(page.get_by_text("seven.png").first).to_be_visible(timeout=TRAINED * 1000)
    expect(page.get_by_text("broken.png").first).to_be_visible(timeout=SEEN)
    expect(page.get_by_role("button", name="CSV")).to_be_visible(timeout=SEEN)
    assert not list(lab.models.rglob("seven*"))  # Nothing of it stays.


@pytest.mark.long
def test_a_run_started_in_a_terminal_appears_and_moves_without_a_reload(page: Page, still_lab: Lab) -> None:
    add_run(still_lab.models, "older")
    page.goto(f"{still_lab.address}/runs")
    cell(page, "older")
    page.evaluate("window.neverReloaded = true")
    run = add_run(still_lab.models, "from-a-terminal", accuracies=((0.8, 0.75),), **trained_here())
    cell(page, "from-a-terminal")
    append_line(run, epoch_line(2, 0.9, 0.825))
    store.write_state(run, epoch=2)
    cell(page, "82.5")
    store.write_state(run, status=store.FINISHED)
    until(lambda: page.get_by_text("2 finished").count(), "both to be finished")
    assert page.evaluate("window.neverReloaded")
