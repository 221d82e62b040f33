"""Stored views: epochs take them in turn, and each is what the exact run would have seen in that epoch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.engine.conftest import quiet
from tl_core.data.prepare import Prepared, prepare
from tl_core.engine.backend import keras
from tl_core.engine.inputs import views as views_module
from tl_core.engine.inputs.prefix import in_keras, in_openvino
from tl_core.engine.inputs.streams import Batch, Inputs, from_images, in_batches
from tl_core.engine.inputs.views import drawn_epoch, from_views, view_of
from tl_core.errors import RunStopped
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import ExperimentSpec
from tl_core.records import Activity, Stage

MIXING = {"rotation": 20.0, "brightness": 0.3, "mixup": 0.5, "cutmix": 1.0}


@pytest.fixture(scope="module")
def frozen() -> keras.Model:
    """A frozen part that tells pixels apart."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((32, 32, 3))
    return keras.Model(inputs, keras.layers.Flatten()(keras.layers.Conv2D(4, 5, strides=5)(inputs)))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    spec = spec_of()
    return prepare(spec.data, resolve(spec).image_size, tmp_path_factory.mktemp("cache"), quiet)


def spec_of(**changes: Any) -> ExperimentSpec:
    values = {
        "data.source": "digits",
        "data.image_size": 32,
        "data.images_per_class": 5,
        "augment": MIXING,
        "train.views": 3,
    }
    return ExperimentSpec().with_values({**values, **{name.replace("__", "."): one for name, one in changes.items()}})


def views(
    frozen: keras.Model, data: Prepared, cache: Path, epochs: range = range(1, 8), progress: Any = quiet, **changes: Any
) -> Inputs:
    identity = ("a backbone", "its cut")
    return from_views(frozen, data.pixels, data.split.train, spec_of(**changes), epochs, identity, cache, progress)


def exact(frozen: keras.Model, data: Prepared, **changes: Any) -> Inputs:
    spec, keys = spec_of(**changes), [item.key for item in data.dataset.items]
    prefix = in_openvino(frozen)
    return from_images(data.pixels.images, data.split.train, prefix, spec.augment, spec.train.seed, keys)


def read(inputs: Inputs, epoch: int) -> list[Batch]:
    return list(inputs(in_batches(np.array([7, 3, 41, 0, 20]), 3), epoch))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The frozen part run by Keras, which is sooner ready to."""
    monkeypatch.setattr(views_module, "compiled", lambda model, *_: in_keras(model))


def folders(cache: Path) -> list[str]:
    return sorted(path.parent.name for path in cache.glob("features/*/index.json"))


@pytest.mark.slow
@pytest.mark.parametrize("augment", [MIXING, {"rotation": 20.0}], ids=["mixing", "keeping labels"])
def test_an_epoch_sees_what_the_exact_run_sees_in_the_epoch_of_its_view(
    augment: dict[str, float], frozen: keras.Model, data: Prepared, tmp_path: Path
) -> None:
    stored, each_time = views(frozen, data, tmp_path, augment=augment), exact(frozen, data, augment=augment)
    for epoch, view in ((1, 1), (2, 2), (3, 3), (4, 1), (7, 1)):
        for one, other in zip(read(stored, epoch), read(each_time, view), strict=True):
            np.testing.assert_allclose(one.inputs, other.inputs, rtol=1e-4, atol=1e-2)
            assert (one.partners is None) == (other.partners is None) == ("mixup" not in augment)
            if one.partners is not None:
                assert np.array_equal(one.partners, other.partners)
                assert np.array_equal(one.shares, other.shares)  # type: ignore[arg-type]
    assert not np.allclose(read(stored, 1)[0].inputs, read(stored, 2)[0].inputs)
    assert np.array_equal(read(stored, 1)[0].inputs, read(stored, 4)[0].inputs)


@pytest.mark.usefixtures("quick")
def test_each_view_is_a_folder_that_runs_with_more_views_find_made(
    frozen: keras.Model, data: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    views(frozen, data, tmp_path, train__views=2)
    two = folders(tmp_path)
    assert len(two) == 2
    views(frozen, data, tmp_path, train__views=3)
    assert len(folders(tmp_path)) == 3 and set(two) < set(folders(tmp_path))
    monkeypatch.setattr(views_module, "compiled", lambda *_: pytest.fail("computed again"))
    views(frozen, data, tmp_path, train__views=3)


@pytest.mark.usefixtures("quick")
def test_views_that_no_epoch_of_the_phase_sees_are_not_made(
    frozen: keras.Model, data: Prepared, tmp_path: Path
) -> None:
    views(frozen, data, tmp_path, range(5, 7), train__views=50)
    assert len(folders(tmp_path)) == 2


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    "change",
    [{"train__seed": 1}, {"augment": {**MIXING, "mixup": 0.6}}, {"augment": dict(reversed(list(MIXING.items())))}],
)
def test_another_seed_or_augmentation_has_views_of_its_own(
    change: dict[str, Any], frozen: keras.Model, data: Prepared, tmp_path: Path
) -> None:
    views(frozen, data, tmp_path)
    views(frozen, data, tmp_path, **change)
    assert len(folders(tmp_path)) == 6


@pytest.mark.usefixtures("quick")
def test_another_training_part_has_views_of_its_own(frozen: keras.Model, data: Prepared, tmp_path: Path) -> None:
    views(frozen, data, tmp_path)
    from_views(
        frozen, data.pixels, data.split.train[1:], spec_of(), range(1, 8), ("a backbone", "its cut"), tmp_path, quiet
    )
    assert len(folders(tmp_path)) == 6


@pytest.mark.usefixtures("quick")
def test_a_stopped_view_is_gone_on_with_and_those_before_it_stay(
    frozen: keras.Model, data: Prepared, tmp_path: Path
) -> None:
    def stop(activity: Activity, done: int, _total: int) -> None:
        if activity.part == "view 2 of 3" and done > 20:
            raise RunStopped("stopped by the test")

    with pytest.raises(RunStopped):
        views(frozen, data, tmp_path, progress=stop)
    assert len(folders(tmp_path)) == 1
    told: list[tuple[Activity, int]] = []
    views(frozen, data, tmp_path, progress=lambda said, done, _total: told.append((said, done)))
    assert told[0] == (Activity(Stage.FEATURES, part="view 2 of 3"), 48)
    assert len(folders(tmp_path)) == len(list(tmp_path.rglob("features.f32"))) == 3


def test_which_view_an_epoch_sees() -> None:
    assert [view_of(epoch, 3) for epoch in range(1, 8)] == [1, 2, 3, 1, 2, 3, 1]
    assert [view_of(epoch, 1) for epoch in range(1, 4)] == [1, 1, 1]


@pytest.mark.parametrize(
    ("changes", "drawn"),
    [
        ({}, [1, 2, 3, 1, 2]),
        ({"train__views": 0}, [1, 2, 3, 4, 5]),
        ({"train__feature_cache": "off"}, [1, 2, 3, 4, 5]),
        ({"backbone__freeze": "none"}, [1, 2, 3, 4, 5]),
        ({"train__head_epochs": 4, "backbone__freeze": "none"}, [1, 2, 3, 1, 5]),
        ({"train__epochs": 1}, [1, 2, 3, 1, 2]),
    ],
)
def test_epochs_draw_as_their_phase_reads(changes: dict[str, Any], drawn: list[int]) -> None:
    assert [drawn_epoch(resolve(spec_of(**changes)), epoch) for epoch in range(1, 6)] == drawn
