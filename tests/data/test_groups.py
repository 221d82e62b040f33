"""What belongs together is found, however it is linked."""

from __future__ import annotations

import shutil
import sys

import pytest
from PIL import Image

from tests.conftest import photo
from tl_core.data import folder, split
from tl_core.data.dataset import ImageDataset, Item
from tl_core.data.split import grouped


def dataset_of(keys_and_digests, part=None):
    items = tuple(Item(key, 0, digest, group=digest, part=part) for key, digest in keys_and_digests)
    return ImageDataset("made", ("a", "b"), items, "f", lambda _: Image.new("RGB", (2, 2)))


def groups(dataset, by):
    """The keys that are together, as sets."""
    together = {}
    for item in grouped(dataset, by).items:
        together.setdefault(item.group, set()).add(item.key)
    return sorted(together.values(), key=sorted)


def separate(*keys):
    return dataset_of([(key, key) for key in keys])


@pytest.mark.parametrize("by", ["content", "folder", "prefix"])
def test_identical_pictures_are_together_whatever_the_rule_and_wherever_they_lie(by):
    dataset = dataset_of([("a/x/one.jpg", "same"), ("b/y/two.jpg", "same"), ("b/z/three.jpg", "other")])
    assert groups(dataset, by) == [{"a/x/one.jpg", "b/y/two.jpg"}, {"b/z/three.jpg"}]


def test_by_content_other_pictures_stay_apart_even_in_one_folder():
    assert len(groups(separate("a/x/1_1.jpg", "a/x/1_2.jpg"), "content")) == 2


def test_by_folder_the_pictures_of_a_folder_inside_a_class_are_together():
    dataset = separate("a/patient1/1.jpg", "a/patient1/2.jpg", "a/patient2/1.jpg", "b/patient1/1.jpg")
    assert groups(dataset, "folder") == [
        {"a/patient1/1.jpg", "a/patient1/2.jpg"},
        {"a/patient2/1.jpg"},
        {"b/patient1/1.jpg"},
    ]


def test_by_folder_pictures_right_in_a_class_stay_apart():
    assert len(groups(separate("a/1.jpg", "a/2.jpg"), "folder")) == 2


def test_by_folder_the_part_above_the_class_is_no_folder_inside_it():
    dataset = dataset_of([("train/a/1.jpg", "1"), ("train/a/2.jpg", "2"), ("train/a/x/3.jpg", "3")], part="train")
    assert len(groups(dataset, "folder")) == 3


def test_by_prefix_names_alike_up_to_the_last_mark_are_together():
    dataset = separate(
        "a/cow7_012.jpg", "a/cow7_013.jpg", "a/cow8-1.jpg", "a/cow8-2.jpg", "a/cow.jpg", "b/cow7_012.jpg"
    )
    assert groups(dataset, "prefix") == [
        {"a/cow.jpg"},
        {"a/cow7_012.jpg", "a/cow7_013.jpg"},
        {"a/cow8-1.jpg", "a/cow8-2.jpg"},
        {"b/cow7_012.jpg"},
    ]


def test_two_films_that_share_a_frame_are_one_group():
    dataset = dataset_of([("a/f1/1.jpg", "x"), ("a/f1/2.jpg", "shared"), ("a/f2/1.jpg", "shared"), ("a/f2/2.jpg", "y")])
    assert len(groups(dataset, "folder")) == 1


def test_identical_files_of_a_real_folder_are_together(photos):
    root = photos("cat", "dog", each=2)
    shutil.copy(root / "cat" / "000.jpg", root / "dog" / "copy.jpg")
    photo(1, 40).save(root / "dog" / "other.jpg")
    found = groups(folder.load(str(root), "folder:x"), "content")
    assert {"cat/000.jpg", "dog/copy.jpg"} in found
    assert len(found) == 5


def lines_run(act, module):
    """How many lines of a module run in an action: the same on any machine, however busy."""
    count = 0

    def trace(frame, event, _):
        nonlocal count
        count += event == "line"
        return trace if frame.f_code.co_filename == module.__file__ else None

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        act()
    finally:
        sys.settrace(before)
    return count


def test_a_picture_that_thousands_of_folders_share_is_grouped_in_a_few_steps_for_each():
    dataset = dataset_of([(f"a/{number}/blank.jpg", "blank") for number in range(2000)])
    assert len(groups(dataset, "folder")) == 1
    # Where each look-up walks the whole chain, it is two thousand for each.
    assert lines_run(lambda: grouped(dataset, "folder"), split) < 50 * 2000
