"""The tour of the README, gone through as it is written: what it names in italics is what is pressed here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import Lab
from tests.browser.steps import SEEN, TRAINED, on_run_page, press_train, settled, status, until
from tl_core import store
from tl_core.data.playground import render
from tl_core.experiment.presets import cured
from tl_core.store import Run

pytestmark = pytest.mark.long

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
TOUR = README[README.index("## Five minutes") : README.index("## Read on")]

NAMED = set(re.findall(r"(?<!\*)\*([^*\n]+)\*(?!\*)", TOUR))
"""What the tour names in italics: pages, buttons, presets, and one word that it stresses."""

STRESSED = {"clean"}

CURVES = "document.querySelector('.js-plotly-plot')?.data?.length ?? 0"

ALSO = {"Fork …", "Change during training …"}
"""What the tour says can be done as well."""


def menu(page: Page, name: str) -> None:
    page.get_by_role("link", name=name).first.click()


def choose_preset(page: Page, name: str) -> None:
    page.get_by_role("radio", name=name, exact=True).or_(
        page.get_by_role("button", name=name, exact=True)
    ).first.click()
    settled(page)


def folder_of_photos(root: Path) -> Path:
    for kind in ("mug", "duck"):
        (root / kind).mkdir(parents=True)
        for number in range(24):
            render(kind, number).save(root / kind / f"{number}.png")
    return root


def test_the_tour_of_the_readme_does_what_it_says(page: Page, lab: Lab, tmp_path: Path) -> None:
    pressed: set[str] = set()
    ill = see_it_overfit(page, lab, pressed)
    healed = cure_it(page, lab, ill, pressed)
    ask_how_much(page, pressed)
    third = change_something(page, lab, (ill, healed), pressed)
    compare(page, lab, (ill, healed, third), pressed)
    own_photos(page, folder_of_photos(tmp_path / "photos"), lab, pressed)
    assert pressed == NAMED - STRESSED - ALSO


def val_losses(run: Run) -> list[float]:
    return [record.metrics["val_loss"] for record in store.read_epochs(run)]


def see_it_overfit(page: Page, lab: Lab, pressed: set[str]) -> Run:
    page.goto(lab.address)
    expect(page.get_by_role("heading", name="Train", exact=True)).to_be_visible(timeout=SEEN)
    choose_preset(page, "See it overfit")
    press_train(page)
    pressed |= {"See it overfit", "Train"}
    run = on_run_page(page, lab)
    status(page, "finished")
    losses = val_losses(run)
    assert len(losses) == 60
    assert store.read_epochs(run)[-1].metrics["train_eval_accuracy"] == 1.0
    assert losses[-1] > 1.2 * min(losses)
    expect(page.locator(".st-key-verdict")).to_contain_text("Memorises wrong labels", timeout=SEEN)
    page.get_by_role("tab", name="Diagnosis").click()
    expect(page.get_by_role("heading", name="When it turned")).to_be_visible(timeout=SEEN)
    expect(page.locator(".tl-gallery img").first).to_be_visible(timeout=SEEN)
    pressed |= {"Diagnosis"}
    return run


def cure_it(page: Page, lab: Lab, ill: Run, pressed: set[str]) -> Run:
    page.get_by_role("button", name="Now cure it").click()
    expect(page).to_have_url(re.compile(r"/compare\?.*runs="), timeout=SEEN)
    (healed,) = (run for run in store.runs(lab.models) if run.id != ill.id)
    assert store.read_spec(healed) == cured(store.read_spec(ill))
    until(lambda: store.read_state(healed).status == store.FINISHED, "the cured run to be finished")
    page.get_by_role("combobox", name="Measure").click()
    page.get_by_role("option", name="loss", exact=True).click()
    settled(page)
    until(lambda: page.evaluate(CURVES) >= 4, "the curves of both")
    pressed |= {"Now cure it", "Compare", "loss"}
    losses = val_losses(healed)
    assert losses[-1] < 0.8 * val_losses(ill)[-1]
    assert losses[-1] < 1.1 * min(losses)
    return healed


def ask_how_much(page: Page, pressed: set[str]) -> None:
    menu(page, "Train")
    choose_preset(page, "Feature extraction")
    page.get_by_role("link", name="Explore these settings").click()
    choose_preset(page, "How much regularisation?")
    page.get_by_role("button", name="Map it", exact=True).click()
    expect(page.get_by_text("Answered in").first).to_be_visible(timeout=3 * TRAINED * 1000)
    expect(page.get_by_text("cannot be told from it").first).to_be_visible(timeout=SEEN)
    expect(page.get_by_role("button", name="Train this as a run")).to_be_visible(timeout=SEEN)
    pressed |= {"Feature extraction", "Explore these settings", "How much regularisation?", "Map it"}


def change_something(page: Page, lab: Lab, before: tuple[Run, ...], pressed: set[str]) -> Run:
    menu(page, "Train")
    choose_preset(page, "Fine-tuning the top")
    page.locator("button[data-block=block7]").click()
    settled(page)
    page.locator(".st-key-card-regularisers").get_by_text("Augmentation", exact=True).click()
    expect(page.get_by_text("epoch 9").first).to_be_visible(timeout=TRAINED * 1000)
    expect(page.get_by_role("button", name="2 changed, reset")).to_be_visible(timeout=SEEN)
    page.get_by_role("button", name="Add to queue").click()
    expect(page.get_by_text("Added to the queue: open it").first).to_be_visible(timeout=SEEN)
    pressed |= {"Fine-tuning the top", "block7", "Augmentation", "2 changed, reset", "Add to queue"}
    (made,) = (run for run in store.runs(lab.models) if run not in before)
    assert store.read_spec(made).backbone.freeze == "all-but-1"
    assert store.read_spec(made).augment
    until(lambda: store.read_state(made).status == store.FINISHED, "the third run to be finished", 2 * TRAINED)
    return made


def compare(page: Page, lab: Lab, runs: tuple[Run, ...], pressed: set[str]) -> None:
    menu(page, "Runs")
    page.get_by_role("checkbox", name="Select all").check()
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page).to_have_url(re.compile(r"/compare\?.*runs="), timeout=SEEN)
    until(lambda: page.evaluate(CURVES) >= 6, "the curves of all three")
    pressed |= {"Runs", "Compare"}


def own_photos(page: Page, photos: Path, lab: Lab, pressed: set[str]) -> None:
    menu(page, "Train")
    page.get_by_text("A folder of photos", exact=True).click()
    path = page.get_by_role("textbox", name="Path of the folder")
    path.fill(str(photos))
    path.press("Enter")
    expect(page.locator(".tl-classes img")).to_have_count(2, timeout=SEEN)
    press_train(page)
    own = on_run_page(page, lab)
    status(page, "finished", 2 * TRAINED * 1000)
    page.goto(f"{lab.address}/predict?run={own.id}")
    page.get_by_test_id("stFileUploaderDropzoneInput").first.set_input_files([photos / "duck" / "3.png"])
    expect(page.get_by_text("3.png").first).to_be_visible(timeout=TRAINED * 1000)
    pressed |= {"A folder of photos", "Predict"}
