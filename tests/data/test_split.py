"""A split is fair, stays what it is, never tears a group, and says when it cannot be made."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pytest
from PIL import Image

from tests.each import for_each
from tl_core.data.dataset import PARTS, ImageDataset, Item
from tl_core.data.split import part_counts, split
from tl_core.errors import BadInput


def dataset_of(items, classes):
    return ImageDataset(
        "made", tuple(f"c{number}" for number in range(classes)), tuple(items), "f", lambda _: Image.new("RGB", (2, 2))
    )


def single(*sizes, part=None, start=0):
    """Classes of so many images, each image a group of its own."""
    keys = [
        (label, f"{part}/c{label}/{number}")
        for label, size in enumerate(sizes)
        for number in range(start, start + size)
    ]
    return dataset_of([Item(key, label, key, key, part) for label, key in keys], len(sizes))


def joined(*datasets):
    return dataset_of([item for dataset in datasets for item in dataset.items], len(datasets[0].class_names))


def cut(dataset, *, validation=0.2, test=0.15, **options):
    return split(dataset, validation_share=validation, test_share=test, **options)


def keys(dataset, indices):
    return {dataset.items[index].key for index in indices}


def members(dataset, parts):
    return {name: keys(dataset, parts.part(name)) for name in PARTS}


@for_each("sizes", [(100, 100), (10, 7, 500), (33, 34, 35, 36), (3, 4, 5), (1000, 20)])
@for_each("seed", range(3))
def test_every_class_gives_its_share_to_every_part_within_one_image(sizes, seed):
    counts = part_counts(dataset := single(*sizes), cut(dataset, seed=seed))
    for label, size in enumerate(sizes):
        assert abs(counts["validation"][label] - 0.2 * size) <= 1
        assert abs(counts["test"][label] - 0.15 * size) <= 1


def test_both_shares_are_of_all_images_whatever_the_other_takes():
    counts = part_counts(dataset := single(100, 100), cut(dataset, validation=0.4, test=0.4))
    assert counts == {"train": [20, 20], "validation": [40, 40], "test": [40, 40]}


def test_every_image_is_in_exactly_one_part_and_indices_ascend():
    parts = cut(dataset := single(20, 31))
    together = np.concatenate([parts.part(name) for name in PARTS])
    assert sorted(together) == list(range(len(dataset.items)))
    assert all((np.diff(parts.part(name)) > 0).all() for name in PARTS)


def test_the_same_seed_gives_the_same_split_and_another_seed_another():
    dataset = single(50, 50)
    assert members(dataset, cut(dataset, seed=1)) == members(dataset, cut(dataset, seed=1))
    assert members(dataset, cut(dataset, seed=1))["validation"] != members(dataset, cut(dataset, seed=2))["validation"]


def test_the_order_in_which_items_are_listed_does_not_matter():
    dataset = single(30, 30)
    other = dataset_of(reversed(dataset.items), 2)
    assert members(dataset, cut(dataset)) == members(other, cut(other))


def test_a_split_is_the_same_on_every_machine():
    """Written down once: a change of it makes every repeat of a former experiment look at other images."""
    parts = cut(single(8, 8), validation=0.25, test=0.25, seed=0)
    assert {name: parts.part(name).tolist() for name in ("validation", "test")} == {
        "validation": [0, 4, 11, 14],
        "test": [1, 5, 10, 13],
    }


def test_adding_images_moves_few_of_the_others():
    small, large = single(500, 500), single(510, 510)
    before, after = members(small, cut(small)), members(large, cut(large))
    moved = sum(len(before[name] - after[name]) for name in PARTS)
    assert moved <= 20


def random_groups(random):
    """A dataset of two to five classes in groups of any size, some of them across classes."""
    classes = int(random.integers(2, 6))
    items = []
    for group in range(int(random.integers(classes, 60))):
        label = group % classes
        for number in range(int(random.integers(1, 9))):
            own = label if random.random() < 0.95 else int(random.integers(classes))
            items.append(Item(f"{group}/{number}", own, f"{group}/{number}", f"g{group}"))
    return dataset_of(items, classes)


def wrong_labels(dataset, parts):
    return {dataset.items[parts.train[place]].key: parts.train_labels[place] for place in parts.mislabelled}


def cut_or_none(dataset, **options):
    try:
        return cut(dataset, **options)
    except BadInput:
        return None


@for_each("seed", range(60))
def test_a_group_is_never_torn_and_no_class_is_lost_to_training(seed):
    dataset = random_groups(np.random.default_rng(seed))
    if (parts := cut_or_none(dataset, seed=seed, validation=0.3)) is None:
        assert len({item.group for item in dataset.items}) < 12  # only the smallest of them may be refused
        return
    seen = defaultdict(set)
    for name in PARTS:
        for index in parts.part(name):
            seen[dataset.items[index].group].add(name)
    assert all(len(names) == 1 for names in seen.values())
    assert set(dataset.labels[parts.train]) == set(dataset.labels)


def test_groups_of_many_sizes_still_come_near_the_share():
    random = np.random.default_rng(3)
    items = [
        Item(f"{label}/{group}/{number}", label, f"{label}/{group}/{number}", f"{label}/{group}")
        for label in range(3)
        for group in range(60)
        for number in range(int(random.integers(1, 12)))
    ]
    dataset = dataset_of(items, 3)
    total = Counter(item.label for item in items)
    counts = part_counts(dataset, cut(dataset))
    assert all(abs(counts["validation"][label] / total[label] - 0.2) < 0.03 for label in range(3))


def test_a_class_that_is_one_group_stays_in_training_whole():
    items = [Item(f"a/{n}", 0, f"a{n}", "film") for n in range(4)] + [
        Item(f"b/{n}", 1, f"b{n}", f"b{n}") for n in range(20)
    ]
    counts = part_counts(dataset := dataset_of(items, 2), cut(dataset, validation=0.5, test=0.4))
    assert [counts[name][0] for name in PARTS] == [4, 0, 0]


class TestASplitThatCameWithTheData:
    def test_is_kept_whatever_shares_and_seed_say(self):
        dataset = joined(single(10, 10, part="train"), single(3, 4, part="validation"), single(5, 6, part="test"))
        counts = part_counts(dataset, cut(dataset, validation=0.5, test=0.5, seed=9))
        assert counts == {"train": [10, 10], "validation": [3, 4], "test": [5, 6]}

    def test_with_no_validation_part_gets_one_from_its_training_part(self):
        dataset = joined(single(10, 10, part="train"), single(5, 6, part="test"))
        counts = part_counts(dataset, cut(dataset))
        assert counts == {"train": [8, 8], "validation": [2, 2], "test": [5, 6]}

    def test_with_no_test_part_goes_without(self):
        dataset = joined(single(10, 10, part="train"), single(3, 3, part="validation"))
        assert part_counts(dataset, cut(dataset)) == {"train": [10, 10], "validation": [3, 3], "test": [0, 0]}

    def test_of_a_training_part_alone_is_split_like_any_other(self):
        counts = part_counts(dataset := single(20, 20, part="train"), cut(dataset))
        assert counts == {"train": [13, 13], "validation": [4, 4], "test": [3, 3]}


class TestImagesPerClass:
    @pytest.mark.parametrize("most", [1, 5, 40])
    def test_limits_training_alone(self, most):
        dataset = single(40, 10)
        limited, full = part_counts(dataset, cut(dataset, images_per_class=most)), part_counts(dataset, cut(dataset))
        assert limited["train"] == [min(most, count) for count in full["train"]]
        assert (limited["validation"], limited["test"]) == (full["validation"], full["test"])

    def test_of_more_keeps_the_images_of_less(self):
        dataset = single(40, 40)
        chosen = [set(cut(dataset, images_per_class=most).train) for most in (2, 8, 20)]
        assert chosen[0] < chosen[1] < chosen[2]

    def test_depends_on_the_seed(self):
        dataset = joined(single(40, 40, part="train"), single(3, 3, part="validation"))
        assert set(cut(dataset, images_per_class=5, seed=0).train) != set(
            cut(dataset, images_per_class=5, seed=1).train
        )


class TestLabelNoise:
    @pytest.mark.parametrize("share", [0.0, 0.1, 0.25, 0.9])
    @pytest.mark.parametrize("sizes", [(40, 40), (21, 32, 43, 54)])
    def test_changes_exactly_that_share_and_always_to_another_class(self, share, sizes):
        parts = cut(dataset := single(*sizes), label_noise=share)
        true = dataset.labels[parts.train]
        assert len(parts.mislabelled) == round(share * len(parts.train))
        assert np.flatnonzero(parts.train_labels != true).tolist() == parts.mislabelled.tolist()
        assert set(parts.train_labels) <= set(range(len(sizes)))

    def test_touches_no_other_part_and_no_label_of_the_dataset(self):
        dataset = single(40, 40)
        clean, noisy = cut(dataset), cut(dataset, label_noise=0.5)
        assert members(dataset, clean) == members(dataset, noisy)
        assert dataset.labels.tolist() == [0] * 40 + [1] * 40

    def test_spreads_over_all_other_classes(self):
        parts = cut(dataset := single(1000, 1000, 1000, 1000), label_noise=0.5)
        true = dataset.labels[parts.train][parts.mislabelled]
        pairs = Counter(zip(true.tolist(), parts.train_labels[parts.mislabelled].tolist(), strict=True))
        assert len(pairs) == 12
        assert max(pairs.values()) < 2 * min(pairs.values())

    def test_is_the_same_for_the_same_seed_and_grows_by_adding(self):
        dataset = single(60, 60, 60, 60)
        few, many = cut(dataset, label_noise=0.1, seed=4), cut(dataset, label_noise=0.4, seed=4)
        assert wrong_labels(dataset, few).items() < wrong_labels(dataset, many).items()
        assert cut(dataset, label_noise=0.4, seed=4).train_labels.tolist() == many.train_labels.tolist()

    def test_changes_other_labels_for_another_seed_also_where_the_same_images_train(self):
        dataset = single(200, 200)
        one, other = (cut(dataset, label_noise=0.4, seed=seed) for seed in (4, 5))
        both = {dataset.items[place].key for place in {*one.train} & {*other.train}}
        wrong, others = wrong_labels(dataset, one).keys() & both, wrong_labels(dataset, other).keys() & both
        assert len(wrong & others) < 0.5 * len(wrong | others)


class TestWhatCannotBeSplit:
    def refused(self, dataset, **options):
        with pytest.raises(BadInput) as caught:
            cut(dataset, **options)
        (problem,) = caught.value.problems
        assert problem.remedy
        return problem

    def test_one_class_is_refused(self):
        problem = self.refused(single(20))
        assert problem.path == "data.source"
        assert "two classes or more; there are 20 usable images in 1 class" in problem.message

    def test_a_class_whose_images_are_all_gone_does_not_count(self):
        assert "20 usable images in 1 class" in self.refused(dataset_of(single(20).items, 3)).message

    def test_classes_that_only_the_test_part_holds_do_not_count(self):
        alone = dataset_of(single(9, part="train").items, 2)
        assert self.refused(joined(alone, single(4, 4, part="test"))).path == "data.source"

    def test_no_image_at_all_is_refused(self):
        assert "0 usable images in 0 classes" in self.refused(dataset_of([], 2)).message

    def test_classes_of_one_image_leave_none_to_validate_with(self):
        problem = self.refused(single(1, 1, 1))
        assert problem.path == "data.validation_share"
        assert "no image is left for validation" in problem.message

    def test_classes_of_one_group_each_say_that_groups_are_never_torn(self):
        items = [Item(f"{label}/{n}", label, f"{label}{n}", f"film{label}") for label in range(2) for n in range(10)]
        assert "data.group_by" in self.refused(dataset_of(items, 2)).remedy


def test_a_class_of_one_image_trains_and_the_others_are_split():
    dataset = single(1, 20)
    assert part_counts(dataset, cut(dataset)) == {"train": [1, 13], "validation": [0, 4], "test": [0, 3]}


def test_even_the_largest_shares_leave_each_class_an_image_to_train_with():
    counts = part_counts(dataset := single(10, 3), cut(dataset, validation=0.8, test=0.5))
    assert counts["train"] == [1, 1]


def test_a_test_share_of_zero_makes_no_test_part():
    assert len(cut(single(20, 20), test=0.0).test) == 0
