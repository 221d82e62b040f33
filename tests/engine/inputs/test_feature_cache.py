"""The feature cache changes how long a run takes and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest

from tests.each import quick_first
from tests.engine.conftest import low_spec, quiet, small_spec
from tests.epoch_lines import read_lines
from tests.families import FAMILIES
from tl_core import store
from tl_core.backbones import BACKBONES
from tl_core.data.pixels import Pixels
from tl_core.data.prepare import prepare
from tl_core.engine.backend import keras
from tl_core.engine.inputs import features as features_module
from tl_core.engine.inputs import streams
from tl_core.engine.inputs.features import features
from tl_core.engine.inputs.prefix import Prefix, in_keras, in_openvino
from tl_core.engine.networks.assembly import assemble, divide
from tl_core.engine.training import phase_data
from tl_core.engine.training.lifecycle import train
from tl_core.errors import RunStopped
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import ExperimentSpec
from tl_core.records import Activity, Stage
from tl_core.store import disk

pytestmark = pytest.mark.slow

Trained = Callable[[ExperimentSpec], store.Run]


def curves(run: store.Run, name: str) -> np.ndarray:
    return np.array([line[name] for line in read_lines(run)])


LOSSES = ("loss", "train_eval_loss", "val_loss")


def five_epochs(preset: str, **changes: Any) -> ExperimentSpec:
    """Without augmentation, with dropout; of fine-tuning the phase that thaws."""
    thawed = {"backbone__freeze": "all-but-2", "train__head_epochs": 0} if preset == "fine-tune" else {}
    return small_spec(preset, train__epochs=5, **{"data__image_size": 64, **thawed, **changes})


LOW: dict[str, Any] = {"backbone__output": "block3", "data__image_size": 32}


@pytest.mark.parametrize(
    ("spec", "tolerance"),
    [
        (five_epochs("feature-extraction", **LOW), 1e-4),
        pytest.param(
            five_epochs("feature-extraction", **{**LOW, "backbone__output": "block1+block3"}),
            1e-4,
            marks=pytest.mark.long,
        ),
        pytest.param(five_epochs("fine-tune", train__backbone_learning_rate=1e-5, **LOW), 1e-3, marks=pytest.mark.long),
        pytest.param(five_epochs("feature-extraction"), 1e-4, marks=pytest.mark.long),
        pytest.param(five_epochs("fine-tune", train__backbone_learning_rate=1e-5), 1e-3, marks=pytest.mark.long),
    ],
    ids=["all frozen", "joined", "top thawed", "all frozen, whole", "top thawed, whole"],
)
def test_the_cached_curve_is_the_uncached_one(spec: ExperimentSpec, tolerance: float, trained: Trained) -> None:
    """The uncached run goes through plain Keras in every step, the cached one through OpenVINO once."""
    cached = trained(spec)
    uncached = trained(spec.with_values({"train.feature_cache": "off"}))
    for name in LOSSES:
        np.testing.assert_allclose(curves(cached, name), curves(uncached, name), atol=tolerance, rtol=0)
    assert curves(cached, "loss")[0] > curves(cached, "loss")[-1], "a curve that does not move shows nothing"


@pytest.mark.long
def test_with_keras_on_both_sides_the_cached_curve_is_the_uncached_one_to_the_bit_at_any_rate(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So what differs between OpenVINO and Keras is rounding, which a high rate amplifies, and nothing of the cache's making.

    Both sides take the images one by one: on some processors Keras rounds differently in batches of different sizes.
    """
    spec = five_epochs("fine-tune", train__backbone_learning_rate=3e-4)

    def one_by_one(model: keras.Model, *_: Any) -> Prefix:
        prefix = in_keras(model)
        return lambda batches: (np.concatenate(list(prefix(image[None] for image in batch))) for batch in batches)

    monkeypatch.setattr(features_module, "compiled", one_by_one)
    monkeypatch.setattr(phase_data, "in_keras", one_by_one)
    cached = store.create(tmp_path, spec)
    train(cached, tmp_path, quiet)
    uncached = trained(spec.with_values({"train.feature_cache": "off"}))
    for name in LOSSES:
        assert curves(cached, name).tolist() == curves(uncached, name).tolist()


@pytest.mark.parametrize("backbone", quick_first(FAMILIES, "EfficientNetLite0"))
def test_openvino_and_keras_say_the_same_of_an_image(backbone: str) -> None:
    weights, size = (
        "bundled" if backbone == "EfficientNetLite0" else "random",
        max(64, BACKBONES[backbone].minimum_size),
    )
    spec = small_spec(backbone__name=backbone, backbone__weights=weights, data__image_size=size)
    prefix = divide(assemble(resolve(spec), 3), resolve(spec), BACKBONES[backbone].cut_names[-1]).prefix
    assert prefix is not None
    images = np.random.default_rng(0).integers(0, 256, (10, size, size, 3), dtype=np.uint8)
    batches = [images[:4], images[4:8], images[8:]]
    expected = np.concatenate(list(in_keras(prefix)(batches)))
    found = np.concatenate(list(in_openvino(prefix)(batches)))
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() < 1e-4 * np.abs(expected).max()


@pytest.mark.parametrize("mixing", [{}, {"mixup": 0.4, "cutmix": 1.0}], ids=["keeping labels", "mixing"])
@pytest.mark.long
def test_with_a_view_for_every_epoch_the_curve_is_the_exact_one_and_with_fewer_another(
    mixing: dict[str, float], trained: Trained
) -> None:
    exact = five_epochs("feature-extraction", augment={"rotation": 10.0, "brightness": 0.2, **mixing})
    every = trained(exact.with_values({"train.views": 5}))
    for name in LOSSES:
        np.testing.assert_allclose(curves(every, name), curves(trained(exact), name), atol=1e-4, rtol=0)
    few = trained(exact.with_values({"train.views": 2}))
    np.testing.assert_allclose(curves(few, "loss")[:2], curves(every, "loss")[:2], atol=1e-6, rtol=0)
    assert np.abs(curves(few, "loss")[2:] - curves(every, "loss")[2:]).max() > 1e-3


def test_results_of_the_frozen_part_come_in_the_order_of_the_images() -> None:
    spec = small_spec()
    prefix = divide(assemble(resolve(spec), 3), resolve(spec), "final").prefix
    assert prefix is not None
    images = np.random.default_rng(0).integers(0, 256, (40, 32, 32, 3), dtype=np.uint8)
    run = in_openvino(prefix)
    together = np.concatenate(list(run([images[n : n + 5] for n in range(0, 40, 5)])))
    for n in (0, 17, 39):
        np.testing.assert_allclose(together[n], next(iter(run([images[n : n + 1]])))[0], atol=1e-4)


@pytest.mark.long
def test_a_pass_that_nobody_finishes_can_be_thrown_away_at_any_moment() -> None:
    """With callbacks under way this once waited for ever: hence a process of its own, and a limit."""
    code = """
import numpy as np
from tests.engine.conftest import small_spec
from tl_core.engine.inputs.prefix import in_openvino
from tl_core.engine.networks.assembly import assemble, divide
from tl_core.experiment.resolve import resolve
experiment = resolve(small_spec())
prefix = divide(assemble(experiment, 3), experiment, "final").prefix
images = np.zeros((16, 32, 32, 3), np.uint8)
for number in range(8):
    results = in_openvino(prefix)([images] * 8)
    for _ in range(number % 4):
        next(results)
    del results
print("done")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False)
    assert done.stdout == "done\n", done.stderr[-2000:]


@pytest.fixture(scope="module")
def digits(shared_models: Path) -> Pixels:
    spec = small_spec()
    return prepare(spec.data, resolve(spec).image_size, store.cache_folder(shared_models), quiet).pixels


@pytest.fixture(scope="module")
def frozen() -> keras.Model:
    spec = small_spec()
    prefix = divide(assemble(resolve(spec), 10), resolve(spec), "final").prefix
    assert prefix is not None
    return prefix


def test_features_are_computed_once(
    digits: Pixels, frozen: keras.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = features(frozen, digits, ("a",), tmp_path, quiet)
    assert first.shape == (1797, 1280)
    monkeypatch.setattr(features_module, "compiled", _never)
    again = features(frozen, digits, ("a",), tmp_path, quiet)
    assert np.array_equal(first, again)
    with pytest.raises(AssertionError, match="computed again"):
        features(frozen, digits, ("b",), tmp_path, quiet)


@pytest.mark.long
def test_a_stopped_pass_goes_on_where_it_stopped_and_says_the_same_to_the_bit(
    digits: Pixels, frozen: keras.Model, tmp_path: Path
) -> None:
    told: list[int] = []

    def stop(_activity: Activity, done: int, _total: int) -> None:
        told.append(done)
        if done > 100:
            raise RunStopped("stopped by the test")

    for reached in (112, 128):
        with pytest.raises(RunStopped):
            features(frozen, digits, ("a",), tmp_path / "stopped", stop)
        assert told[-1] == reached
    told.clear()
    gone_on = features(frozen, digits, ("a",), tmp_path / "stopped", lambda _what, done, _total: told.append(done))
    assert told[0] == 144
    assert np.array_equal(gone_on, features(frozen, digits, ("a",), tmp_path / "at once", quiet))


KILLED = """
import sys
from pathlib import Path
from tests.engine.conftest import small_spec
from tl_core.cache import arrays
from tl_core.data.prepare import prepare
from tl_core.engine.backend import keras
from tl_core.engine.inputs.features import features
from tl_core.engine.networks.assembly import assemble, divide
from tl_core.experiment.resolve import resolve

arrays.KEEP_EVERY = 0.1
experiment = resolve(small_spec(data__image_size=96))
data = prepare(experiment.spec.data, experiment.image_size, Path(sys.argv[1]), arrays.unwatched)
prefix = divide(assemble(experiment, 10), experiment, "final").prefix
features(prefix, data.pixels, ("a",), Path(sys.argv[1]), lambda what, done, total: print(done, flush=True))
"""


@pytest.mark.long
def test_a_pass_whose_process_was_killed_goes_on_where_it_was_recorded(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        for line in killed.stdout:
            if int(line) >= 800:
                killed.kill()
                break
    (half,) = (tmp_path / "features").glob(".tmp-building-*")
    recorded = json.loads((half / "reached.json").read_text())["state"]["images"]
    assert 0 < recorded <= 1000
    spec = small_spec(data__image_size=96)
    data = prepare(spec.data, resolve(spec).image_size, tmp_path, quiet)
    prefix = divide(assemble(resolve(spec), 10), resolve(spec), "final").prefix
    assert prefix is not None
    told: list[int] = []
    gone_on = features(prefix, data.pixels, ("a",), tmp_path, lambda _what, done, _total: told.append(done))
    assert told[0] == recorded + 16
    assert np.array_equal(gone_on, features(prefix, data.pixels, ("a",), tmp_path / "at once", quiet))


@pytest.mark.parametrize("storage", quick_first(["float32", "float16"], "float16"))
def test_features_that_do_not_fit_into_memory_are_read_from_the_disk_and_the_curve_is_the_same_to_the_bit(
    storage: str, trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = low_spec(train__feature_storage=storage)
    fitting = trained(spec)
    asked = Mock(return_value=0)
    monkeypatch.setattr(streams, "room", asked)
    mapped = trained(spec)
    assert asked.called
    for name in LOSSES:
        assert curves(mapped, name).tolist() == curves(fitting, name).tolist()


def _never(*_arguments: object) -> Iterator[np.ndarray]:
    raise AssertionError("computed again")


def test_a_second_run_on_the_same_data_computes_no_features(trained: Trained, shared_models: Path) -> None:
    trained(small_spec())
    seen = set()
    run = store.create(shared_models, small_spec(head__dropout=0.7, train__seed=5, data__split_seed=3))
    train(run, shared_models, lambda activity, _done, _total: seen.add(activity))
    assert not seen & {Activity(Stage.DECODING), Activity(Stage.FEATURES)}


@pytest.mark.long
def test_features_are_found_again_after_images_are_decoded_again_one_of_which_is_unreadable(
    tmp_path: Path, photos: Callable[..., Path]
) -> None:
    """Then there are fewer rows than listed images."""
    spec = small_spec(data__source=f"folder:{photos('cat', 'dog', each=20)}")
    (tmp_path / "photos" / "cat" / "001.jpg").write_bytes(b"no picture")
    train(store.create(tmp_path, spec), tmp_path, quiet)
    disk.clear_cache(tmp_path, "pixels")
    told = []
    train(store.create(tmp_path, spec), tmp_path, lambda activity, *_: told.append(activity))
    assert Activity(Stage.DECODING) in told
    assert Activity(Stage.FEATURES) not in told
