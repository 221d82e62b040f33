"""The Train page with folders that are not as expected: how they were read, what is left out, what is missing."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

from tests.conftest import Photos
from tests.pages import visits
from tests.pages.visits import said


def opened(source: str, **address: str) -> AppTest:
    return visits.opened("train", ["train.open:data"], **{"data.source": source, **address})


def start(page: AppTest) -> bool:
    """Whether the run can be started."""
    (button,) = [button for button in page.button if button.label == "Train"]
    return not button.disabled


def test_parts_are_named_with_their_folders(models: Path, photos: Photos) -> None:
    photos("cat", "dog", inside="seg_train", each=10)
    root = photos("cat", "dog", inside="seg_test", each=3).parent
    page = opened(f"folder:{root}")
    assert "train from seg\\_train/, test from seg\\_test/; validation images are taken from train." in said(page)
    assert start(page)


def test_an_unclear_layout_is_decided_in_the_form(models: Path, photos: Photos) -> None:
    photos("cat", "dog", inside="benign", each=3)
    root = photos("cat", "dog", inside="malign", each=3).parent
    page = opened(f"folder:{root}")
    assert "look like parts: they hold the same folders" in said(page).replace("\\", "")
    assert not start(page)
    page.get_by_key("set:data.layout").set_value("classes").run()
    assert not page.exception
    assert "2 classes" in said(page)
    assert start(page)


def test_each_missing_class_has_a_box_and_the_run_starts_when_all_are_ticked(models: Path, photos: Photos) -> None:
    root = photos("cat", "dog", "eel", "fox", each=10)
    for name in ("eel", "fox"):
        for file in (root / name).iterdir():
            file.write_bytes(b"")
    page = opened(f"folder:{root}")
    boxes = [box.label for box in page.checkbox]
    assert boxes == ["Train without eel", "Train without fox"]
    assert "The class eel is missing: empty file." in said(page).replace("\\", "")
    assert "Left out: 20 files and 2 folders" in [part.label for part in page.expander]
    page.checkbox[0].check().run()
    assert not start(page)
    page.checkbox[1].check().run()
    assert not page.exception
    assert start(page)
    assert visits.address(page)["data.accept_missing"] == '["eel","fox"]'
    page.checkbox[0].uncheck().run()
    assert not start(page)
