"""What runs are called: on their own, and among others."""

from __future__ import annotations

from typing import Any

from tests.each import for_each
from tl_core.experiment.naming import (
    LONGEST_TITLE,
    Origin,
    RunName,
    automatic_title,
    differing_settings,
    is_automatic,
    labels,
)
from tl_core.experiment.presets import PRESETS
from tl_core.experiment.spec import ExperimentSpec

CALLED = {
    "Feature extraction": ("feature-extraction", {}),
    "Dropout 0.5 (feature extraction)": ("feature-extraction", {"head.dropout": 0.5}),
    "L2 0 (feature extraction)": ("feature-extraction", {"head.l2": 0.0, "data.source": "digits"}),
    "Rotation 15, zoom 0.2 (fine-tuning the top)": ("fine-tune", {"augment": {"rotation": 15, "zoom": 0.2}}),
    "Label noise 0.2, epochs 30 (fine-tuning everything)": (
        "fine-tune-all",
        {"data.label_noise": 0.2, "train.epochs": 30},
    ),
}


def spec_of(changes: dict[str, Any], preset: str = "feature-extraction") -> ExperimentSpec:
    return PRESETS[preset].spec(changes)


def named(*runs: dict[str, Any] | str | tuple[str, dict[str, Any]]) -> list[str]:
    """The labels of runs that stand together: changes without a title, a title by hand, or both."""
    given = [run if isinstance(run, tuple) else (run, {}) if isinstance(run, str) else ("", run) for run in runs]
    names = tuple(
        RunName.of(f"20260101-{number:04}", title or automatic_title(spec_of(changes)), bool(title), spec_of(changes))
        for number, (title, changes) in enumerate(given)
    )
    return list(labels(names).values())


@for_each(("title", "made"), CALLED.items(), ids=CALLED)
def test_an_experiment_is_called_by_what_differs_from_the_nearest_recipe(
    title: str, made: tuple[str, dict[str, Any]]
) -> None:
    preset, changes = made
    assert automatic_title(PRESETS[preset].spec(changes)) == title


@for_each("preset", PRESETS, ids=lambda preset: preset.name)
def test_a_recipe_is_called_by_its_own_name(preset: Any) -> None:
    assert automatic_title(preset.spec()) == preset.title


def test_changes_that_do_not_fit_are_counted() -> None:
    changes = {"head.dropout": 0.5, "head.l2": 0.01, "head.l1": 0.01, "train.seed": 3, "train.batch_size": 64}
    title = automatic_title(spec_of({**changes, "data.image_size": 96, "train.learning_rate": 0.01}))
    assert len(title) <= LONGEST_TITLE
    assert title.startswith("Image size 96, ") and title.endswith(" more (feature extraction)")


def test_a_fork_is_called_by_what_it_changes_and_by_its_parent() -> None:
    before = spec_of({"head.dropout": 0.2})
    origin = Origin("Dropout 0.2 (feature extraction)", 7, before)
    assert automatic_title(spec_of({"head.dropout": 0.5}), origin) == "Dropout 0.5 (fork of Dropout 0.2 at epoch 7)"
    assert automatic_title(before, origin) == "Fork of Dropout 0.2 at epoch 7"
    assert len(automatic_title(spec_of({"head.dropout": 0.5}), Origin("x" * 80, 7, before))) <= LONGEST_TITLE


EARLIER = {
    "feature-extraction": True,
    "Feature extraction, image size 128": True,
    "fork of mine at epoch 3": True,
    "Mine from epoch 3, dropout 0.5": True,
    "Mine from epoch to epoch": False,
    "Mine": False,
}


@for_each(("title", "automatic"), EARLIER.items(), ids=EARLIER)
def test_titles_that_earlier_versions_made_are_known_as_automatic(title: str, automatic: bool) -> None:
    assert is_automatic(title) is automatic


TOGETHER: dict[str, tuple[list[Any], list[str]]] = {
    "one setting": (
        [{"head.dropout": 0.2, "data.image_size": 128}, {"head.dropout": 0.5, "data.image_size": 128}],
        ["dropout 0.2", "dropout 0.5"],
    ),
    "one that has the default": ([{}, {"head.dropout": 0.5}], ["dropout 0.2", "dropout 0.5"]),
    "two settings": (
        [{"head.dropout": 0.3}, {"augment": {"zoom": 0.2}}, {}],
        ["dropout 0.3, no augmentation", "dropout 0.2, zoom 0.2", "dropout 0.2, no augmentation"],
    ),
    "two datasets": ([{"data.source": "digits"}, {}], ["digits", "playground"]),
    "titles by hand": ([("mine", {}), {"head.dropout": 0.5}], ["mine", "dropout 0.5"]),
    "titles by hand that repeat": (
        ["same", ("same", {"head.dropout": 0.5})],
        ["same, dropout 0.2", "same, dropout 0.5"],
    ),
    "a long title by hand": (["a" * 79 + "b", "a" * 79 + "c"], ["a" * 79 + "b", "a" * 79 + "c"]),
    "nothing that differs": ([{}, {}], ["Feature extraction 0000", "Feature extraction 0001"]),
    "two alike among others": (
        [{"head.dropout": 0.5}, {"head.dropout": 0.5}, {}],
        ["dropout 0.5 0000", "dropout 0.5 0001", "dropout 0.2"],
    ),
}


@for_each(("runs", "called"), TOGETHER.values(), ids=TOGETHER)
def test_runs_that_stand_together_are_called_by_what_differs_between_them(runs: list[Any], called: list[str]) -> None:
    assert named(*runs) == called


def test_forks_that_differ_only_in_where_their_schedule_counts_from_are_told_apart_by_it() -> None:
    fork = {"start.run": "parent", "start.epoch": 3}
    specs = [spec_of(fork), spec_of({**fork, "start.schedule_from": 1})]
    runs = tuple(
        RunName.of(f"r{number}", "x", False, spec, "fork of x at epoch 3") for number, spec in enumerate(specs)
    )
    assert list(labels(runs).values()) == ["start schedule from epoch not set", "start schedule from epoch 1"]
    assert differing_settings(runs) == ("start.schedule_from",)


def test_where_many_settings_differ_a_run_is_called_by_those_it_changes() -> None:
    changes = [{"head.dropout": 0.5}, {"data.image_size": 96}, {"train.seed": 2}, {"head.l2": 0.1, "train.seed": 2}, {}]
    assert named(*changes) == ["dropout 0.5", "image size 96", "seed 2", "L2 0.1, seed 2", "Feature extraction"]


def test_where_many_settings_and_recipes_differ_the_recipe_stands_behind() -> None:
    specs = [spec_of({"head.dropout": 0.5}), spec_of({"head.dropout": 0.5}, "fine-tune"), spec_of({}, "from-scratch")]
    names = tuple(RunName.of(f"run-{number:04}", "", False, spec) for number, spec in enumerate(specs))
    assert list(labels(names).values()) == [
        "dropout 0.5 (feature extraction)",
        "dropout 0.5 (fine-tuning the top)",
        "From scratch",
    ]


def test_no_two_of_many_runs_have_the_same_label() -> None:
    specs = [preset.spec({"train.seed": seed}) for preset in PRESETS for seed in (1, 2, 2)]
    names = tuple(
        RunName.of(f"run-{number:04}", automatic_title(spec), False, spec) for number, spec in enumerate(specs)
    )
    assert len(set(labels(names).values())) == len(specs)


def test_a_run_whose_settings_cannot_be_read_keeps_its_title() -> None:
    found = labels((RunName("a-1", "a-1"), RunName.of("b-2", "x", False, spec_of({"head.dropout": 0.5}))))
    assert found["a-1"] == "a-1"


def test_which_images_there_are_is_no_change_of_a_preset() -> None:
    images = {"data.source": "folder:/photos", "data.layout": "classes", "data.accept_missing": ["cat"]}
    assert automatic_title(PRESETS["feature-extraction"].spec(images)) == PRESETS["feature-extraction"].title
