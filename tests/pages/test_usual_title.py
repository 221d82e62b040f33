"""What an experiment is called where nobody gave it a name."""

from __future__ import annotations

from typing import Any

from pages.ui.train.start import LONGEST_TITLE, usual_title
from tests.each import for_each
from tl_core.experiment.presets import PRESETS

CALLED = {
    "Feature extraction": ("feature-extraction", {}),
    "Feature extraction, dropout 0.5": ("feature-extraction", {"head.dropout": 0.5}),
    "Feature extraction, L2 0": ("feature-extraction", {"head.l2": 0.0, "data.source": "digits"}),
    "Fine-tuning the top, rotation 15, zoom 0.2": ("fine-tune", {"augment": {"rotation": 15, "zoom": 0.2}}),
    "Fine-tuning everything, label noise 0.2, epochs 30": (
        "fine-tune-all",
        {"data.label_noise": 0.2, "train.epochs": 30},
    ),
}


@for_each(("title", "made"), CALLED.items(), ids=CALLED)
def test_an_experiment_is_called_by_the_nearest_recipe_and_what_differs(
    title: str, made: tuple[str, dict[str, Any]]
) -> None:
    preset, changes = made
    assert usual_title(PRESETS[preset].spec(changes)) == title


@for_each("preset", PRESETS, ids=lambda preset: preset.name)
def test_a_recipe_is_called_by_its_own_name(preset: Any) -> None:
    assert usual_title(preset.spec()) == preset.title


def test_many_changes_make_a_title_that_still_fits() -> None:
    changes = {"head.dropout": 0.5, "head.l2": 0.01, "head.l1": 0.01, "train.seed": 3, "train.batch_size": 64}
    title = usual_title(PRESETS["feature-extraction"].spec(changes))
    assert len(title) <= LONGEST_TITLE
    assert title.endswith(" …")
