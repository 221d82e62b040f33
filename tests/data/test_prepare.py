"""From a data section to pixels and a split, and what a run remembers of it."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from tl_core.data.prepare import describe, listed, prepare, prepare_some, split_of, split_warnings
from tl_core.data.sources import load_dataset
from tl_core.data.split import split
from tl_core.errors import BadInput
from tl_core.experiment.spec import DataSpec
from tl_core.params import validated


def quiet(*_):
    pass


def data(**values):
    return validated(DataSpec, values, prefix="data.")


def test_a_folder_becomes_pixels_and_a_split_that_point_at_the_same_images(photos, tmp_path):
    prepared = prepare(data(source=f"folder:{photos(each=20)}"), 32, tmp_path / "cache", quiet)
    assert prepared.pixels.images.shape == (40, 32, 32, 3)
    together = np.concatenate([prepared.split.train, prepared.split.validation, prepared.split.test])
    assert sorted(together) == list(range(40))
    assert prepared.split.train_labels.tolist() == prepared.dataset.labels[prepared.split.train].tolist()


def test_unreadable_images_are_in_no_part_and_are_described(photos, tmp_path):
    root = photos(each=20)
    (root / "cat" / "004.jpg").write_bytes(b"no picture")
    (root / "cat" / "scan.tif").write_bytes(b"x")
    spec = data(source=f"folder:{root}", label_noise=0.25)
    prepared = prepare(spec, 32, tmp_path / "cache", quiet)

    described = json.loads(json.dumps(describe(prepared, spec)))

    assert described["classes"] == ["cat", "dog"]
    assert described["layout"] == "One folder per class."
    assert [sum(described["images"][part][label] for part in described["images"]) for label in range(2)] == [19, 20]
    assert {row["file"] for row in described["skipped"]} == {"cat/004.jpg", "cat/scan.tif"}
    assert all(row["reason"] for row in described["skipped"])
    assert len(described["mislabelled"]) == round(0.25 * len(prepared.split.train))
    assert set(described["mislabelled"]) <= {prepared.dataset.items[index].key for index in prepared.split.train}


def test_the_plan_of_a_split_is_the_split_where_every_image_can_be_read(photos, tmp_path):
    spec = data(source=f"folder:{photos(each=20)}", group_by="folder", images_per_class=5, split_seed=3)
    planned, made = split_of(spec, listed(spec)), prepare(spec, 32, tmp_path / "cache", quiet).split
    assert all(np.array_equal(planned.part(name), made.part(name)) for name in ("train", "validation", "test"))


def test_identical_files_never_stand_on_both_sides(photos, tmp_path):
    root = photos(each=20)
    for number in range(20):
        shutil.copy(root / "cat" / "000.jpg", root / "cat" / f"copy{number}.jpg")
    prepared = prepare(data(source=f"folder:{root}"), 32, tmp_path / "cache", quiet)
    parts = prepared.split
    sides = [
        {prepared.dataset.items[index].digest for index in parts.part(name)} for name in ("train", "validation", "test")
    ]
    assert not (sides[0] & sides[1] or sides[0] & sides[2] or sides[1] & sides[2])


def test_a_folder_of_one_class_is_refused_with_what_was_found(photos, tmp_path):
    with pytest.raises(BadInput, match="two classes or more; there are 6 usable images in 1 class"):
        prepare(data(source=f"folder:{photos('cat')}"), 32, tmp_path / "cache", quiet)


def test_a_class_of_nothing_but_broken_pictures_does_not_count(photos, tmp_path):
    root = photos(each=3)
    for file in (root / "dog").iterdir():
        file.write_bytes(b"broken")
    with pytest.raises(BadInput, match="3 usable images in 1 class"):
        prepare(data(source=f"folder:{root}"), 32, tmp_path / "cache", quiet)


def warnings_of(root) -> tuple[str, ...]:
    dataset = load_dataset(f"folder:{root}")
    return split_warnings(dataset, split(dataset, validation_share=0.25, test_share=0.25))


def test_an_ordinary_split_gives_no_remark(photos):
    assert warnings_of(photos("a", "b", each=12)) == ()


def test_copies_of_training_images_in_a_part_that_came_with_the_data_are_counted(photos):
    root = photos("a", "b", each=8, inside="train").parent
    photos("a", "b", each=6, inside="validation")
    (said,) = warnings_of(root)
    assert said.startswith("12 of the validation images are also in the training part")


def test_a_class_that_a_part_has_none_of_is_named(photos):
    root = photos("a", "b", each=12)
    single = root / "lonely"
    single.mkdir()
    first = next((root / "a").iterdir())
    (single / first.name).write_bytes(first.read_bytes() + b" ")
    assert any("no image of lonely" in text for text in warnings_of(root))


def test_the_same_image_in_two_classes_is_said_with_both_names(photos):
    root = photos("cat", "dog", each=10)
    for number, file in enumerate(sorted((root / "cat").iterdir())[:6]):
        shutil.copy(file, root / "dog" / f"copy{number}{file.suffix}")
    spec = data(source=f"folder:{root}")
    (said,) = split_warnings(listed(spec), split_of(spec, listed(spec)))
    assert said.startswith("6 images are in more than one class: cat/000.jpg is dog/copy0.jpg, ")
    assert "One of the labels is wrong" in said
    assert "and 3 more" in said


def test_copies_within_one_class_are_no_conflict(photos):
    root = photos("cat", "dog", each=10)
    shutil.copy(root / "cat" / "000.jpg", root / "cat" / "copy.jpg")
    spec = data(source=f"folder:{root}")
    assert split_warnings(listed(spec), split_of(spec, listed(spec))) == ()


def test_some_images_are_decoded_outside_the_cache_and_are_those_that_all_would_be(photos, tmp_path):
    root = photos(each=20)
    wanted = data(source=f"folder:{root}", label_noise=0.25)
    whole = prepare(wanted, 32, tmp_path / "cache", quiet)
    broken = whole.dataset.items[whole.split.train[2]].key
    (root / broken).write_bytes(b"no picture")
    told = []

    some = prepare_some(
        wanted,
        listed(wanted),
        lambda parts: (np.arange(1, 6), np.arange(3)),
        32,
        lambda _activity, done, total: told.append((done, total)),
    )

    assert told == [(done, 8) for done in range(1, 9)]
    taken = [item.key for item in some.dataset.items]
    assert broken not in taken
    assert len(some.split.train) + len(some.split.validation) == len(taken) == 7
    places = [[item.key for item in whole.dataset.items].index(key) for key in taken]
    assert np.array_equal(some.pixels.images, whole.pixels.images[places])
    labels = dict(zip(whole.split.train.tolist(), whole.split.train_labels.tolist(), strict=True))
    assert some.split.train_labels.tolist() == [labels[places[row]] for row in some.split.train]
