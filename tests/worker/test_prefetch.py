"""An idle worker gets ready what somebody is setting up, and steps back for whoever pressed Train."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from PIL import Image

from tests.engine.conftest import quiet, small_spec
from tests.epoch_lines import read_lines
from tl_core import store
from tl_core.data.dataset import ImageDataset, Item
from tl_core.data.pixels import is_cached, pixels
from tl_core.engine.networks import build
from tl_core.engine.networks.network_pool import NetworkPool
from tl_core.engine.training.lifecycle import train
from tl_core.errors import RunStopped
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import ExperimentSpec
from tl_core.records import Activity, Stage, unwatched
from tl_core.worker import prefetch
from tl_core.worker.prefetch import Prefetcher


def wished(models: Path, **changes: Any) -> ExperimentSpec:
    spec = small_spec(**changes)
    store.prefetch.wish(models, spec)
    return spec


def caches(models: Path) -> list[str]:
    return sorted({file.parent.parent.name for file in models.glob("cache/*/*/index.json")})


@pytest.mark.slow
def test_what_was_got_ready_is_not_made_again_by_the_run_and_changes_nothing_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec, pool = wished(tmp_path / "ahead"), NetworkPool()
    Prefetcher(tmp_path / "ahead", unwatched, pool).step()
    assert caches(tmp_path / "ahead") == ["features", "pixels"]
    lines = {}
    for name in ("ahead", "alone"):
        if name == "ahead":
            with monkeypatch.context() as patch:
                patch.setattr(build, "build", lambda *_: pytest.fail("the network was built again"))
                run = store.create(tmp_path / name, spec)
                train(run, tmp_path / name, quiet, pool=pool)
        else:
            run = store.create(tmp_path / name, spec)
            train(run, tmp_path / name, quiet)
        lines[name] = [{**line, "seconds": 0, "images_per_second": 0} for line in read_lines(run)]
    assert lines["ahead"] == lines["alone"]


@pytest.mark.slow
@pytest.mark.long
def test_it_is_got_ready_once_and_again_after_its_network_was_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = small_spec("fine-tune", data__images_per_class=3, train__head_epochs=1, train__epochs=1)
    store.prefetch.wish(tmp_path, spec)
    made = Mock(side_effect=build.build)
    monkeypatch.setattr(build, "build", made)
    pool = NetworkPool()
    idle = Prefetcher(tmp_path, unwatched, pool)
    for _ in range(3):
        idle.step()
    assert made.call_count == 1
    train(store.create(tmp_path, spec), tmp_path, quiet, pool=pool)
    idle.step()
    assert made.call_count == 2


@pytest.mark.long
@pytest.mark.slow
def test_a_run_that_changed_no_weight_of_the_network_leaves_it_to_the_next_and_one_that_did_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = NetworkPool()

    def lines_of(spec: ExperimentSpec) -> list[dict[str, Any]]:
        run = store.create(tmp_path, spec)
        train(run, tmp_path, quiet, pool=pool)
        return [{**line, "seconds": 0, "images_per_second": 0} for line in read_lines(run)]

    thawed = small_spec("fine-tune", data__images_per_class=3, train__head_epochs=1, train__epochs=1)
    expected = lines_of(thawed)
    assert not pool.has(resolve(thawed))
    lines_of(small_spec(head__dropout=0.3))
    with monkeypatch.context() as patch:
        patch.setattr(build, "build", lambda *_: pytest.fail("the network was built again"))
        assert lines_of(thawed) == expected
    assert not pool.has(resolve(thawed))


def test_it_gives_up_for_a_run_that_needs_something_else_and_reports_to_one_that_needs_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = wished(tmp_path)
    monkeypatch.setattr(prefetch, "REPORT", 0.0)
    watch = prefetch._Watch(tmp_path, resolve(spec), unwatched)
    watch(Activity(Stage.DECODING), 1, 10)  # Nothing waits.
    same = store.create(tmp_path, spec.with_values({"train.epochs": 7, "head.dropout": 0.5}))
    store.queue.add(same)
    watch(Activity(Stage.DECODING), 3, 10)
    told = store.read_progress(same)
    assert told is not None
    assert (told.activity, told.done, told.total) == (Activity(Stage.DECODING), 3, 10)
    watch.end()
    assert store.read_progress(same) is None
    store.queue.cancel(same)
    store.queue.add(store.create(tmp_path, spec.with_values({"data.image_size": 48})))
    with pytest.raises(RunStopped):
        watch(Activity(Stage.DECODING), 4, 10)


@pytest.mark.parametrize(
    "changes",
    [
        {"data.source": "folder:nowhere"},
        {"backbone.name": "VGG16", "backbone.weights": "imagenet"},
        {"data.source": "playground:images_per_class=5000,classes=10", "data.image_size": 224},
    ],
    ids=["cannot start", "needs a download", "takes long"],
)
def test_what_cannot_start_needs_a_download_or_takes_long_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    store.prefetch.wish(tmp_path, ExperimentSpec().with_values(changes))
    Prefetcher(tmp_path, unwatched, NetworkPool()).step()
    assert caches(tmp_path) == []


def test_without_a_wish_nothing_is_done(tmp_path: Path) -> None:
    Prefetcher(tmp_path, unwatched, NetworkPool()).step()
    assert list(tmp_path.iterdir()) == []


def test_a_worker_that_waits_looks_at_a_wish_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store.prefetch.wish(tmp_path, ExperimentSpec().with_values({"data.source": "folder:nowhere"}))
    looked = Mock(side_effect=prefetch.plan)
    monkeypatch.setattr(prefetch, "plan", looked)
    idle = Prefetcher(tmp_path, unwatched, NetworkPool())
    for _ in range(5):
        idle.step()
    assert looked.call_count == 1


def test_an_error_nobody_foresaw_is_logged_once_and_the_worker_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    wished(tmp_path)

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(prefetch, "prefetch", broken)
    idle = Prefetcher(tmp_path, unwatched, NetworkPool())
    for _ in range(2):
        idle.step()
    assert caplog.text.count("Prefetch failed.") == 1


def test_it_gives_up_for_a_wish_that_needs_something_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = wished(tmp_path)
    monkeypatch.setattr(prefetch, "REPORT", 0.0)
    watch = prefetch._Watch(tmp_path, resolve(spec), unwatched)
    wished(tmp_path, head__dropout=0.7)
    watch(Activity(Stage.DECODING), 1, 10)
    wished(tmp_path, data__source="playground:difficulty=1")
    with pytest.raises(RunStopped):
        watch(Activity(Stage.DECODING), 2, 10)


@pytest.mark.long
@pytest.mark.slow
def test_another_wish_is_got_ready_though_its_network_is_there(tmp_path: Path) -> None:
    idle = Prefetcher(tmp_path, unwatched, NetworkPool())
    for source in ("digits", "playground:classes=2,images_per_class=8"):
        wished(tmp_path, data__source=source, data__images_per_class=None)
        idle.step()
    assert len(list(tmp_path.glob("cache/pixels/*/index.json"))) == 2


def test_a_wish_that_cannot_even_be_planned_ends_no_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    wished(tmp_path)
    monkeypatch.setattr(prefetch, "plan", Mock(side_effect=ZeroDivisionError))
    Prefetcher(tmp_path, unwatched, NetworkPool()).step()
    assert "Prefetch failed." in caplog.text


def test_a_run_that_is_moved_back_is_told_nothing_any_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = wished(tmp_path)
    monkeypatch.setattr(prefetch, "REPORT", 0.0)
    watch = prefetch._Watch(tmp_path, resolve(spec), unwatched)
    first, second = (store.create(tmp_path, spec.with_values({"train.epochs": epochs})) for epochs in (3, 4))
    store.queue.add(first)
    watch(Activity(Stage.DECODING), 1, 10)
    assert store.read_progress(first) is not None
    store.queue.cancel(first)
    watch(Activity(Stage.DECODING), 2, 10)
    assert store.read_progress(first) is None, "nobody waits"
    store.queue.add(first)
    watch(Activity(Stage.DECODING), 3, 10)
    monkeypatch.setattr(store.queue, "waiting", lambda _models: [second, first])
    watch(Activity(Stage.DECODING), 4, 10)
    assert store.read_progress(first) is None
    assert store.read_progress(second) is not None
    watch.end()
    assert store.read_progress(second) is None


class Slow:
    """Pictures that are opened one after the other, each in a fiftieth of a second; picture i is all of grey value i % 256."""

    def __init__(self, count: int) -> None:
        items = tuple(Item(str(number), number % 2, str(number), str(number)) for number in range(count))
        self.dataset = ImageDataset("made", ("a", "b"), items, f"f{count}", self.open)
        self.opened: list[str] = []
        self.alone, self.pause = threading.Lock(), 0.02

    def open(self, item: Item, _grey_range: object) -> Image.Image:
        with self.alone:
            self.opened.append(item.key)
            time.sleep(self.pause)
        return Image.new("RGB", (8, 8), (int(item.key) % 256,) * 3)


def decoded_meanwhile(slow: Slow, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves the block when some pictures are decoded, and waits for the thread."""
    spec = wished(models)
    monkeypatch.setattr(prefetch, "is_soon_done", lambda *_: True)
    monkeypatch.setattr(prefetch, "listed", lambda _: slow.dataset)
    with prefetch.prefetching_pixels(models):
        (thread,) = (one for one in threading.enumerate() if one.name == "prefetch of pixels")
        while len(slow.opened) < 10:
            assert thread.is_alive()
            time.sleep(0.005)
    thread.join(30)
    assert not thread.is_alive() and resolve(spec).image_size == 32


def test_decoding_stops_when_tensorflow_is_loaded_and_the_next_decodes_only_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, cache = Slow(400), store.cache_folder(tmp_path)
    decoded_meanwhile(slow, tmp_path, monkeypatch)
    assert len(slow.opened) < 100
    assert not is_cached(slow.dataset, 32, cache)
    slow.opened.clear()
    slow.pause = 0.0
    read = pixels(slow.dataset, 32, cache, quiet)
    assert 200 < len(slow.opened) < 395
    assert sorted(map(int, slow.opened)) == list(range(400 - len(slow.opened), 400))
    assert read.images[:, 0, 0, 0].tolist() == [number % 256 for number in range(400)]


@pytest.mark.parametrize(
    ("changes", "other", "same"),
    [
        ({}, {"train__seed": 5}, True),
        ({"backbone__weights": "random"}, {"train__seed": 5}, False),
        ({"backbone__keep": "block2"}, {"train__seed": 5}, True),
        ({"train__prefix_precision": "int8"}, {"train__seed": 5}, False),
        ({"train__prefix_precision": "int8"}, {"data__split_seed": 5}, False),
        ({}, {"data__split_seed": 5}, True),
        ({"backbone__freeze": "all-but-2"}, {"head__pooling": "max"}, True),
    ],
    ids=str,
)
def test_a_run_can_use_what_is_made_where_its_features_would_have_the_same_key(
    changes: dict[str, Any], other: dict[str, Any], same: bool
) -> None:
    one, two = (prefetch.prefetch_key(resolve(small_spec(**{**changes, **more}))) for more in ({}, other))
    assert (one == two) is same
