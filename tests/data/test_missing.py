"""What is missing from a task because files are left out: parts, classes and much of a class are named, and must be accepted by name."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.conftest import Photos
from tests.each import for_each
from tl_core.data import folder
from tl_core.data.dataset import ImageDataset
from tl_core.data.missing import Missing, missing, refuse_missing, unaccepted
from tl_core.data.prepare import data_warnings, known_readable, prepare
from tl_core.data.skipped import SkipKind
from tl_core.data.split import split
from tl_core.errors import BadInput
from tl_core.experiment.spec import DataSpec
from tl_core.params import validated
from tl_core.records import unwatched

INSTEAD = "; validation images are then taken from train"


def load(root: Path) -> ImageDataset:
    return folder.load(str(root), f"folder:{root}")


def empty(folder: Path, number: int) -> None:
    """Makes the first files of a folder empty."""
    for file in sorted(folder.iterdir())[:number]:
        file.write_bytes(b"")


def test_a_class_is_missing_where_none_of_its_images_can_be_used(photos: Photos) -> None:
    root = photos("cat", "dog", "eel", each=3)
    empty(root / "eel", 3)
    assert missing(load(root)) == (Missing("eel", "the class eel is missing: empty file"),)


def test_a_class_is_missing_where_its_folder_cannot_be_read(photos: Photos, monkeypatch: pytest.MonkeyPatch) -> None:
    root = photos("cat", "dog", "eel", each=3)
    honest = os.scandir

    def refuse(path: str) -> object:
        if Path(path).name == "eel":
            raise PermissionError(13, "Permission denied", str(path))
        return honest(path)

    monkeypatch.setattr(os, "scandir", refuse)  # the tests may run as root, whom no permission stops
    assert missing(load(root)) == (Missing("eel", "the class eel is missing: cannot be read (Permission denied)"),)


@for_each("where", ["../elsewhere", "cat", "nowhere"], ids=str)
def test_a_class_is_missing_where_its_folder_is_a_link_wherever_that_leads(
    photos: Photos, tmp_path: Path, where: str
) -> None:
    root = photos("cat", "dog", each=3)
    shutil.copytree(root / "cat", tmp_path / "elsewhere", dirs_exist_ok=True)
    (root / "eel").unlink(missing_ok=True)
    (root / "eel").symlink_to(where)
    assert [one.name for one in missing(load(root))] == ["eel"]


@for_each("absent, named", [(1, False), (2, True)], ids=str)
def test_more_than_a_tenth_of_a_class_is_missing(photos: Photos, tmp_path: Path, absent: int, named: bool) -> None:
    root = photos("cat", "dog", each=10, root=f"photos{absent}")
    empty(root / "dog", absent)
    expected = (Missing("dog", "2 of 10 images of dog are missing: empty file", whole=False),) if named else ()
    assert missing(load(root)) == expected


def test_files_that_are_no_images_are_not_missing_nor_is_what_lies_beside_the_classes(photos: Photos) -> None:
    root = photos("cat", "dog", each=3)
    for name in ("cat/a.txt", "cat/b.xml", "cat/c", "lone.jpg", "x.jpg"):
        (root / name).write_bytes(b"" if name == "x.jpg" else b"x")
    (root / "docs").mkdir()
    dataset = load(root)
    assert len(dataset.skipped) == 6
    assert missing(dataset) == ()
    parts = split(dataset, validation_share=0.4, test_share=0)
    assert data_warnings(DataSpec(), dataset, parts) == ("No class, because no image is in it: docs/.",)


def test_a_folder_inside_a_class_is_missing_in_unknown_number_unless_it_is_read_elsewhere(
    photos: Photos, tmp_path: Path
) -> None:
    root = photos("cat", "dog", each=3)
    (root / "cat" / "again").symlink_to(root / "cat")
    assert missing(load(root)) == ()
    (root / "cat" / "more").symlink_to(tmp_path)
    (one,) = missing(load(root))
    assert one.what == "an unknown number of images of cat is missing: a link to a folder is not followed"


class TestParts:
    @pytest.fixture
    def root(self, photos: Photos) -> Path:
        photos("cat", "dog", inside="val", each=3)
        return photos("cat", "dog", inside="train", each=10).parent

    def test_a_linked_part_is_missing_not_silently_replaced(self, root: Path, tmp_path: Path) -> None:
        (root / "val").rename(tmp_path / "shared")
        (root / "val").symlink_to(tmp_path / "shared")
        assert missing(load(root)) == (
            Missing(
                "val",
                f"the validation part is missing: val/ holds no usable image (a link to a folder is not followed){INSTEAD}",
            ),
        )

    def test_an_empty_part_is_missing(self, root: Path) -> None:
        shutil.rmtree(root / "val")
        (root / "val").mkdir()
        assert missing(load(root)) == (Missing("val", f"the validation part is missing: val/ holds no image{INSTEAD}"),)

    def test_a_part_without_class_folders_is_missing(self, root: Path) -> None:
        for file in (root / "val" / "cat").iterdir():
            file.rename(root / "val" / file.name)
        shutil.rmtree(root / "val" / "dog")
        shutil.rmtree(root / "val" / "cat")
        (one,) = missing(load(root))
        assert one == Missing(
            "val", f"the validation part is missing: val/ holds no usable image (not in a class folder){INSTEAD}"
        )

    def test_a_class_of_one_part_has_the_name_of_its_folder(self, root: Path) -> None:
        empty(root / "val" / "dog", 3)
        assert [one.name for one in missing(load(root))] == ["val/dog"]

    def test_a_part_whose_classes_are_all_missing_is_missing_as_one(self, root: Path) -> None:
        for name in ("cat", "dog"):
            empty(root / "val" / name, 3)
        assert [one.name for one in missing(load(root))] == ["val"]

    def test_a_folder_with_the_same_classes_and_the_name_of_no_part_is_missing(self, root: Path) -> None:
        shutil.copytree(root / "val", root / "holdout")
        shutil.copytree(root / "val", root / "test")
        dataset = load(root)
        assert [item.kind for item in dataset.skipped] == [SkipKind.OTHER_PART]
        assert [one.name for one in missing(dataset)] == ["holdout"]


def test_it_is_accepted_by_its_name_alone(photos: Photos) -> None:
    root = photos("cat", "dog", "eel", "fox", each=3)
    for name in ("eel", "fox"):
        empty(root / name, 3)
    dataset = load(root)
    with pytest.raises(BadInput) as caught:
        refuse_missing(dataset, ["fox"])
    (problem,) = caught.value.problems
    assert problem.path == "data.accept_missing"
    assert problem.message == "the class eel is missing: empty file"
    assert problem.remedy == "Repair or remove it, or train without it (data.accept_missing=eel,fox)."
    assert unaccepted(dataset, ["eel", "fox"]) == ()
    parts = split(dataset, validation_share=0.4, test_share=0)
    accepting = DataSpec(accept_missing=("fox",))
    assert data_warnings(accepting, dataset, parts) == ("The class fox is missing: empty file.",)


def test_names_are_typed_with_commas_or_as_a_list() -> None:
    for typed in ("cat, val/dog", ["cat", "val/dog"]):
        assert validated(DataSpec, {"accept_missing": typed}).accept_missing == ("cat", "val/dog")


def test_broken_images_are_missing_as_soon_as_they_are_decoded(photos: Photos, tmp_path: Path) -> None:
    root = photos("cat", "dog", "eel", each=6)
    for file in (root / "eel").iterdir():
        file.write_bytes(b"no image")
    listed, cache = load(root), tmp_path / "cache"
    assert missing(known_readable(listed, 32, cache)) == ()
    prepared = prepare(DataSpec(source=f"folder:{root}"), 32, cache, unwatched).dataset
    known = known_readable(listed, 32, cache)
    assert (known.class_names, known.skipped) == (prepared.class_names, prepared.skipped)
    (one,) = missing(known)
    assert one.name == "eel" and one.what.startswith("the class eel is missing: not an image")
    assert [item.key for item in known.skipped if item.is_folder] == ["eel/"]


def test_a_dataset_without_broken_images_stays_the_same_object(photos: Photos, tmp_path: Path) -> None:
    root, cache = photos("cat", "dog"), tmp_path / "cache"
    listed = load(root)
    prepare(DataSpec(source=f"folder:{root}"), 32, cache, unwatched)
    assert known_readable(listed, 32, cache) is listed  # A page asks in every run, and there may be 100,000 images.
