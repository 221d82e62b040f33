"""The score of the advice: ratios on the same images, what is kept is not trained again, generated images are as they were."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.advice.datasets import DATASETS, Data
from benchmarks.advice.drawn import write_digits_on_photos, write_letters, write_textures
from benchmarks.advice.scored import ratio, scored
from benchmarks.advice.trained import Bench, Trained, seeds_of
from tests.each import for_each
from tl_core.errors import BadInput
from tl_core.experiment.presets import PRESETS
from tl_core.experiment.spec import ExperimentSpec


def trained(recipe: str, losses: np.ndarray, seed: int = 0) -> Trained:
    spec = PRESETS["feature-extraction"].spec({"train.seed": seed})
    rounded = tuple(map(float, losses))
    return Trained("toys", recipe, seed, spec.digest(), float(losses.mean()), 0.5, rounded, 3, 10, 1.0)


def test_the_best_preset_is_that_of_the_lowest_mean_of_its_seeds() -> None:
    losses = np.random.default_rng(0).gamma(2, 0.5, 100)
    presets = {
        "fine-tune": [trained("fine-tune", losses)],
        "early-features": [trained("early-features", 0.5 * losses), trained("early-features", 1.7 * losses, 1)],
    }
    row = scored(
        "toys", (60, 100), ["few"], ("linear-top", "early-features", [trained("linear-top", 1.01 * losses)]), presets
    )
    assert (row.best, row.among, row.within) == ("fine-tune", 2, True)
    assert row.ratio.value == pytest.approx(1.01)
    assert row.unchanged == pytest.approx(1.1)


def test_the_interval_of_a_ratio_is_that_of_images_drawn_anew_and_narrow_where_both_find_the_same_images_hard() -> None:
    rng = np.random.default_rng(0)
    losses = rng.gamma(1, 1, 200)
    paired, unpaired = ratio(1.1 * losses, losses), ratio(1.1 * rng.permutation(losses), losses)
    assert paired.value == pytest.approx(1.1) and paired.high - paired.low < 1e-9
    assert unpaired.low < unpaired.value < unpaired.high and unpaired.high - unpaired.low > 0.2


def test_what_is_in_the_file_is_not_trained_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row, file = trained("feature-extraction", np.ones(4)), tmp_path / "advice.jsonl"
    file.write_text(json.dumps(asdict(row)) + "\n")
    bench = Bench(file, tmp_path / "models")
    assert bench.preset("toys", {}, "feature-extraction") == row
    monkeypatch.setattr(bench, "_train", lambda data, recipe, spec: trained(recipe, np.zeros(4), spec.train.seed))
    assert bench.preset("toys", {}, "feature-extraction", seed=1).loss == 0
    assert len(Bench(file, tmp_path / "models").known) == 2
    assert seeds_of("from-scratch", (0, 1)) == (0,) and seeds_of("early-features", (0, 1)) == (0, 1)


@for_each("data", DATASETS, lambda data: data.name)
def test_every_dataset_is_settings_that_are_allowed(data: Data) -> None:
    ExperimentSpec().with_values(data.settings)
    assert "data.image_size" in data.settings


def test_eight_datasets_are_scored_and_one_needs_photos(tmp_path: Path) -> None:
    rows = [data for data in DATASETS if data.scored]
    assert len(rows) == 8
    with pytest.raises(BadInput, match="--photos"):
        next(data for data in rows if data.name == "clothing").values(tmp_path, None)


@pytest.mark.long
@for_each("write", (write_textures, write_letters, write_digits_on_photos), lambda write: write.__name__)
def test_generated_images_are_the_same_every_time(write, tmp_path) -> None:  # type: ignore[no-untyped-def]
    files = []
    for name in ("one", "other"):
        folder = tmp_path / write.__name__ / name
        write(folder, 2, 1, 5)
        files.append(sorted(folder.rglob("*.png")))
    first, second = ([np.asarray(Image.open(file)) for file in group] for group in files)
    assert len(first) >= 24 and all(map(np.array_equal, first, second))
    assert not np.array_equal(first[0], first[1])
