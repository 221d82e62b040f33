"""What plan and train say of folders that are not as expected."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Lab, last_object
from tests.conftest import Photos
from tl_core import store


def test_plan_says_how_a_folder_is_read_and_what_is_left_out(lab: Lab, photos: Photos) -> None:
    photos("forest", "sea", inside="seg_train/seg_train", each=10)
    root = photos("forest", "sea", inside="seg_test/seg_test", each=4).parents[1]
    photos("seg_pred", inside="seg_pred", each=2)
    for name in ("a.txt", "b.txt", "c.txt", "d.txt"):
        (root / "seg_train" / "seg_train" / "sea" / name).touch()
    said = lab("plan", "feature-extraction", "--data", f"folder:{root}").out
    assert said.splitlines()[:7] == [
        "2 classes; images: 16 train, 4 validation, 8 test",
        "The images came split: train from seg_train/seg_train/, test from seg_test/seg_test/; validation images are",
        "  taken from train.",
        "4 validation images can hardly tell two runs apart: differences below 99.8 points are lost in chance.",
        "",
        "class   train  validation  test",
        "forest      8           2     4",
    ]
    assert said.partition("Left out: ")[2].splitlines() == [
        "4 files and 1 folder",
        "  not the name of an image file: seg_train/seg_train/sea/a.txt, seg_train/seg_train/sea/b.txt,",
        "    seg_train/seg_train/sea/c.txt and 1 more",
        "  not one of the parts train, validation and test (2 images): seg_pred/",
    ]


def test_train_refuses_what_is_missing_and_names_the_option(lab: Lab, models: Path, photos: Photos) -> None:
    root = photos("cat", "dog", "eel", each=4)
    for file in (root / "eel").iterdir():
        file.write_bytes(b"")
    asked = ("feature-extraction", "--data", f"folder:{root}")
    said = lab("train", *asked)
    assert said.status == 2
    assert said.errors == [
        "data.accept_missing: the class eel is missing: empty file. "
        "Repair or remove it, or train without it (data.accept_missing=eel)."
    ]
    assert store.runs(models) == []
    planned = last_object(lab("plan", *asked, "--set", "data.accept_missing=eel", "--json"))
    assert [row["name"] for row in planned["missing"]] == ["eel"]
    assert [row["file"] for row in planned["skipped"] if row["kind"] == "no-image"] == ["eel/"]
