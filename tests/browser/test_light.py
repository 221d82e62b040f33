"""The dashboard's process stays light whatever is done in it: frameworks live in its workers."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import Lab
from tests.browser.steps import SEEN, SMALL, TRAINED, form, on_run_page, press_train, settled, status
from tests.conftest import photo
from tests.test_layers import HEAVY

pytestmark = pytest.mark.long


def loaded(imports: Path) -> set[str]:
    """The packages a process has imported, from what `python -X importtime` wrote."""
    lines = imports.read_text(errors="replace").splitlines()
    names = [line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:")]
    return {".".join(name.split(".")[:2]) if name.startswith("tl_core.") else name.partition(".")[0] for name in names}


def test_no_framework_is_loaded_after_every_page_was_opened_and_used(page: Page, lab: Lab, tmp_path: Path) -> None:
    page.goto(form(lab, **SMALL, **{"train.epochs": "2", "augment": '{"rotation":15}'}))
    preview = page.get_by_text("epoch 9").first  # Made by the service worker.
    expect(preview).to_be_visible(timeout=TRAINED * 1000)
    press_train(page)
    run = on_run_page(page, lab)
    status(page, "finished")
    for tab in ("Epochs", "Checkpoints", "Test report", "Settings", "Data", "Log"):
        page.get_by_role("tab", name=tab).click()
        settled(page)
    for path, heading in (("runs", "Runs"), (f"compare?runs={run.id}", "Compare"), ("settings", "Settings")):
        page.goto(f"{lab.address}/{path}")
        expect(page.get_by_role("heading", name=heading, exact=True).first).to_be_visible(timeout=SEEN)
    picture = tmp_path / "picture.png"
    photo(0, 1).save(picture)
    page.goto(f"{lab.address}/predict?run={run.id}")
    page.get_by_test_id("stFileUploaderDropzoneInput").first.set_input_files([picture])
    expect(page.get_by_role("button", name="CSV")).to_be_visible(timeout=TRAINED * 1000)
    assert lab.imports
    found = loaded(lab.imports)
    assert found & {*HEAVY, "tl_core.engine", "tl_core.worker"} == set()
    assert {"streamlit", "tl_core.store", "tl_core.service"} <= found  # It was read rightly.
