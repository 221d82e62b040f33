"""Sides are read from run folders: which epoch, which images, and why not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.pages.folders import add_measured, add_outputs, add_run
from tl_core import store
from tl_core.comparison import (
    Entry,
    compare,
    entries_of,
    rank,
    read_sides,
    readable_sides,
    recipe_of,
    seed_groups,
    seedless,
)
from tl_core.errors import BadInput
from tl_core.experiment.presets import PRESETS

RIGHT = np.random.default_rng(0).random((6, 60)) < 0.8


def entries(*runs: store.Run) -> list[Entry]:
    return [Entry(name, (run,)) for name, run in zip("ABCDEF", runs, strict=False)]


def test_a_run_is_compared_at_its_exported_epoch(tmp_path: Path) -> None:
    run = add_run(tmp_path, accuracies=((0.8, 0.75), (0.9, 0.86), (0.97, 0.84)))
    add_outputs(run, RIGHT[:3])
    last = add_run(
        tmp_path, accuracies=((0.8, 0.75), (0.9, 0.86), (0.97, 0.84)), settings={"stopping.restore_best": False}
    )
    add_outputs(last, RIGHT[:3])
    best, other = read_sides(entries(run, last))
    np.testing.assert_array_equal(best.correct, RIGHT[1:2])
    np.testing.assert_array_equal(other.correct, RIGHT[2:3])
    assert best.loss is not None and best.loss.shape == (1, 60)
    assert best.runs == (run.id,)


def test_several_seeds_are_rows_and_a_repeated_seed_is_no_further_evidence(tmp_path: Path) -> None:
    runs = [add_measured(tmp_path, "", RIGHT[place], {"train.seed": seed}) for place, seed in enumerate((0, 1, 1))]
    other = add_measured(tmp_path, "", RIGHT[3], {"head.dropout": 0.5})
    side, one = read_sides([Entry("A", tuple(runs)), Entry("B", (other,))])
    np.testing.assert_array_equal(side.correct, RIGHT[:2])
    assert compare(side, one).seeds == (2, 1)


@pytest.mark.parametrize(
    "settings", [{"data.split_seed": 5}, {"data.validation_share": 0.3}, {"data.source": "digits"}]
)
def test_other_validation_images_are_refused(tmp_path: Path, settings: dict[str, object]) -> None:
    runs = [add_measured(tmp_path, "", RIGHT[0]), add_measured(tmp_path, "", RIGHT[1], settings)]
    with pytest.raises(BadInput, match=r"A and B were measured on different images. Only runs with the same data"):
        read_sides(entries(*runs))


def test_as_many_other_images_under_the_same_settings_are_refused(tmp_path: Path) -> None:
    runs = [add_measured(tmp_path, "", RIGHT[0], data=data) for data in ("before", "after")]
    with pytest.raises(BadInput, match="different images"):
        read_sides(entries(*runs))


def test_what_cannot_be_compared_says_why(tmp_path: Path) -> None:
    whole = add_measured(tmp_path, "", RIGHT[0])
    with pytest.raises(BadInput, match="B has no epoch yet"):
        read_sides(entries(whole, add_run(tmp_path, accuracies=())))
    with pytest.raises(BadInput, match="B was trained by an earlier version"):
        read_sides(entries(whole, add_run(tmp_path)))
    partly = add_run(
        tmp_path, accuracies=((0.8, 0.7), (0.8, 0.9))
    )  # Outputs of its best epoch, the second, are missing.
    add_outputs(partly, RIGHT[:1])
    with pytest.raises(BadInput, match="B was trained by an earlier version"):
        read_sides(entries(whole, partly))
    with pytest.raises(BadInput, match="B keeps no outputs on test images"):
        read_sides(entries(whole, whole)[1:], "test")


def test_runs_that_cannot_be_compared_are_left_out_with_the_reason(tmp_path: Path) -> None:
    whole = [add_measured(tmp_path, "", RIGHT[place]) for place in (0, 1)]
    elsewhere, old = add_measured(tmp_path, "", RIGHT[2], {"data.split_seed": 1}), add_run(tmp_path)
    sides, reasons = readable_sides(entries(old, whole[0], elsewhere, whole[1]))
    assert [side.name for side in sides] == ["B", "D"]
    assert [reason.split(".")[0] for reason in reasons] == [
        "A was trained by an earlier version, or the file of its outputs is gone: there are none of its exported epoch",
        "C was measured on other images than B and D",
    ]
    assert readable_sides(entries(old)) == ((), reasons[:1])


def test_the_most_runs_on_the_same_images_are_compared_and_many_others_are_one_reason(tmp_path: Path) -> None:
    runs = [
        add_measured(tmp_path, "", RIGHT[place % 6], {"data.split_seed": seed})
        for place, seed in enumerate((7, 1, 1, *range(10, 17), 1, 1))
    ]
    sides, reasons = readable_sides([Entry(f"run {place}", (run,)) for place, run in enumerate(runs)])
    assert [side.name for side in sides] == ["run 1", "run 2", "run 10", "run 11"]
    assert [reason.split(". ")[0] for reason in reasons] == [
        "run 0, run 3 and 6 more were measured on other images than run 1, run 2 and 2 more"
    ]


def test_a_damaged_file_is_named_with_its_run(tmp_path: Path) -> None:
    run, damaged = add_measured(tmp_path, "", RIGHT[0]), add_measured(tmp_path, "", RIGHT[1])
    (damaged.folder / "val_outputs.bin").write_bytes(b"?")
    _, (reason,) = readable_sides(entries(run, damaged))
    assert reason.startswith("B: ") and "val_outputs.bin" in reason


def test_test_images_are_compared_where_they_were_measured(tmp_path: Path) -> None:
    runs = [add_measured(tmp_path, "", RIGHT[place], exported_epoch=1) for place in (0, 1)]
    for run, right in zip(runs, RIGHT[2:4], strict=True):
        add_outputs(run, right[None, :40], split="test")
    sides = read_sides(entries(*runs), "test")
    np.testing.assert_array_equal(sides[1].correct, RIGHT[3:4, :40])
    assert compare(*sides).images == 40


def test_different_losses_leave_only_accuracies_to_compare(tmp_path: Path) -> None:
    runs = [add_measured(tmp_path, "", RIGHT[0]), add_measured(tmp_path, "", RIGHT[1], loss_name="squared hinge")]
    sides = read_sides(entries(*runs))
    assert [side.loss for side in sides] == [None, None]
    assert rank(sides).best in (0, 1)


def test_runs_that_differ_only_in_their_seed_are_one_group() -> None:
    def spec(**settings: object) -> object:
        return PRESETS["feature-extraction"].spec({name.replace("__", "."): value for name, value in settings.items()})

    specs = {
        "a": spec(),
        "b": spec(head__dropout=0.5),
        "c": spec(train__seed=3),
        "d": spec(train__seed=3, data__split_seed=1),
    }
    assert seed_groups(specs) == (("a", "c"), ("b",), ("d",))
    assert recipe_of(specs["a"]) == recipe_of(specs["c"])
    assert seed_groups(specs, {"c"}) == (("a",), ("b",), ("c",), ("d",)), "changed during training"


def test_a_group_of_seeds_is_called_as_the_run_with_the_default_seed() -> None:
    from tl_core.experiment.naming import RunName, automatic_title

    spec = PRESETS["feature-extraction"].spec({"train.seed": 4, "head.dropout": 0.5})
    name = RunName.of("id", automatic_title(spec), False, spec)
    assert seedless(name, spec).title == "Dropout 0.5 (feature extraction)"
    assert "train.seed" not in seedless(name, spec).settings
    given = RunName.of("id", "mine", True, spec)
    assert seedless(given, spec).title == "mine"


def test_a_run_that_was_cut_short_or_changed_is_no_seed_of_others(tmp_path: Path) -> None:
    runs = [add_run(tmp_path, settings={"train.seed": seed}) for seed in (0, 1)]
    stopped = add_run(tmp_path, settings={"train.seed": 2}, status=store.STOPPED)
    assert [len(entry.runs) for entry in entries_of([*runs, stopped])] == [2, 1]
