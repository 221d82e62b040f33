"""Which folders are classes and which are parts: known names are understood, others are refused with what was seen, nothing is guessed."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import Photos, photo, write_photos
from tl_core.data import folder
from tl_core.data.dataset import ImageDataset, SplitFolder
from tl_core.data.folder_names import part_and_rest
from tl_core.data.layout import LayoutChoice
from tl_core.errors import BadInput, Problem


def load(root: Path, layout: LayoutChoice = "auto") -> ImageDataset:
    return folder.load(str(root), f"folder:{root}", layout)


def refused(root: Path) -> Problem:
    with pytest.raises(BadInput) as caught:
        load(root)
    (problem,) = caught.value.problems
    return problem


def counted(dataset: ImageDataset) -> dict[tuple[str, str | None], int]:
    return dict(Counter((dataset.class_names[item.label], item.part) for item in dataset.items))


@pytest.mark.parametrize(
    ("train", "validation", "test"),
    [
        ("train", "val", "test"),
        ("Training", "valid", "Testing"),
        ("seg_train", "seg_dev", "seg_test"),
        ("train_images", "validation_images", "test"),
        ("trainset", "valset", "testset"),
        ("TrainData", "ValData", "TestData"),
        ("train", "val", "test1"),
        ("pets-train", "pets-val", "pets-test"),
    ],
)
def test_parts_are_known_by_the_names_in_use(tmp_path: Path, train: str, validation: str, test: str) -> None:
    for each, name in enumerate((test, validation, train), 1):
        write_photos(tmp_path / name, ("cat", "dog"), each)
    dataset = load(tmp_path)
    assert counted(dataset) == {
        (name, part): each for name in ("cat", "dog") for part, each in (("train", 3), ("validation", 2), ("test", 1))
    }
    assert dataset.layout is not None
    assert set(dataset.layout.parts) == {
        SplitFolder("train", train),
        SplitFolder("validation", validation),
        SplitFolder("test", test),
    }


def test_parts_that_hold_themselves_once_more_are_read_from_the_inner_folder(tmp_path: Path) -> None:
    write_photos(tmp_path / "seg_train" / "seg_train", ("forest", "sea"), 4)
    write_photos(tmp_path / "seg_test" / "Seg_Test", ("forest", "sea"), 2)
    write_photos(tmp_path / "seg_pred", ("seg_pred",), 3)
    dataset = load(tmp_path)
    assert dataset.class_names == ("forest", "sea")
    assert counted(dataset) == {(n, p): c for n in ("forest", "sea") for p, c in (("train", 4), ("test", 2))}
    assert dataset.layout is not None
    assert [part.folder for part in dataset.layout.parts] == ["seg_test/Seg_Test", "seg_train/seg_train"]
    (left_out,) = dataset.skipped
    assert (left_out.key, left_out.reason) == (
        "seg_pred/",
        "not one of the parts train, validation and test (3 images)",
    )


@pytest.mark.parametrize(
    "names", [("bus", "train"), ("train", "test-bench"), ("valid", "invalid"), ("testing", "other")]
)
def test_a_class_may_have_the_name_of_a_part(photos: Photos, names: tuple[str, ...]) -> None:
    assert load(photos(*names)).class_names == tuple(sorted(names))


@pytest.mark.parametrize(
    ("names", "seen"),
    [(("learn", "check"), ("check/ and learn/",)), (("train", "holdout", "x"), ("holdout/, train/ and x/",))],
)
def test_folders_that_hold_the_same_folders_are_no_classes_unless_you_say_so(
    photos: Photos, names: tuple[str, ...], seen: tuple[str, ...]
) -> None:
    for name in names:
        root = photos("cat", "dog", each=2, inside=name).parent
    problem = refused(root)
    assert problem.path == "data.layout"
    assert problem.message == f"the folders {seen[0]} look like parts: they hold the same folders (cat, dog)"
    assert "Name them train, validation and test" in problem.remedy
    assert "data.layout to classes" in problem.remedy
    dataset = load(root, "classes")
    assert dataset.class_names == tuple(sorted(names))
    assert len(dataset.items) == 4 * len(names)


def test_unlabelled_images_beside_them_do_not_make_them_classes(photos: Photos) -> None:
    photos("cat", "dog", inside="learn")
    root = photos("cat", "dog", inside="check").parent
    write_photos(root, ("pred",), 3)
    assert "check/ and learn/ look like parts" in refused(root).message


def test_folders_inside_classes_are_no_parts_where_they_differ_or_classes_are_many(tmp_path: Path) -> None:
    for name, inner in (("cat", ("tom", "kitty")), ("dog", ("rex", "bello"))):
        write_photos(tmp_path / "few" / name, inner, 1)
    assert load(tmp_path / "few").class_names == ("cat", "dog")
    many = tuple("abcdefg")
    for name in many:
        write_photos(tmp_path / "many" / name, ("day", "night"), 1)
    assert load(tmp_path / "many").class_names == many


def test_two_folders_of_one_part_are_refused(photos: Photos) -> None:
    for name in ("train", "val", "valid"):
        root = photos(inside=name, each=1).parent
    assert refused(root).message == "the folders val/ and valid/ are named like the same part"


def test_the_parts_of_two_datasets_are_refused(photos: Photos) -> None:
    for name in ("a_train", "a_test", "b_train", "b_test"):
        root = photos(inside=name, each=1).parent
    assert "look like the parts of 2 datasets" in refused(root).message


def test_parts_without_class_folders_are_refused_rather_than_taken_for_classes(photos: Photos) -> None:
    root = photos("train", "test", each=3)
    problem = refused(root)
    assert problem.message == (
        "the folders test/ and train/ look like parts, but train/ holds 3 images and no class folder with images"
    )
    assert load(root, "classes").class_names == ("test", "train")


def test_a_level_between_parts_and_classes_is_named(photos: Photos) -> None:
    for name in ("train", "test"):
        root = photos("cat", "dog", inside=f"{name}/images").parents[1]
    problem = refused(root)
    assert problem.message == "the class folders are further down: train/images/ holds cat, dog"
    assert problem.remedy.startswith("Move the class folders up, into train")


@pytest.mark.parametrize(
    ("inside", "remedy"), [("pets-v1", "One level down: pets-v1."), ("pets/v1", "2 levels down: pets/v1.")]
)
def test_a_level_above_the_classes_is_named_whatever_lies_beside_it(photos: Photos, inside: str, remedy: str) -> None:
    photos("cats", "dogs", inside=inside)
    root = photos("x", root="photos", inside="__MACOSX").parent
    (root / "docs").mkdir()
    (root / "readme.txt").write_text("about the images")
    problem = refused(root)
    assert problem == Problem("data.source", f"the class folders are further down: {inside}/ holds cats, dogs", remedy)
    assert load(root / inside).class_names == ("cats", "dogs")


def test_one_class_folder_is_no_level_above(photos: Photos) -> None:
    assert load(photos("cat")).class_names == ("cat",)


class TestTablesOfLabels:
    @pytest.fixture
    def flat(self, tmp_path: Path) -> Path:
        (tmp_path / "images").mkdir()
        for number in range(6):
            photo(0, number).save(tmp_path / "images" / f"{number}.jpg")
        return tmp_path

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("labels.csv", "filename,label\n" + "".join(f"{n}.jpg,{'ab'[n % 2]}\n" for n in range(6))),
            ("train.csv", "\ufeffid,label,n\n" + "".join(f"{n},{'ab'[n % 2]},{n}\n" for n in range(6))),
            ("l.tsv", "x\tlabel\n" + "".join(f"images/{n}.jpg\t{'ab'[n % 2]}\n" for n in range(6))),
        ],
    )
    def test_one_beside_a_folder_of_images_is_named_with_its_labels(self, flat: Path, name: str, content: str) -> None:
        (flat / name).write_text(content, encoding="utf-8")
        problem = refused(flat)
        assert (
            problem.message
            == f"the images lie in one folder, images/; {name} has their labels in its column label (a, b)"
        )
        assert problem.remedy.endswith("put the images of each label into a folder of its name.")

    def test_one_beside_bare_images_is_named(self, flat: Path) -> None:
        shutil.copytree(flat / "images", flat / "bare")
        (flat / "bare" / "labels.csv").write_text("f,kind\n0.jpg,a\n1.jpg,b\n")
        assert "the images lie directly in the folder; labels.csv" in refused(flat / "bare").message

    @pytest.mark.parametrize("content", ["", "a,b\n", "a,b\n1,2\n3,4\n", "0.jpg,1.jpg\n", "\0\0", "f\n0.jpg\n"])
    def test_another_table_is_none(self, flat: Path, content: str) -> None:
        (flat / "other.csv").write_text(content)
        assert load(flat).class_names == ("images",)

    def test_one_beside_class_folders_is_only_left_out(self, photos: Photos) -> None:
        root = photos("cat", "dog")
        (root / "labels.csv").write_text("f,label\n000.jpg,x\n001.jpg,y\n")
        assert [item.key for item in load(root).skipped] == ["labels.csv"]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("seg_train", ("train", ("seg",))),
        ("TestImages", ("test", ())),
        ("validation", ("validation", ())),
        ("test2", ("test", ())),
        ("traindataset", ("train", ())),
        ("train_val", None),
        ("restaurant", None),
        ("trained", None),
        ("images", None),
    ],
)
def test_a_name_names_a_part_only_as_a_word_of_its_own(name: str, found: object) -> None:
    assert part_and_rest(name) == found
