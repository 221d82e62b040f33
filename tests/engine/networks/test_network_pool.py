"""A network is built while images are decoded, and kept until it would change."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import quiet, small_spec
from tl_core.data import decode
from tl_core.engine.networks import network_pool
from tl_core.engine.networks.network_pool import NetworkPool, prepare_with_network
from tl_core.errors import RunFailed, RunStopped
from tl_core.experiment.resolve import Experiment, resolve
from tl_core.records import Activity, ProgressCallback, Stage

IMAGES = 80


@pytest.fixture
def experiment(photos: Callable[..., Path]) -> Experiment:
    return resolve(small_spec(data__source=f"folder:{photos('cat', 'dog', each=IMAGES // 2)}"))


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sources of experiments whose networks were built; building costs nothing here."""
    made: list[str] = []

    def build(experiment: Experiment, *_: Any) -> object:
        made.append(experiment.spec.data.source)
        return object()

    monkeypatch.setattr(network_pool, "pretrained", build)
    return made


@pytest.mark.parametrize("other", [{"data__image_size": 64}, {"backbone__mirror": True}], ids=str)
def test_the_last_network_is_kept_until_it_is_cleared_or_another_is_needed(
    other: dict[str, Any], built: list[str]
) -> None:
    pool, one, two = NetworkPool(), resolve(small_spec()), resolve(small_spec(**other))
    first = pool.network(one)
    assert pool.network(resolve(small_spec(head__dropout=0.3))) is first
    assert pool.has(one) and not pool.has(two) and len(built) == 1
    pool.network(two)
    assert pool.has(two) and not pool.has(one)
    pool.clear()
    assert not pool.has(two)
    assert pool.network(one) is not first


def test_random_weights_of_another_seed_are_another_network(built: list[str]) -> None:
    pool = NetworkPool()
    for seed in (1, 2):
        pool.network(resolve(small_spec(backbone__weights="random", train__seed=seed)))
    assert len(built) == 2


def test_the_network_is_built_while_images_are_decoded(
    experiment: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, built: list[str]
) -> None:
    resized, deadline = decode.resized, time.monotonic() + 60

    def waiting(image: Any, size: int) -> Any:
        while not built:
            assert time.monotonic() < deadline, "the network was not built before all images were decoded"
            time.sleep(0.01)
        return resized(image, size)

    monkeypatch.setattr(decode, "resized", waiting)
    pool = NetworkPool()
    data, network = prepare_with_network(experiment, tmp_path, quiet, pool)
    assert len(data.pixels.images) == IMAGES
    assert network is pool.network(experiment)


def test_an_error_of_the_network_is_raised_before_all_images_are_decoded(
    experiment: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resized, failed = decode.resized, threading.Event()

    def fail(*_: Any) -> None:
        failed.set()
        raise RunFailed("The weights are damaged.")

    def slow(image: Any, size: int) -> Any:
        assert failed.wait(60)
        time.sleep(0.02)  # Until the thread that failed has ended.
        return resized(image, size)

    monkeypatch.setattr(network_pool, "pretrained", fail)
    monkeypatch.setattr(decode, "resized", slow)
    told: list[int] = []
    with pytest.raises(RunFailed, match="damaged"):
        prepare_with_network(experiment, tmp_path, lambda _what, done, _total: told.append(done), NetworkPool())
    assert len(told) < IMAGES


def test_a_stop_while_images_are_decoded_leaves_no_thread_and_keeps_the_network(
    experiment: Experiment, tmp_path: Path, built: list[str]
) -> None:
    def stop(_activity: Activity, done: int, _total: int) -> None:
        if done == 20:
            raise RunStopped("stopped by the test")

    pool = NetworkPool()
    with pytest.raises(RunStopped):
        prepare_with_network(experiment, tmp_path, stop, pool)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ThreadPool")]
    assert pool.has(experiment)


def test_weights_are_downloaded_after_images_are_decoded_and_their_progress_is_reported(
    photos: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))

    def download(_experiment: Experiment, report: Callable[[int, int], None] | None = None) -> object:
        assert report is not None
        report(3, 10)
        return object()

    monkeypatch.setattr(network_pool, "pretrained", download)
    spec = small_spec(
        data__source=f"folder:{photos('cat', 'dog', each=4)}", backbone__name="VGG16", backbone__weights="imagenet"
    )
    told: list[tuple[Activity, int, int]] = []
    progress: ProgressCallback = lambda *step: told.append(step)  # noqa: E731
    prepare_with_network(resolve(spec), tmp_path / "cache", progress, NetworkPool())
    assert [activity.stage for activity, *_ in told[-2:]] == [Stage.DECODING, Stage.DOWNLOADING]
    assert told[-1][1:] == (3, 10)
